// Sign claims, and encrypt what was signed if asked. A job in JSON on stdin, the token on stdout.
import { readFileSync } from 'node:fs'
import { CompactEncrypt, SignJWT, importJWK } from 'jose'

const job = JSON.parse(readFileSync(0, 'utf8'))
const signingKey = await importJWK(job.signing.key, job.signing.alg)
let token = await new SignJWT(job.claims)
  .setProtectedHeader({ alg: job.signing.alg, typ: 'at+jwt' })
  .sign(signingKey)
if (job.encryption) {
  const { alg, enc, key } = job.encryption
  token = await new CompactEncrypt(new TextEncoder().encode(token))
    .setProtectedHeader({ alg, enc, cty: 'JWT' })
    .encrypt(await importJWK(key, alg))
}
process.stdout.write(token)
