// Decrypt a token if it is encrypted, and verify it: {token, signing, encryption} to its claims.
import { compactDecrypt, importJWK, jwtVerify } from 'jose'

export default async function readToken(job) {
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
  return payload
}
