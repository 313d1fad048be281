// Verify a token with a reader's remote key set: {reader, address, options, token} to `ok` or the
// error's code. A reader keeps its set from job to job, which remembers its keys.
import { createRemoteJWKSet, jwtVerify } from 'jose'

const sets = new Map()

export default async function followKeys({ reader, address, options, token }) {
  if (!sets.has(reader)) sets.set(reader, createRemoteJWKSet(new URL(address), options))
  try {
    await jwtVerify(token, sets.get(reader), { typ: 'at+jwt' })
    return 'ok'
  } catch (error) {
    return error.code ?? error.message
  }
}
