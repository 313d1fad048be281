// Clients from npm: how each refreshes and revokes, as its documentation has it, with what
// `clients.py` gives. `refresh` returns the new access token.
import { OAuth2Client } from '@badgateway/oauth2-client'
import * as openidClient from 'openid-client'

function openid({ issuer, token_url, revocation_url, client_id }) {
  const server = { issuer, token_endpoint: token_url, revocation_endpoint: revocation_url }
  const config = new openidClient.Configuration(server, client_id, undefined, openidClient.None())
  openidClient.allowInsecureRequests(config)
  return config
}

const badgateway = ({ token_url, revocation_url, client_id }) =>
  new OAuth2Client({ clientId: client_id, tokenEndpoint: token_url, revocationEndpoint: revocation_url })

const tokenOf = ({ pair }) => ({
  accessToken: pair.access_token,
  refreshToken: pair.refresh_token,
  expiresAt: Date.now() + pair.expires_in * 1000,
})

export const clients = {
  'openid-client': {
    refresh: async (ours) =>
      (await openidClient.refreshTokenGrant(openid(ours), ours.pair.refresh_token)).access_token,
    revoke: (ours) => openidClient.tokenRevocation(openid(ours), ours.pair.refresh_token),
  },
  '@badgateway/oauth2-client': {
    refresh: async (ours) => (await badgateway(ours).refreshToken(tokenOf(ours))).accessToken,
    revoke: (ours) => badgateway(ours).revoke(tokenOf(ours), 'refresh_token'),
  },
}

export default async function use({ client, act, ours }) {
  return (await clients[client][act](ours)) ?? null
}
