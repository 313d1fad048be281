// Get tokens as a certified client does. A job in JSON on stdin, {issuer, client, resource, grant};
// the token endpoint's answer on stdout.
import { readFileSync } from 'node:fs'
import * as client from 'openid-client'

const job = JSON.parse(readFileSync(0, 'utf8'))
const request = { resource: job.resource, scope: job.scope }
const config = await client.discovery(
  new URL(job.issuer),
  job.client.id,
  job.client.secret,
  undefined,
  { execute: [client.allowInsecureRequests] },
)

// What a browser does, and what the user answers in it.
const cookies = new Map()
async function visit(url, form) {
  const response = await fetch(url, {
    method: form ? 'POST' : 'GET',
    body: form && new URLSearchParams(form),
    headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
    redirect: 'manual',
  })
  for (const cookie of response.headers.getSetCookie()) {
    const [pair] = cookie.split(';')
    const at = pair.indexOf('=')
    cookies.set(pair.slice(0, at), pair.slice(at + 1))
  }
  const location = response.headers.get('location')
  if (location) return new URL(location, url)
  const prompt = /name="prompt" value="(\w+)"/.exec(await response.text())?.[1]
  if (!prompt) throw new Error(`${response.status} at ${url}`)
  return visit(url, prompt === 'login' ? { prompt, login: 'alice', password: 'any' } : { prompt })
}

async function byAuthorizationCode() {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  let url = client.buildAuthorizationUrl(config, {
    ...request,
    redirect_uri: job.client.redirect,
    scope: `openid ${job.scope}`,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  })
  while (!url.href.startsWith(job.client.redirect)) url = await visit(url)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce }
  return client.authorizationCodeGrant(config, url, checks, { resource: job.resource })
}

const grants = {
  client_credentials: () => client.clientCredentialsGrant(config, request),
  authorization_code: byAuthorizationCode,
}
process.stdout.write(JSON.stringify(await grants[job.grant]()))
