"""The cache of verified tokens: what the tests share."""

from typing import Any, NamedTuple

import pytest
from flask import Flask

from flask_tokenguard import (
    InvalidToken,
    TokenGuard,
)
from flask_tokenguard.jose.jwk import Key, KeySet
from flask_tokenguard.verify.cache import VerifiedCache
from flask_tokenguard.verify.trusted import TrustedIssuer
from flask_tokenguard.verify.verifier import TokenVerifier

from ...jose.tokens import signed
from ...support import SettableClock

SECRET = b"correct-horse-battery-staple-and-so-on"
OTHER = "another-horse-battery-staple-and-so-on"
NOW = 1_700_000_000
OWN: dict[str, Any] = {"sub": "me", "jti": "1", "iat": NOW, "exp": NOW + 900}
HEADER = {"alg": "HS256", "typ": "at+jwt"}


class CountingKey(Key):
    """A secret that counts how often it verifies."""

    __slots__ = ("_verified",)
    _verified: list[bytes]

    def __init__(self, secret: bytes = SECRET, **options: Any) -> None:
        super().__init__(secret, **options)
        self._set(_verified=[])

    def verify(self, message: bytes, signature: bytes) -> bool:
        self._verified.append(message)
        return super().verify(message, signature)

    @property
    def verified(self) -> int:
        """How often it was asked."""
        return len(self._verified)


class Remembering(NamedTuple):
    """A verifier that remembers, and all that it knows."""

    verifier: TokenVerifier
    cache: VerifiedCache
    key: CountingKey
    monotonic: SettableClock

    def token(self, number: int = 0, **claims: Any) -> str:
        """Sign a token of its key."""
        return signed(self.key, {"jti": str(number), **claims})


def remembering(
    size: int = 4, lifetime: float = 300, key: CountingKey | None = None
) -> Remembering:
    """Make a verifier that has no rule."""
    key, monotonic = CountingKey(), SettableClock(0)
    cache = VerifiedCache(size, lifetime, monotonic=monotonic)
    verifier = TokenVerifier(TrustedIssuer(KeySet([key]), {}), cache=cache)
    return Remembering(verifier, cache, key, monotonic)


def start(guard: TokenGuard, **settings: Any) -> Flask:
    """Start an app with the tests' secret unless other settings say otherwise."""
    app = Flask(__name__)
    config = {"KEY": SECRET.decode()} | settings
    app.config.update({f"TOKENGUARD_{name}": value for name, value in config.items() if value})
    guard.init_app(app)
    return app


def remembered(guard: TokenGuard, token: str) -> str:
    """Have a token remembered, in each of the forms that it is written in."""
    first, *others = [guard.verify(token).claims for _ in range(4)]
    assert others == [first] * 3
    return token


def refusal(guard: TokenGuard, token: str) -> str:
    with pytest.raises(InvalidToken) as caught:
        guard.verify(token)
    return caught.value.description
