"""Tokens of any content, and apps of any framework to send them to."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from flask import Flask

from flask_tokenguard import TokenGuard
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey

from ..jose.tokens import signed
from ..support import SettableClock, bearer

AnyApp = TypeVar("AnyApp", bound=Flask)
Headers = dict[str, str]
Sign = Callable[..., str]
HeadersWith = Callable[..., Headers]
GuardApp = Callable[..., Any]
Issue = Callable[..., dict[str, str]]

ID = "https://id.example/"
OTHER = "https://other.example"


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


@pytest.fixture
def keys(private_keys: dict[str, PrivateKey]) -> dict[str, Key]:
    """The signing key of each issuer."""
    return {ID: Key(private_keys["ES256"]), OTHER: Key(private_keys["EdDSA"])}


@pytest.fixture
def entries(public_pems: dict[str, str]) -> dict[str, Any]:
    """What the app believes."""
    return {
        ID: {"audience": "notes-api", "keys": public_pems["ES256"]},
        OTHER: {
            "audience": ["notes", "files"],
            "keys": public_pems["EdDSA"],
            "profile": "oidc-access",
        },
    }


@pytest.fixture
def issue(keys: dict[str, Key]) -> Issue:
    """Issue a good token of the first issuer but for these claims, and put it into headers."""

    def issue(
        issuer: str = ID, *, key: Key | None = None, typ: str | None = "at+jwt", **claims: Any
    ) -> dict[str, str]:
        now = int(time.time())
        key = key or keys[issuer]
        header = {"alg": key.alg, "kid": key.kid, "typ": typ}
        members = {
            "iss": issuer,
            "aud": "notes-api" if issuer == ID else "notes",
            "sub": "alice",
            "client_id": "app",
            "jti": "1",
            "iat": now,
            "exp": now + 60,
        }
        payload = {name: value for name, value in (members | claims).items() if value is not None}
        header = {name: value for name, value in header.items() if value is not None}
        return bearer(signed(key, payload, header))

    return issue
