// A certified OpenID provider on a free port of loopback, its keys turned while it serves.
// Argument: a job in JSON, {alg, audience, resource, client}. The first line out is {issuer};
// then one command a line on stdin, each answered by a line. The end of stdin is its end.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

// The library's notices go to stdout, where the answers are.
console.info = console.error

const job = JSON.parse(process.argv[2])
const cookieKey = crypto.randomUUID()
const server = createServer()
let keys = []
let signing
let fetches = 0

async function newKey() {
  const { privateKey } = await generateKeyPair(job.alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: 'sig' }
}

const getResourceServerInfo = (_context, resource) => ({
  audience: resource === job.resource ? job.audience : resource,
  scope: 'notes:read notes:write',
  accessTokenTTL: 600,
  accessTokenFormat: 'jwt', // RFC 9068
  jwt: { sign: { alg: job.alg, kid: signing } },
})

// A provider has its keys from the start, so that other keys need another provider; what it has
// issued lives in the memory of this process, which they share.
function serve() {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: job.client.id,
        client_secret: job.client.secret,
        grant_types: ['client_credentials', 'authorization_code'],
        redirect_uris: [job.client.redirect],
        id_token_signed_response_alg: job.alg,
      },
    ],
    clientDefaults: { id_token_signed_response_alg: job.alg },
    enabledJWA: { idTokenSigningAlgValues: [job.alg] },
    cookies: { keys: [cookieKey] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo },
    },
    jwks: { keys },
    pkce: { required: () => true },
  })
  const answer = provider.callback()
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    if (request.url.startsWith('/jwks')) fetches += 1
    answer(request, response)
  })
}

const commands = {
  async publish() {
    keys = [...keys, await newKey()]
    serve()
  },
  sign() {
    signing = keys.at(-1).kid
  },
  async rotate() {
    await commands.publish()
    commands.sign()
  },
  retire() {
    keys = keys.slice(1)
    serve()
  },
  state() {},
}

await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const issuer = `http://127.0.0.1:${server.address().port}`
await commands.rotate()
console.log(JSON.stringify({ issuer }))
for await (const command of createInterface({ input: process.stdin })) {
  await commands[command]()
  console.log(JSON.stringify({ fetches, kids: keys.map((key) => key.kid), signing }))
}
process.exit()
