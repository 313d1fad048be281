"""Tokens exactly as PyJWT's tutorial makes them, read by us; and ours, read by PyJWT.

Its claims are `sender`, `message`, `date` and `exp`; its header is what PyJWT writes by itself.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from flask import Flask, g
from werkzeug.test import TestResponse

from flask_tokenguard import TokenGuard, token_required

from ..conftest import MakeApp
from ..jose.tokens import encoded
from ..support import Config, SettableClock, bearer, challenge_of

PASSWORD = "correct horse"
ALGORITHMS = ["HS256", "HS512", "RS256", "ES256", "EdDSA"]
LENIENT: Config = {"TYPES": "JWT", "REQUIRED_CLAIMS": []}

pytestmark = pytest.mark.parametrize("alg", ALGORITHMS)


@pytest.fixture
def their_key(alg: str, secret: str, encrypted_pems: dict[str, str]) -> Any:
    """The key as the tutorial hands it to PyJWT; a private one comes from a PEM with a password."""
    if alg not in encrypted_pems:
        return secret
    return load_pem_private_key(encrypted_pems[alg].encode(), PASSWORD.encode())


@pytest.fixture
def their_public_key(alg: str, secret: str, public_pems: dict[str, str]) -> str:
    """What PyJWT verifies with."""
    return public_pems.get(alg, secret)


@pytest.fixture(scope="module")
def strange_keys() -> dict[str, Any]:
    """Keys that the app does not know."""
    return {
        "HS256": secrets.token_urlsafe(64),
        "HS512": secrets.token_urlsafe(64),
        "RS256": rsa.generate_private_key(65537, 2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }


@pytest.fixture
def settings(alg: str, secret: str, encrypted_pems: dict[str, str]) -> Config:
    """The same key in our settings, and what the tutorial's tokens lack."""
    key = {"KEY": encrypted_pems.get(alg, secret), "ALGORITHM": alg}
    password = {"KEY_PASSWORD": PASSWORD} if alg in encrypted_pems else {}
    return key | password | LENIENT


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    """A guard with a clock that a test moves."""
    return TokenGuard(clock=clock)


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard, settings: Config) -> Flask:
    """An app that has their key."""
    return make_app(guard, **settings)


@pytest.fixture
def payload(clock: SettableClock) -> dict[str, Any]:
    """The tutorial's claims; they are good for ten minutes."""
    now = datetime.fromtimestamp(int(clock.now), UTC)
    return {"sender": "ada", "message": "Hello, Bob", "date": str(now), "exp": int(clock.now) + 600}


@pytest.fixture
def token(payload: dict[str, Any], their_key: Any, alg: str) -> str:
    """The tutorial's token."""
    return jwt.encode(payload, their_key, algorithm=alg)


def ask(app: Flask, token: str) -> TestResponse:
    """Ask the guarded route."""
    return app.test_client().get("/claims", headers=bearer(token))


def description(app: Flask, token: str) -> str:
    """Be refused, and read why, in the challenge as in the body."""
    answer = ask(app, token)
    reason: str = answer.get_json()["error_description"]
    assert answer.status_code == 401
    assert f'error="invalid_token", error_description="{reason}"' in challenge_of(answer)
    return reason


def test_their_token_is_read_as_often_as_it_comes(
    app: Flask, token: str, payload: dict[str, Any]
) -> None:
    assert [ask(app, token).get_json() for _ in range(3)] == [payload] * 3


def test_their_token_is_read_with_the_public_key_alone(
    make_app: MakeApp, token: str, payload: dict[str, Any], their_public_key: str, alg: str
) -> None:
    app = make_app(KEY=their_public_key, ALGORITHM=alg, **LENIENT)
    assert ask(app, token).get_json() == payload


@pytest.mark.parametrize("sent", [{"data": "form"}, {"json": "json"}, {"query_string": "query"}])
def test_their_token_is_read_wherever_it_comes(
    make_app: MakeApp,
    settings: Config,
    token: str,
    payload: dict[str, Any],
    sent: dict[str, str],
) -> None:
    ((argument, location),) = sent.items()
    app = make_app(TOKEN_LOCATIONS=[location], **settings)
    app.add_url_rule("/say", view_func=token_required(lambda: dict(g.claims)), methods=["POST"])
    arguments: dict[str, Any] = {argument: {"access_token": token}}
    assert app.test_client().post("/say", **arguments).get_json() == payload


def test_their_token_has_no_subject(guard: TokenGuard, app: Flask, token: str) -> None:
    assert ask(app, token).status_code == 200
    assert guard.verify(token).claims.subject is None


def test_their_token_is_refused_unless_the_settings_admit_it(
    make_app: MakeApp, settings: Config, token: str
) -> None:
    strict = {name: value for name, value in settings.items() if name not in LENIENT}
    assert description(make_app(**strict), token) == "The header has the wrong type (typ)"
    assert description(make_app(**strict, TYPES="JWT"), token) == "The token has no sub"


def test_their_token_without_a_type_is_read(
    make_app: MakeApp, settings: Config, payload: dict[str, Any], their_key: Any, alg: str
) -> None:
    token = jwt.encode(payload, their_key, algorithm=alg, headers={"typ": None})
    assert jwt.get_unverified_header(token) == {"alg": alg}
    app = make_app(**settings | {"TYPES": ["JWT", None]})
    assert ask(app, token).get_json() == payload


def test_their_token_has_expired_in_the_second_of_its_exp(
    app: Flask, token: str, payload: dict[str, Any], clock: SettableClock
) -> None:
    clock.now = payload["exp"] - 0.001
    assert ask(app, token).status_code == 200
    clock.now = payload["exp"]
    assert description(app, token) == "The token has expired (exp)"


def test_their_token_that_was_changed_is_refused(
    app: Flask, token: str, payload: dict[str, Any]
) -> None:
    header, _, signature = token.split(".")
    changed = f"{header}.{encoded(payload | {'sender': 'eve'})}.{signature}"
    assert description(app, changed) == "The token's signature is not valid"


def test_their_token_of_another_key_is_refused(
    app: Flask, payload: dict[str, Any], strange_keys: dict[str, Any], alg: str
) -> None:
    token = jwt.encode(payload, strange_keys[alg], algorithm=alg)
    assert description(app, token) == "The token's signature is not valid"


def test_their_token_of_another_algorithm_is_refused(
    app: Flask, payload: dict[str, Any], secret: str
) -> None:
    token = jwt.encode(payload, secret, algorithm="HS384")
    assert description(app, token) == "No key is known for the token's kid and alg"


def test_their_token_without_a_signature_is_refused(app: Flask, payload: dict[str, Any]) -> None:
    token = jwt.encode(payload, "", algorithm="none")
    assert description(app, token) == "No key is known for the token's kid and alg"


@pytest.mark.parametrize("exp", [None, "4000000000", True])
def test_their_token_without_an_end_stays_refused(
    app: Flask, payload: dict[str, Any], their_key: Any, alg: str, exp: object
) -> None:
    endless = {name: value for name, value in payload.items() if name != "exp"}
    token = jwt.encode(endless | ({} if exp is None else {"exp": exp}), their_key, algorithm=alg)
    problem = "no exp" if exp is None else "no valid exp"
    assert description(app, token) == f"The token has {problem}"


@pytest.mark.parametrize("types", ["JWT", "at+jwt"])
def test_our_token_is_read_by_them(
    make_app: MakeApp, settings: Config, their_public_key: str, alg: str, types: str
) -> None:
    guard = TokenGuard()
    make_app(guard, **settings | {"TYPES": types})
    token = guard.issue_token("ada", claims={"message": "Hello, Bob"})
    read = jwt.decode_complete(token, their_public_key, algorithms=[alg])
    assert read["header"]["typ"] == types
    assert read["payload"].keys() == {"sub", "iat", "exp", "jti", "message"}
    assert read["payload"]["message"] == "Hello, Bob"


def test_our_token_that_has_expired_is_refused_by_them(
    guard: TokenGuard, app: Flask, clock: SettableClock, their_public_key: str, alg: str
) -> None:
    assert app.name
    clock.now -= 3600
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(guard.issue_token("ada"), their_public_key, algorithms=[alg])
