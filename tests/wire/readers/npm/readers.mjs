// Readers from npm: how each verifies a token of ours, as its documentation has it. Each is
// {fromSet, fromPem} of what `published.py` gives; both return the claims, or throw.
import { once } from 'node:events'
import { createServer } from 'node:http'

import fastifyJwt from '@fastify/jwt'
import Hapi from '@hapi/hapi'
import hapiJwt from '@hapi/jwt'
import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import Fastify from 'fastify'
import buildGetJwks from 'get-jwks'
import { createRemoteJWKSet, importSPKI, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import jwksRsa from 'jwks-rsa'
import Koa from 'koa'
import koaJwt from 'koa-jwt'
import * as oauth4webapi from 'oauth4webapi'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'

// Have a server's middleware verify the token of a real request.
async function ask(listener, ours) {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const headers = { authorization: `Bearer ${ours.token}` }
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers })
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
    return await answer.json()
  } finally {
    server.close()
  }
}

const rules = ({ alg, audience, issuer }) => ({ algorithms: [alg], audience, issuer })
const keyOf = async ({ jwks_url }, kid) =>
  (await jwksRsa({ jwksUri: jwks_url }).getSigningKey(kid)).getPublicKey()
const kidOf = (token) => jsonwebtoken.decode(token, { complete: true }).header.kid

const verifyWith = (key, ours) => jsonwebtoken.verify(ours.token, key, rules(ours))

async function verifyFast(key, ours) {
  const { alg, audience, issuer } = ours
  return createVerifier({ key, algorithms: [alg], allowedAud: audience, allowedIss: issuer })(
    ours.token,
  )
}

function askExpress(ours, options) {
  const app = express()
  app.use(auth({ audience: ours.audience, ...options }))
  app.get('/', (request, response) => response.json(request.auth.payload))
  // With the reason, where the default page has none.
  app.use((error, _request, response, _next) => response.status(error.status ?? 500).send(error.message))
  return ask(app, ours)
}

const pemOf = ({ issuer, pem, alg }) => ({ issuer, publicKey: pem, tokenSigningAlg: alg })

function askPassport(ours, options) {
  const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken()
  const strategy = new Strategy({ jwtFromRequest, ...rules(ours), ...options }, (claims, done) =>
    done(null, claims),
  )
  const app = express()
  app.use(passport.authenticate(strategy, { session: false }))
  app.get('/', (request, response) => response.json(request.user))
  return ask(app, ours)
}

async function askFastify(ours, secret) {
  const { alg, audience, issuer } = ours
  const app = Fastify()
  const verify = { algorithms: [alg], allowedAud: audience, allowedIss: issuer }
  await app.register(fastifyJwt, { secret, verify, decode: { complete: true } })
  app.get('/', (request) => request.jwtVerify())
  await app.ready()
  return ask(app.routing, ours)
}

function askKoa(ours, secret) {
  const app = new Koa()
  app.silent = true
  app.use(koaJwt({ secret, ...rules(ours) }))
  app.use((context) => (context.body = context.state.user))
  return ask(app.callback(), ours)
}

async function askHapi(ours, keys) {
  const server = Hapi.server({ port: 0, host: '127.0.0.1', debug: false })
  await server.register(hapiJwt)
  server.auth.strategy('ours', 'jwt', {
    keys,
    verify: { aud: ours.audience, iss: ours.issuer, sub: false },
    validate: () => ({ isValid: true }),
  })
  server.auth.default('ours')
  server.route({ method: 'GET', path: '/', handler: ({ auth }) => auth.artifacts.decoded.payload })
  await server.start()
  try {
    const headers = { authorization: `Bearer ${ours.token}` }
    const answer = await fetch(server.info.uri, { headers })
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
    return await answer.json()
  } finally {
    await server.stop()
  }
}

export const readers = {
  jsonwebtoken: {
    fromSet: async (ours) => verifyWith(await keyOf(ours, kidOf(ours.token)), ours),
    fromPem: async (ours) => verifyWith(ours.pem, ours),
  },
  jose: {
    fromSet: async (ours) => {
      const keys = createRemoteJWKSet(new URL(ours.jwks_url))
      return (await jwtVerify(ours.token, keys, { ...rules(ours), typ: 'at+jwt' })).payload
    },
    fromPem: async (ours) =>
      (await jwtVerify(ours.token, await importSPKI(ours.pem, ours.alg), rules(ours))).payload,
  },
  'fast-jwt': {
    fromSet: (ours) =>
      verifyFast(
        ({ header: { alg, kid } }) => buildGetJwks().getPublicKey({ domain: ours.issuer, alg, kid }),
        ours,
      ),
    fromPem: (ours) => verifyFast(ours.pem, ours),
  },
  'express-oauth2-jwt-bearer': {
    fromSet: (ours) => askExpress(ours, { issuer: ours.issuer, jwksUri: ours.jwks_url }),
    fromPem: (ours) => askExpress(ours, pemOf(ours)),
  },
  'express-oauth2-jwt-bearer, `strict`': {
    fromSet: (ours) => askExpress(ours, { issuerBaseURL: ours.issuer, strict: true }),
    fromPem: (ours) => askExpress(ours, { ...pemOf(ours), strict: true }),
  },
  'passport-jwt': {
    fromSet: (ours) =>
      askPassport(ours, {
        secretOrKeyProvider: jwksRsa.passportJwtSecret({ jwksUri: ours.jwks_url }),
      }),
    fromPem: (ours) => askPassport(ours, { secretOrKey: ours.pem }),
  },
  '@fastify/jwt': {
    fromSet: (ours) =>
      askFastify(ours, {
        public: (_request, { header: { alg, kid } }) =>
          buildGetJwks().getPublicKey({ domain: ours.issuer, alg, kid }),
      }),
    fromPem: (ours) => askFastify(ours, { public: ours.pem }),
  },
  'koa-jwt': {
    fromSet: (ours) => askKoa(ours, jwksRsa.koaJwtSecret({ jwksUri: ours.jwks_url })),
    fromPem: (ours) => askKoa(ours, ours.pem),
  },
  '@hapi/jwt': {
    fromSet: (ours) => askHapi(ours, { uri: ours.jwks_url, algorithms: [ours.alg] }),
    fromPem: (ours) => askHapi(ours, { key: ours.pem, algorithms: [ours.alg] }),
  },
  oauth4webapi: {
    fromSet: (ours) => {
      const server = { issuer: ours.issuer, jwks_uri: ours.jwks_url }
      const headers = { authorization: `Bearer ${ours.token}` }
      return oauth4webapi.validateJwtAccessToken(
        server,
        new Request('http://127.0.0.1/', { headers }),
        ours.audience,
        { [oauth4webapi.allowInsecureRequests]: true, signingAlgorithms: [ours.alg] },
      )
    },
  },
}

// Why a token is refused is of use where the outcome surprises.
export default async function read({ reader, source, ours }) {
  try {
    return await readers[reader][source](ours)
  } catch (error) {
    return { refused: `${error.name}: ${error.message}` }
  }
}
