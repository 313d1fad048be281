"""An issuer's key server without a network: what it publishes, how it fails, what it was asked."""

import json
from typing import Any

from flask_tokenguard.fetching import Fetched
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey

ISSUER = "https://id.example/tenant"
JWKS_URL = "https://id.example/jwks"
Jwk = dict[str, Any]


def jwk_of(private: PrivateKey, kid: str | None = "one", **members: Any) -> Jwk:
    """Write the public JWK of a key; a member that is None is left out."""
    jwk = {**(Key(private.public_key()).public_jwk() or {}), "kid": kid, **members}
    return {name: value for name, value in jwk.items() if value is not None}


def header(kid: str | None = "one", alg: str = "ES256") -> Header:
    """Write a token's header."""
    return Header(alg, kid, None, {})


class Provider:
    """A `Fetch`.

    Attributes:
        documents: What each URL gives: JSON to be, or octets.
        max_age: That of its answers.
        etag: What it names its version; None for no such thing.
        error: What it raises instead.
        asked: The URLs that it was asked for, and the versions that were known.
    """

    def __init__(self, *jwks: Jwk) -> None:
        self.documents: dict[str, Any] = {JWKS_URL: {"keys": list(jwks)}}
        self.max_age: int | None = 600
        self.etag: str | None = None
        self.error: Exception | None = None
        self.asked: list[tuple[str, str | None]] = []

    def publish(self, *jwks: Any) -> None:
        """Replace the key set."""
        self.documents[JWKS_URL] = {"keys": list(jwks)}

    def __call__(self, url: str, etag: str | None) -> Fetched:
        self.asked.append((url, etag))
        if self.error is not None:
            raise self.error
        if etag is not None and etag == self.etag:
            return Fetched(b"", 304, self.max_age, etag)
        document = self.documents[url]
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return Fetched(body, 200, self.max_age, self.etag)
