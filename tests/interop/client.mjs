// Get tokens as a certified client does: {issuer, client, resource, scope, grant} to the token
// endpoint's answer.
import * as client from 'openid-client'

// What a browser does, and what the user answers in it.
async function visit(url, cookies, form) {
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
  const answers = prompt === 'login' ? { prompt, login: 'alice', password: 'any' } : { prompt }
  return visit(url, cookies, answers)
}

async function byAuthorizationCode(config, request, job) {
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
  const cookies = new Map()
  while (!url.href.startsWith(job.client.redirect)) url = await visit(url, cookies)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce }
  return client.authorizationCodeGrant(config, url, checks, { resource: job.resource })
}

const grants = {
  client_credentials: (config, request) => client.clientCredentialsGrant(config, request),
  authorization_code: byAuthorizationCode,
}

export default async function getTokens(job) {
  const { id, secret } = job.client
  const config = await client.discovery(new URL(job.issuer), id, secret, undefined, {
    execute: [client.allowInsecureRequests],
  })
  return grants[job.grant](config, { resource: job.resource, scope: job.scope }, job)
}
