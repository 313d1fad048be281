"""Which claims our own tokens must have, beside `exp`, and what follows where one is missing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    Claims,
    ConfigurationError,
    InvalidToken,
    IssueError,
    TokenGuard,
    current_user,
    issue_token_pair,
    refresh_token_pair,
    token_required,
)
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..jose.tokens import signed
from ..support import bearer

OWN = {"sub": "me", "jti": "1", "iat": 0, "exp": 4_000_000_000}
BARE = {"exp": 4_000_000_000}
KEPT = (
    "TOKENGUARD_REQUIRED_CLAIMS lacks {}, by which a store finds what was revoked; name iat, sub"
    " and jti, or have no store"
)

Sign = Callable[[dict[str, Any]], str]


@pytest.fixture
def guard() -> TokenGuard:
    return TokenGuard()


@pytest.fixture
def sign(secret: str) -> Sign:
    """Sign any claims as our own."""
    key = Key(secret.encode())
    return lambda claims: signed(key, claims, {"alg": "HS256", "typ": "at+jwt"})


@pytest.fixture
def lenient(make_app: MakeApp, guard: TokenGuard) -> Flask:
    """An app that demands no claim but `exp`, and looks for its user by `name`."""
    app = make_app(guard, REQUIRED_CLAIMS=[])

    @guard.user_loader
    def load_user(claims: Claims) -> Any:
        return claims.subject or claims.get("name")

    @app.get("/user")
    @token_required(user=True)
    def user() -> str:
        return str(current_user)

    return app


def without(name: str) -> dict[str, Any]:
    """Leave one of our own claims out."""
    return {other: value for other, value in OWN.items() if other != name}


def refused(guard: TokenGuard, token: str) -> str:
    """Have a token refused, and return why."""
    with pytest.raises(InvalidToken) as caught:
        guard.verify(token)
    return caught.value.description


@pytest.mark.parametrize("required", [[], ["exp"]])
def test_an_app_may_demand_no_more_than_exp(
    make_app: MakeApp, guard: TokenGuard, sign: Sign, required: list[str]
) -> None:
    make_app(guard, REQUIRED_CLAIMS=required)
    claims = guard.verify(sign(BARE)).claims
    assert (claims.subject, claims.id, claims.issued_at) == (None, None, None)
    assert refused(guard, sign(without("exp"))) == "The token has no exp"


@pytest.mark.parametrize("name", ["iat", "sub", "jti"])
def test_an_app_demands_each_claim_that_it_names(
    make_app: MakeApp, guard: TokenGuard, sign: Sign, name: str
) -> None:
    make_app(guard, REQUIRED_CLAIMS=[name])
    kept = {name: OWN[name], "exp": OWN["exp"]}
    assert guard.verify(sign(kept)).claims == kept
    assert name in refused(guard, sign(without(name)))


@pytest.mark.parametrize("claims", [{}, {"role": None}])
def test_an_app_may_demand_claims_of_its_own(
    make_app: MakeApp, guard: TokenGuard, sign: Sign, claims: dict[str, Any]
) -> None:
    make_app(guard, REQUIRED_CLAIMS=["role"])
    assert guard.verify(guard.issue_token("me", claims={"role": ""})).claims["role"] == ""
    assert refused(guard, sign(OWN | claims)) == "The token has no role"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"sub": 7}, "The token has no valid sub"),
        ({"jti": None}, "The token has no valid jti"),
        ({"iat": "0"}, "The token has no valid iat"),
        ({"iat": None}, "The token has no valid iat"),
        ({"iat": 4_000_000_000}, "The token is not valid yet (iat)"),
    ],
)
def test_a_claim_that_is_not_demanded_is_checked_all_the_same(
    make_app: MakeApp, guard: TokenGuard, sign: Sign, claims: dict[str, Any], reason: str
) -> None:
    make_app(guard, REQUIRED_CLAIMS=[])
    assert refused(guard, sign(BARE | claims)) == reason


def test_our_own_tokens_name_a_subject_whatever_is_demanded(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    make_app(guard, REQUIRED_CLAIMS=[])
    assert guard.verify(guard.issue_token("me")).claims.keys() == OWN.keys()
    with pytest.raises(IssueError):
        guard.issue_token("")


@pytest.mark.parametrize(
    ("required", "lacking"),
    [([], "iat and sub and jti"), (["jti", "role"], "iat and sub"), (["iat", "sub"], "jti")],
)
def test_with_a_store_no_claim_of_ours_may_be_missing(
    make_app: MakeApp, required: list[str], lacking: str
) -> None:
    with pytest.raises(ConfigurationError) as configured:
        make_app(STORAGE_URI="memory://", REQUIRED_CLAIMS=required)
    with pytest.raises(ConfigurationError) as given:
        make_app(TokenGuard(store=MemoryStore()), REQUIRED_CLAIMS=required)
    assert configured.value.faults == given.value.faults == (KEPT.format(lacking),)


def test_with_a_store_more_claims_may_be_demanded(make_app: MakeApp, guard: TokenGuard) -> None:
    app = make_app(guard, STORAGE_URI="memory://", REQUIRED_CLAIMS=["jti", "role", "sub", "iat"])
    with app.app_context():
        pair = issue_token_pair("me", claims={"role": "guest"})
    with app.test_request_context(json={"refresh_token": pair["refresh_token"]}, method="POST"):
        refreshed = refresh_token_pair()
    assert guard.verify(refreshed["access_token"]).claims["role"] == "guest"


def test_a_view_sees_a_token_without_a_subject(lenient: Flask, sign: Sign) -> None:
    client = lenient.test_client()
    answers = [client.get("/claims", headers=bearer(sign(BARE))) for _ in range(3)]
    assert [answer.get_json() for answer in answers] == [BARE] * 3


@pytest.mark.parametrize(
    ("claims", "status"), [({}, 401), ({"name": "ada"}, 200), ({"sub": "ada"}, 200)]
)
def test_a_user_may_be_found_by_another_claim(
    lenient: Flask, sign: Sign, claims: dict[str, str], status: int
) -> None:
    answer = lenient.test_client().get("/user", headers=bearer(sign(BARE | claims)))
    assert answer.status_code == status
    assert (answer.text == "ada") is (status == 200)


@pytest.mark.parametrize(("claims", "accepted"), [({}, True), ({"sub": 7}, False)])
def test_a_token_without_a_subject_can_be_inspected(
    lenient: Flask, sign: Sign, claims: dict[str, int], accepted: bool
) -> None:
    token = sign(BARE | claims)
    result = lenient.test_cli_runner().invoke(tokenguard, ["inspect", "--json", token])
    report = json.loads(result.stdout)
    assert report["accepted"] is accepted
    assert report["checks"]["sub"] == (
        "ok" if accepted else "refused: The token has no valid sub; sub is 7"
    )


def test_a_claim_of_the_app_s_is_a_check_of_its_own(
    make_app: MakeApp, guard: TokenGuard, sign: Sign
) -> None:
    app = make_app(guard, REQUIRED_CLAIMS=["iat", "sub", "jti", "role"])
    result = app.test_cli_runner().invoke(tokenguard, ["inspect", "--json", sign(OWN)])
    assert json.loads(result.stdout)["checks"]["claims"] == "refused: The token has no role"
