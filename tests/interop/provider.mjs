// Certified OpenID providers on free ports of loopback, whose keys turn while they serve.
// {command: 'start', alg, audience, resource, client} starts one and gives its {issuer}; any other
// command names the issuer it is for, and gives {fetches, kids, signing}.
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

class Served {
  #job
  #server = createServer()
  #cookieKey = crypto.randomUUID()
  #keys = []
  #signing
  #fetches = 0

  constructor(job) {
    this.#job = job
  }

  async start() {
    await new Promise((listening) => this.#server.listen(0, '127.0.0.1', listening))
    this.issuer = `http://127.0.0.1:${this.#server.address().port}`
    await this.rotate()
  }

  async publish() {
    const { privateKey } = await generateKeyPair(this.#job.alg, { extractable: true })
    const key = { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: 'sig' }
    this.#keys = [...this.#keys, key]
    this.#serve()
  }

  sign() {
    this.#signing = this.#keys.at(-1).kid
  }

  async rotate() {
    await this.publish()
    this.sign()
  }

  retire() {
    this.#keys = this.#keys.slice(1)
    this.#serve()
  }

  async stop() {
    const closed = new Promise((closed) => this.#server.close(closed))
    this.#server.closeAllConnections()
    await closed
  }

  state() {
    const kids = this.#keys.map((key) => key.kid)
    return { fetches: this.#fetches, kids, signing: this.#signing }
  }

  // A provider has its keys from the start, so that other keys need another provider; what it has
  // issued lives in the memory of this process, which all share.
  #serve() {
    const { alg, audience, client, resource } = this.#job
    const getResourceServerInfo = (_context, asked) => ({
      audience: asked === resource ? audience : asked,
      scope: 'notes:read notes:write',
      accessTokenTTL: 600,
      accessTokenFormat: 'jwt', // RFC 9068
      jwt: { sign: { alg, kid: this.#signing } },
    })
    const provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: client.id,
          client_secret: client.secret,
          grant_types: ['client_credentials', 'authorization_code'],
          redirect_uris: [client.redirect],
          id_token_signed_response_alg: alg,
        },
      ],
      clientDefaults: { id_token_signed_response_alg: alg },
      enabledJWA: { idTokenSigningAlgValues: [alg] },
      cookies: { keys: [this.#cookieKey] },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: true },
        resourceIndicators: { enabled: true, getResourceServerInfo },
      },
      jwks: { keys: this.#keys },
      pkce: { required: () => true },
    })
    const answer = provider.callback()
    this.#server.removeAllListeners('request')
    this.#server.on('request', (request, response) => {
      if (request.url.startsWith('/jwks')) this.#fetches += 1
      answer(request, response)
    })
  }
}

const served = new Map()

export default async function runProvider({ command, issuer, ...job }) {
  if (command === 'start') {
    const started = new Served(job)
    await started.start()
    served.set(started.issuer, started)
    return { issuer: started.issuer }
  }
  await served.get(issuer)[command]()
  return served.get(issuer).state()
}
