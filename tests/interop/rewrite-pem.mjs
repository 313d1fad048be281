// Read a private key and write it again, plain and encrypted: {pem, password} to {plain, encrypted}.
import { createPrivateKey } from 'node:crypto'

export default function rewritePem({ pem, password }) {
  const key = createPrivateKey(pem)
  const form = { type: 'pkcs8', format: 'pem' }
  return {
    plain: key.export(form),
    encrypted: key.export({ ...form, cipher: 'aes-256-cbc', passphrase: password }),
  }
}
