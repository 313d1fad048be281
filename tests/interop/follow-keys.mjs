// Verify one token a line with a remote key set, and answer each with `ok` or the error's code.
// Arguments: the address of the key set, and its options in JSON.
import { createInterface } from 'node:readline'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const [address, options] = process.argv.slice(2)
const keys = createRemoteJWKSet(new URL(address), JSON.parse(options))
for await (const token of createInterface({ input: process.stdin })) {
  try {
    await jwtVerify(token, keys, { typ: 'at+jwt' })
    console.log('ok')
  } catch (error) {
    console.log(error.code ?? error.message)
  }
}
