// Sign claims, and encrypt what was signed if asked: {claims, signing, encryption} to a token.
import { CompactEncrypt, SignJWT, importJWK } from 'jose'

export default async function writeToken(job) {
  const signingKey = await importJWK(job.signing.key, job.signing.alg)
  const token = await new SignJWT(job.claims)
    .setProtectedHeader({ alg: job.signing.alg, typ: 'at+jwt' })
    .sign(signingKey)
  if (!job.encryption) return token
  const { alg, enc, key } = job.encryption
  return new CompactEncrypt(new TextEncoder().encode(token))
    .setProtectedHeader({ alg, enc, cty: 'JWT' })
    .encrypt(await importJWK(key, alg))
}
