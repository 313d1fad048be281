"""Another issuer: its key set on loopback, which may be away, and a token of it."""

import json
import time

from flask_tokenguard.jose.jwk import Key

from ..fetching.servers import KeyServer, Send, head
from ..jose.tokens import KNOWN_KEYS, signed

ISSUER = "https://id.example/"
_DAY = 86_400


class Provider(KeyServer):
    """Serves a key set that is fresh for two seconds.

    Attributes:
        is_away: Whether it ends each connection without an answer.
    """

    def __init__(self) -> None:
        super().__init__(self._send_keys)
        self.is_away = False
        self._key = Key(KNOWN_KEYS["ES256"])

    def entry(self) -> str:
        """Write its entry of `TOKENGUARD_ISSUERS`."""
        return json.dumps({ISSUER: {"audience": "api", "jwks_url": self.url()}})

    def token(self) -> str:
        """Issue a token for a day."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "api", "sub": "eve", "client_id": "app", "jti": "1"}
        header = {"alg": self._key.alg, "kid": self._key.kid, "typ": "at+jwt"}
        return signed(self._key, claims | {"iat": now, "exp": now + _DAY}, header)

    def _send_keys(self, send: Send) -> None:
        if not self.is_away:
            body = json.dumps({"keys": [self._key.public_jwk()]}).encode()
            send(head("Cache-Control: max-age=2", size=len(body)) + body)
