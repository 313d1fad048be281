"""Nested tokens: what is issued, and what is accepted."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from flask_tokenguard.errors import IssueError

from ...conftest import MakeApp
from ...support import Config, bearer, status_of
from .support import ALL_ALGS, ENCS, Jwk, guard_of, oct_jwk, reason, sealed


def test_an_issued_token_has_five_parts_and_is_served(app: Flask) -> None:
    token = guard_of(app).issue_token("alice", claims={"role": "editor"})
    response = app.test_client().get("/claims", headers=bearer(token))
    assert token.count(".") == 4
    assert (response.json or {})["role"] == "editor"


def test_an_issued_token_says_that_it_holds_a_token(app: Flask) -> None:
    token = guard_of(app).issue_token("alice")
    header = JWE()
    header.deserialize(token)
    assert header.jose_header == {"cty": "JWT", "alg": "A256KW", "enc": "A256CBC-HS512"}


def test_an_issued_token_holds_exactly_one_signed_token(
    app: Flask, plain_app: Flask, key: Jwk
) -> None:
    reader = JWE(algs=ALL_ALGS)
    reader.deserialize(guard_of(app).issue_token("alice"), JWK(**key))
    assert guard_of(plain_app).verify(reader.payload.decode()).claims["sub"] == "alice"


def test_an_issued_token_names_its_key(make_app: MakeApp) -> None:
    app = make_app(ENCRYPTION={"key": oct_jwk(kid="one")})
    header = JWE()
    header.deserialize(guard_of(app).issue_token("alice"))
    assert header.jose_header["kid"] == "one"


def test_what_is_inside_keeps_its_own_header(app: Flask) -> None:
    token = guard_of(app).issue_token("alice", header={"x-tenant": "blue"})
    header = guard_of(app).verify(token).header
    assert (header["alg"], header["typ"], header["x-tenant"]) == ("HS256", "at+jwt", "blue")


def test_an_encrypted_token_that_would_be_too_long_is_not_issued(
    make_app: MakeApp, encryption: Config
) -> None:
    app = make_app(ENCRYPTION=encryption, MAX_TOKEN_SIZE=512)
    with pytest.raises(IssueError, match="TOKENGUARD_MAX_TOKEN_SIZE is 512"):
        guard_of(app).issue_token("alice", claims={"x": "y" * 100})


@pytest.mark.parametrize(
    ("settings", "claims"),
    [
        pytest.param({"key": oct_jwk()}, {"x": "y" * 60_000}, id="many claims"),
        pytest.param({"key": oct_jwk(kid="k" * 900)}, {}, id="its key has a long name"),
    ],
)
def test_what_is_issued_is_read_again_however_long(
    make_app: MakeApp, settings: Config, claims: dict[str, str]
) -> None:
    guard = guard_of(make_app(ENCRYPTION=settings, MAX_TOKEN_SIZE=200_000))
    assert guard.verify(guard.issue_token("alice", claims=claims)).claims["sub"] == "alice"


@pytest.mark.parametrize("cty", [None, "JWT", "jwt", "application/jwt"])
def test_a_token_may_or_may_not_say_that_it_holds_one(
    app: Flask, inner: str, key: Jwk, cty: str | None
) -> None:
    assert status_of(app, sealed(inner, key, cty=cty)) == 200


@pytest.mark.parametrize("enc", ENCS)
@pytest.mark.parametrize(("alg", "size"), [("A128KW", 16), ("A256KW", 32), ("A256GCMKW", 32)])
def test_a_token_that_another_library_has_made_is_served(
    make_app: MakeApp, inner: str, alg: str, size: int, enc: str
) -> None:
    key = oct_jwk(size)
    app = make_app(ENCRYPTION={"key": key, "alg": alg, "enc": enc})
    assert status_of(app, sealed(inner, key, alg=alg, enc=enc)) == 200


def test_a_bare_token_is_refused_where_encryption_is_required(app: Flask, inner: str) -> None:
    assert reason(app, inner) == "The token is not encrypted"


def test_encryption_is_required_unless_said_otherwise(
    make_app: MakeApp, encryption: Config, inner: str
) -> None:
    assert status_of(make_app(ENCRYPTION={**encryption, "required": True}), inner) == 401
    assert status_of(make_app(ENCRYPTION=encryption), inner) == 401


def test_both_kinds_are_served_where_encryption_is_not_required(
    lenient_app: Flask, inner: str, key: Jwk
) -> None:
    assert [status_of(lenient_app, token) for token in (inner, sealed(inner, key))] == [200, 200]


def test_encryption_that_is_not_required_is_still_written(lenient_app: Flask) -> None:
    assert guard_of(lenient_app).issue_token("alice").count(".") == 4


def test_an_encrypted_token_is_refused_where_nothing_decrypts(
    plain_app: Flask, inner: str, key: Jwk
) -> None:
    assert reason(plain_app, sealed(inner, key)) == "The token is not a compact JWS"


@pytest.mark.parametrize("location", ["query", "form", "json"])
def test_an_encrypted_token_is_found_where_any_token_is(
    make_app: MakeApp, encryption: Config, inner: str, key: Jwk, location: str
) -> None:
    app = make_app(ENCRYPTION=encryption, TOKEN_LOCATIONS=[location])
    app.add_url_rule("/note", view_func=app.view_functions["claims"], methods=["GET", "POST"])
    body = {"access_token": sealed(inner, key)}
    client = app.test_client()
    ask: dict[str, Callable[[], Any]] = {
        "query": lambda: client.get("/note", query_string=body),
        "form": lambda: client.post("/note", data=body),
        "json": lambda: client.post("/note", json=body),
    }
    assert ask[location]().status_code == 200
