"""The way that tutorials take with PyJWT, with this package.

A payload is signed and read back; the token lives for a day; it is refused once it has expired,
when it was changed, and when another key signed it, each time with the reason.
"""

import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask

from flask_tokenguard import TokenGuard
from flask_tokenguard.jose import base64url
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import Material

from ..conftest import MakeApp
from ..jose.tokens import encoded, signed
from ..support import SettableClock, bearer, challenge_of

DAY = 86_400
PAYLOAD = {"user_id": 123, "role": "admin", "tags": ["a", "b"]}
ALGORITHMS = ["HS256", "HS512", "RS256"]

pytestmark = pytest.mark.parametrize("alg", ALGORITHMS)


@pytest.fixture
def key(alg: str, secret: str, private_pems: dict[str, str]) -> str:
    """A secret or a private key, as the algorithm wants it."""
    return private_pems.get(alg, secret)


@pytest.fixture(scope="module")
def other_rsa_key() -> Material:
    """An RSA key that the app does not know."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def other_key(alg: str, other_rsa_key: Material) -> Material:
    """A secret or a private key that the app does not know."""
    return {"RS256": other_rsa_key}.get(alg, secrets.token_bytes(64))


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    """A guard with a clock that a test moves."""
    return TokenGuard(clock=clock)


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard, alg: str, key: str) -> Flask:
    """An app whose tokens live for a day."""
    return make_app(guard, KEY=key, ALGORITHM=alg, ACCESS_TOKEN_LIFETIME=DAY)


@pytest.fixture
def token(app: Flask, guard: TokenGuard) -> str:
    """The token that holds the payload."""
    with app.app_context():
        return guard.issue_token("123", claims=PAYLOAD)


def answer(app: Flask, token: str) -> tuple[int, dict[str, Any]]:
    """Ask the guarded route."""
    response = app.test_client().get("/claims", headers=bearer(token))
    return response.status_code, response.get_json()


def description(app: Flask, token: str) -> str:
    """Be refused, and read why, in the challenge as in the body."""
    response = app.test_client().get("/claims", headers=bearer(token))
    reason: str = response.get_json()["error_description"]
    assert response.status_code == 401
    assert f'error="invalid_token", error_description="{reason}"' in challenge_of(response)
    return reason


def test_the_token_is_signed_with_the_algorithm(guard: TokenGuard, token: str, alg: str) -> None:
    assert guard.verify(token).header["alg"] == alg


def test_the_payload_is_read_back(app: Flask, token: str) -> None:
    status, claims = answer(app, token)
    assert status == 200
    assert {name: claims[name] for name in PAYLOAD} == PAYLOAD


def test_the_token_lives_for_a_day(app: Flask, token: str, clock: SettableClock) -> None:
    _, claims = answer(app, token)
    clock.now = claims["exp"] - 0.001
    assert claims["exp"] - claims["iat"] == DAY
    assert answer(app, token)[0] == 200


def test_the_token_has_expired_after_a_day(app: Flask, token: str, clock: SettableClock) -> None:
    clock.now += DAY
    assert description(app, token) == "The token has expired (exp)"


def test_a_changed_payload_is_refused(app: Flask, token: str) -> None:
    header, payload, signature = token.split(".")
    changed = base64url.decode(payload.encode()).replace(b'"admin"', b'"owner"')
    forged = f"{header}.{encoded(changed)}.{signature}"
    assert description(app, forged) == "The token's signature is not valid"


def test_a_changed_signature_is_refused(app: Flask, token: str) -> None:
    signing_input, _, signature = token.rpartition(".")
    octets = base64url.decode(signature.encode())
    forged = f"{signing_input}.{encoded(octets[:-1] + bytes([octets[-1] ^ 1]))}"
    assert description(app, forged) == "The token's signature is not valid"


def test_a_token_cut_short_is_refused(app: Flask, token: str) -> None:
    assert description(app, token.rpartition(".")[0]) == "The token is not a compact JWS"


def test_a_token_signed_with_another_key_is_refused(
    app: Flask, guard: TokenGuard, token: str, alg: str, other_key: Material
) -> None:
    parsed = guard.verify(token)
    forged = signed(Key(other_key, alg=alg), parsed.claims, parsed.header)
    assert description(app, forged) == "The token's signature is not valid"


def test_a_token_that_names_another_key_is_refused(
    app: Flask, guard: TokenGuard, token: str, alg: str, other_key: Material
) -> None:
    parsed = guard.verify(token)
    forged = signed(Key(other_key, alg=alg), parsed.claims, {**parsed.header, "kid": "theirs"})
    assert description(app, forged) == "No key is known for the token's kid and alg"
