"""Nested tokens: the usual checks apply inside, to exactly one signed token."""

import secrets
import time
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import TokenGuard

from ...conftest import MakeApp
from ...jose.tokens import encoded
from ...support import Config, SettableClock, status_of
from .support import Jwk, answer, reason, sealed, signed

USUAL_FAULTS = [
    pytest.param({}, {"exp": 1}, id="expired"),
    pytest.param({}, {"exp": None}, id="no exp"),
    pytest.param({}, {"exp": "9999999999"}, id="exp is text"),
    pytest.param({}, {"nbf": 9_999_999_999}, id="not begun"),
    pytest.param({}, {"iat": None}, id="no iat"),
    pytest.param({}, {"iat": 9_999_999_999}, id="issued in the future"),
    pytest.param({}, {"sub": None}, id="no sub"),
    pytest.param({}, {"jti": None}, id="no jti"),
    pytest.param({}, {"aud": "https://other.example"}, id="another aud"),
    pytest.param({}, {"iss": "https://other.example"}, id="another iss"),
    pytest.param({}, {"cnf": {"jkt": "x"}}, id="bound to a key"),
    pytest.param({"typ": "JWT"}, {}, id="another typ"),
    pytest.param({"typ": "rt+jwt"}, {}, id="a refresh token"),
    pytest.param({"alg": "HS512"}, {}, id="another alg"),
    pytest.param({"alg": "none"}, {}, id="alg none"),
    pytest.param({"kid": "unknown"}, {}, id="an unknown kid"),
    pytest.param({"crit": ["exp"]}, {}, id="crit"),
]


@pytest.mark.parametrize(("header", "claims"), USUAL_FAULTS)
def test_a_token_is_refused_inside_as_it_is_outside(
    app: Flask,
    plain_app: Flask,
    secret: str,
    key: Jwk,
    header: dict[str, Any],
    claims: dict[str, Any],
) -> None:
    inner = signed(secret, {"alg": "HS256", "typ": "at+jwt", **header}, **claims)
    assert answer(app, sealed(inner, key)) == answer(plain_app, inner)
    assert status_of(app, sealed(inner, key)) == 401


def test_a_forged_signature_inside_is_refused(app: Flask, key: Jwk) -> None:
    forged = signed(secrets.token_urlsafe(64))
    assert reason(app, sealed(forged, key)) == "The token's signature is not valid"


def test_the_key_that_encrypts_does_not_sign(app: Flask, key: Jwk) -> None:
    assert reason(app, sealed(signed(key["k"]), key)) == "The token's signature is not valid"


def test_an_encrypted_token_expires(make_app: MakeApp, encryption: Config) -> None:
    clock = SettableClock(time.time())
    guard = TokenGuard(clock=clock)
    app = make_app(guard, ENCRYPTION=encryption)
    token = guard.issue_token("alice", lifetime=60)
    before = status_of(app, token)
    clock.now += 60
    assert (before, status_of(app, token)) == (200, 401)


def test_an_app_s_own_rule_sees_what_is_inside(make_app: MakeApp, encryption: Config) -> None:
    seen = []
    guard = TokenGuard(validators=[lambda token: seen.append(token.claims["sub"])])
    app = make_app(guard, ENCRYPTION=encryption)
    assert (status_of(app, guard.issue_token("alice")), seen) == (200, ["alice"])


def test_a_token_is_not_nested_twice(app: Flask, inner: str, key: Jwk) -> None:
    assert reason(app, sealed(sealed(inner, key), key)) == "The token is not a compact JWS"


@pytest.mark.parametrize(
    "plaintext",
    [
        pytest.param('{"sub":"alice"}', id="claims alone"),
        pytest.param(f"{encoded({'alg': 'none'})}.{encoded({'sub': 'alice'})}.", id="unsigned"),
        pytest.param(encoded({"sub": "alice"}), id="one part"),
        pytest.param("a.b", id="two parts"),
        pytest.param("a.b.c.d", id="four parts"),
        pytest.param("", id="nothing"),
        pytest.param(" ", id="a blank"),
    ],
)
def test_what_is_inside_must_be_signed(app: Flask, key: Jwk, plaintext: str) -> None:
    assert status_of(app, sealed(plaintext, key)) == 401


@pytest.mark.parametrize("space", [" ", "\n", "\t", "\0"])
def test_what_is_inside_has_nothing_around_it(app: Flask, inner: str, key: Jwk, space: str) -> None:
    assert [status_of(app, sealed(text, key)) for text in (inner + space, space + inner)] == [
        401,
        401,
    ]


def test_two_signed_tokens_inside_are_refused(app: Flask, inner: str, key: Jwk) -> None:
    assert status_of(app, sealed(f"{inner} {inner}", key)) == 401
