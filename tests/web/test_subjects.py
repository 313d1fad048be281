"""A subject is an issuer and a name: another issuer's alice is not our alice."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    Claims,
    TokenGuard,
    issue_token_pair,
    token_required,
)
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..support import SettableClock, bearer
from .conftest import ID, Issue
from .support import SHORT, refusal_of

Headers = dict[str, str]


@pytest.fixture(params=[None, "https://us.example"], ids=["no iss", "an iss"])
def ours(request: pytest.FixtureRequest) -> str | None:
    """The issuer that we are, with a name and without."""
    issuer: str | None = request.param
    return issuer


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    """A guard whose store is older than any token."""
    clock.now -= 10
    guard = TokenGuard(store=MemoryStore(clock=clock))
    clock.now += 20
    return guard


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard, entries: dict[str, Any], ours: str | None) -> Flask:
    """An app with a route for each kind of issuer."""
    app = make_app(guard, ISSUERS=entries, ISSUER=ours)

    for name, issuers in {"own": "own", "both": ["own", ID], "theirs": ID}.items():
        app.add_url_rule(f"/{name}", name, token_required(issuers=issuers)(lambda: "served"))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def alice(app: Flask) -> Headers:
    """The headers of our alice, who has a session."""
    with app.app_context():
        return bearer(issue_token_pair("alice")["access_token"])


@pytest.fixture
def other_alice(issue: Issue) -> Headers:
    """The headers of another issuer's alice."""
    return issue(ID)


# Whose token it is.


@pytest.mark.parametrize(
    ("path", "statuses"), [("own", [200, 403]), ("both", [200, 200]), ("theirs", [403, 200])]
)
def test_own_stands_for_us_among_issuers(
    client: FlaskClient, alice: Headers, other_alice: Headers, path: str, statuses: list[int]
) -> None:
    answers = [client.get(f"/{path}", headers=headers) for headers in (alice, other_alice)]
    assert [answer.status_code for answer in answers] == statuses


def test_an_issuer_that_calls_itself_own_is_not_us(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue, private_keys: dict[str, PrivateKey]
) -> None:
    app = make_app(ISSUERS={"own": entries[ID]})
    app.add_url_rule("/own", "own", token_required(issuers="own")(lambda: "served"))
    headers = issue(ID, iss="own", key=Key(private_keys["ES256"]))
    assert app.test_client().get("/claims", headers=headers).status_code == 200
    assert refusal_of(app.test_client().get("/own", headers=headers)) == SHORT


def test_a_token_knows_whether_it_is_ours_however_often_it_comes(
    app: Flask, guard: TokenGuard, alice: Headers, other_alice: Headers
) -> None:
    with app.app_context():
        for headers, is_own in ((alice, True), (other_alice, False)):
            token = headers["Authorization"].removeprefix("Bearer ")
            assert [guard.verify(token).is_own for _ in range(3)] == [is_own] * 3


@pytest.fixture
def asked(guard: TokenGuard) -> list[tuple[str | None, str | None]]:
    """Whose user a loader was asked for."""
    seen: list[tuple[str | None, str | None]] = []

    @guard.user_loader
    def load_user(claims: Claims) -> Claims:
        seen.append((claims.issuer, claims.subject))
        return claims

    return seen


def test_a_user_loader_can_tell_whose_alice_it_is(
    app: Flask, alice: Headers, other_alice: Headers, ours: str | None, asked: list[Any]
) -> None:
    app.add_url_rule("/me", "me", token_required(user=True)(lambda: "served"))
    for headers in (alice, other_alice):
        app.test_client().get("/me", headers=headers)
    assert asked == [(ours, "alice"), (ID, "alice")]


def test_a_user_loader_is_asked_for_ours_at_a_refresh(
    app: Flask, guard: TokenGuard, ours: str | None, asked: list[Any]
) -> None:
    app.register_blueprint(guard.token_endpoints())
    with app.app_context():
        token = issue_token_pair("alice")["refresh_token"]
    body = {"grant_type": "refresh_token", "refresh_token": token}
    assert app.test_client().post("/token", data=body).status_code == 200
    assert asked == [(ours, "alice")]
