"""TOKENGUARD_REFRESH_ROTATION = "off": one refresh token a session, spent by no use."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    TokenGuard,
    end_all_sessions,
    end_session,
    issue_token_pair,
    refresh_token_pair,
    revoke_token,
    sessions_of,
)
from flask_tokenguard.config.settings import Settings
from flask_tokenguard.jose.compact import parse, parse_payload
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..support import SettableClock, bearer

DAY = 86_400
Pair = dict[str, Any]


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    return TokenGuard(store=MemoryStore(clock=clock), clock=clock)


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard) -> Flask:
    return make_app(guard, REFRESH_ROTATION="off")


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    app.register_blueprint(app.extensions["guard"].token_endpoints())
    with app.app_context():
        yield app.test_client()


@pytest.fixture
def pair(app: Flask) -> Pair:
    """A session of alice's."""
    with app.app_context():
        return dict(issue_token_pair("alice", scope="read write", origin="phone"))


def refresh(client: FlaskClient, pair: Pair, **parameters: str) -> TestResponse:
    body = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], **parameters}
    return client.post("/token", data=body)


def payload_of(token: str) -> dict[str, Any]:
    return parse_payload(parse(token))


def sid_of(pair: Pair) -> Any:
    return payload_of(pair["access_token"])["sid"]


def test_a_refresh_token_may_come_again_and_again(client: FlaskClient, pair: Pair) -> None:
    answers = [refresh(client, pair) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert {sid_of(answer.get_json()) for answer in answers} == {sid_of(pair)}


def test_a_refresh_gives_an_access_token_alone(client: FlaskClient, pair: Pair) -> None:
    body = refresh(client, pair).get_json()
    assert sorted(body) == ["access_token", "expires_in", "scope", "token_type"]
    answer = client.get("/claims", headers=bearer(body["access_token"]))
    assert answer.get_json()["scope"] == "read write"


def test_a_narrower_scope_is_for_one_access_token(client: FlaskClient, pair: Pair) -> None:
    scopes = [refresh(client, pair, scope="read"), refresh(client, pair)]
    assert [answer.get_json()["scope"] for answer in scopes] == ["read", "read write"]


def test_no_use_extends_the_lifetime(client: FlaskClient, pair: Pair, clock: SettableClock) -> None:
    ends = [sessions_of("alice")[0].expires_at]
    clock.now += 29 * DAY
    assert refresh(client, pair).status_code == 200
    ends.append(sessions_of("alice")[0].expires_at)
    clock.now += DAY
    assert refresh(client, pair).get_json()["error"] == "invalid_grant"
    assert ends[0] == ends[1]


def test_a_session_is_listed_with_its_last_use(
    client: FlaskClient, pair: Pair, clock: SettableClock
) -> None:
    clock.now += DAY
    refresh(client, pair)
    (session,) = sessions_of("alice")
    assert (session.sid, session.origin) == (sid_of(pair), "phone")
    assert session.last_used.timestamp() == pytest.approx(clock.now, abs=0.01)


@pytest.mark.parametrize(
    "end",
    [
        lambda pair: end_session(sid_of(pair)),
        lambda _: end_all_sessions("alice"),
        lambda pair: revoke_token(pair["refresh_token"]),
    ],
    ids=["end_session", "end_all_sessions", "revoke_token"],
)
def test_a_refresh_token_ends_with_its_session(client: FlaskClient, pair: Pair, end: Any) -> None:
    later = refresh(client, pair).get_json()
    end(pair)
    assert refresh(client, pair).get_json()["error"] == "invalid_grant"
    for each in (pair, later):
        assert client.get("/claims", headers=bearer(each["access_token"])).status_code == 401


def test_a_token_that_was_rotated_before_is_still_spent(
    make_app: MakeApp, clock: SettableClock, secret: str
) -> None:
    store = MemoryStore(clock=clock)
    rotating, other = (
        make_app(TokenGuard(store=store, clock=clock), KEY=secret, REFRESH_ROTATION=rotation)
        for rotation in ("on", "off")
    )
    with rotating.app_context():
        first = issue_token_pair("alice")
        second = refresh_token_pair(token=first["refresh_token"])
    with other.app_context():
        within_the_grace = refresh_token_pair(token=first["refresh_token"])
        third = refresh_token_pair(token=second["refresh_token"])
    assert payload_of(within_the_grace["refresh_token"]) == payload_of(second["refresh_token"])
    assert "refresh_token" not in third


def test_rotation_may_be_switched_on_again(
    make_app: MakeApp, clock: SettableClock, secret: str
) -> None:
    store = MemoryStore(clock=clock)
    lasting, rotating = (
        make_app(TokenGuard(store=store, clock=clock), KEY=secret, REFRESH_ROTATION=rotation)
        for rotation in ("off", "on")
    )
    with lasting.app_context():
        token = issue_token_pair("alice")["refresh_token"]
        refresh_token_pair(token=token)
    with rotating.app_context():
        assert "refresh_token" in refresh_token_pair(token=token)


def test_rotation_is_on_by_default() -> None:
    assert Settings().refresh_rotation == "on"
