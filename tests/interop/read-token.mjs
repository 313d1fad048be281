// Decrypt a token if it is encrypted, and verify it. A job in JSON on stdin, the claims on stdout.
import { readFileSync } from 'node:fs'
import { compactDecrypt, importJWK, jwtVerify } from 'jose'

const job = JSON.parse(readFileSync(0, 'utf8'))
let token = job.token
if (job.encryption) {
  const { alg, enc, key } = job.encryption
  const { plaintext } = await compactDecrypt(token, await importJWK(key, alg), {
    keyManagementAlgorithms: [alg],
    contentEncryptionAlgorithms: [enc],
  })
  token = new TextDecoder().decode(plaintext)
}
const verifyingKey = await importJWK(job.signing.key, job.signing.alg)
const { payload } = await jwtVerify(token, verifyingKey, {
  algorithms: [job.signing.alg],
  typ: 'at+jwt',
})
process.stdout.write(JSON.stringify(payload))
