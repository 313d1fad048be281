"""Tokens of any content, and apps of any framework to send them to."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from flask import Flask

from flask_tokenguard import TokenGuard

from ..support import SettableClock, bearer

AnyApp = TypeVar("AnyApp", bound=Flask)
Headers = dict[str, str]
Sign = Callable[..., str]
HeadersWith = Callable[..., Headers]
GuardApp = Callable[..., Any]


def _segment(member: object) -> bytes:
    octets = member if isinstance(member, bytes) else json.dumps(member).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


@pytest.fixture
def sign(secret: str) -> Sign:
    """Sign any header and payload, JSON or raw octets, with the right key and HS256."""

    def sign(payload: object, header: object = None) -> str:
        header = {"alg": "HS256", "typ": "at+jwt"} if header is None else header
        signing_input = _segment(header) + b"." + _segment(payload)
        signature = hmac.digest(secret.encode(), signing_input, hashlib.sha256)
        return (signing_input + b"." + _segment(signature)).decode()

    return sign


@pytest.fixture
def good_claims(clock: SettableClock) -> dict[str, Any]:
    """Everything that a token must say; the subject is alice."""
    now = int(clock.now)
    return {"sub": "alice", "jti": "1", "iat": now, "exp": now + 600}


@pytest.fixture
def headers_with(sign: Sign, good_claims: dict[str, Any]) -> HeadersWith:
    """Make the headers that carry a good token with these claims too."""

    def make(**claims: Any) -> Headers:
        return bearer(sign(good_claims | claims))

    return make


@pytest.fixture
def token(sign: Sign, good_claims: dict[str, Any]) -> str:
    """A good token of alice's, without any scope."""
    return sign(good_claims)


@pytest.fixture
def headers(token: str) -> Headers:
    """The headers that carry it."""
    return bearer(token)


@pytest.fixture
def stale_headers(headers_with: HeadersWith) -> Headers:
    """The headers that carry a token that has expired."""
    return headers_with(exp=1)


@pytest.fixture
def guard_app(secret: str) -> GuardApp:
    """Guard an app of any class with the tests' secret; settings come without their prefix."""

    def guard(app: AnyApp, guard: TokenGuard | None = None, **settings: Any) -> AnyApp:
        app.config["TOKENGUARD_KEY"] = secret
        app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
        (guard or TokenGuard()).init_app(app)
        return app

    return guard
