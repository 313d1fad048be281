// better-auth with its JWT plugin in memory, on a port of loopback: node better-auth.mjs PORT
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'

const port = Number(process.argv[2])
const tables = { user: [], session: [], account: [], verification: [], jwks: [] }
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`,
  secret: crypto.randomUUID() + crypto.randomUUID(),
  database: memoryAdapter(tables),
  emailAndPassword: { enabled: true },
  plugins: [jwt({ sessionCookieCache: true })],
  // Its session cookie is a JWT of the same key.
  session: { cookieCache: { enabled: true, strategy: 'jwt' } },
  telemetry: { enabled: false },
})
createServer(toNodeHandler(auth)).listen(port, '127.0.0.1')
