"""Sessions in an app: refreshing."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
    issue_token_pair,
    refresh_token_pair,
    token_required,
)
from flask_tokenguard.jose.compact import parse, parse_payload
from flask_tokenguard.stores.memory import MemoryStore

from ...conftest import MakeApp
from ...support import SettableClock
from .support import BreakableStore, LogIn, Refresh, claims_in, claims_of, error_of, is_refused


def test_a_refresh_gives_new_tokens_of_the_same_session(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    first = log_in(claims={"role": "admin"})
    before = claims_of(client, first)
    clock.now += 100
    answer = refresh(first)
    second = answer.get_json()
    after = claims_of(client, second)
    assert second["refresh_token"] != first["refresh_token"]
    assert {name for name in before if before[name] != after[name]} == {"jti", "iat", "exp"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_refresh_token_may_come_as_json(client: FlaskClient, log_in: LogIn) -> None:
    answer = client.post("/refresh", json={"refresh_token": log_in()["refresh_token"]})
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["data", "json"])
def test_one_body_may_bring_both_tokens(make_app: MakeApp, kind: str) -> None:
    app = make_app(STORAGE_URI="memory://", TOKEN_LOCATIONS=["form", "json"])
    view = token_required(lambda: dict(refresh_token_pair()))
    app.add_url_rule("/", "refresh", view, methods=["POST"])
    with app.app_context():
        pair = issue_token_pair("alice")
    body: Any = {kind: {name: pair[name] for name in ("access_token", "refresh_token")}}
    assert "refresh_token" in app.test_client().post("/", **body).get_json()


def test_the_scope_may_shrink_and_come_back(
    client: FlaskClient, log_in: LogIn, refresh: Refresh
) -> None:
    narrow = refresh(log_in(), scope="read").get_json()
    assert narrow["scope"] == claims_of(client, narrow)["scope"] == "read"
    # RFC 6749 section 6: the new refresh token has the scope of the old one.
    assert refresh(narrow).get_json()["scope"] == "read write"


@pytest.mark.parametrize("scope", ["admin", "read admin", 'bad"scope', "é"])
def test_the_scope_never_grows(log_in: LogIn, refresh: Refresh, scope: str) -> None:
    pair = log_in()
    assert error_of(refresh(pair, scope=scope)) == (400, "invalid_scope")
    assert refresh(pair).status_code == 200


@pytest.mark.parametrize("kind", ["data", "json"])
def test_an_empty_scope_counts_as_omitted(client: FlaskClient, log_in: LogIn, kind: str) -> None:
    # RFC 6749 section 3.2.
    body = {"refresh_token": log_in()["refresh_token"], "scope": ""}
    assert client.post("/refresh", **{kind: body}).get_json()["scope"] == "read write"


def test_default_claims_are_asked_at_each_refresh(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, guard: TokenGuard
) -> None:
    roles = ["guest"]
    guard.default_claims(lambda _: {"role": roles[-1]})
    first = log_in()
    roles.append("admin")
    assert claims_of(client, first)["role"] == "guest"
    assert claims_of(client, refresh(first).get_json())["role"] == "admin"


def test_an_app_may_say_other_claims_at_a_refresh(app: Flask, log_in: LogIn) -> None:
    app.add_url_rule(
        "/again", "again", lambda: refresh_token_pair(claims={"role": "guest"}), methods=["POST"]
    )
    client = app.test_client()
    first = log_in(claims={"role": "admin"})
    second = client.post("/again", json={"refresh_token": first["refresh_token"]}).get_json()
    assert claims_of(client, second)["role"] == "guest"


def test_audience_and_header_are_those_of_the_login(
    make_app: MakeApp, store: BreakableStore
) -> None:
    app = make_app(TokenGuard(store=store), AUDIENCE=["us", "them"])
    with app.app_context():
        pair = issue_token_pair("alice", audience="them", header={"v": 2})
    with app.test_request_context(method="POST", data={"refresh_token": pair["refresh_token"]}):
        again = refresh_token_pair()["access_token"]
        token = app.extensions["tokenguard"].verifier.verify(again)
        assert (token.claims["aud"], token.header["v"]) == ("them", 2)


@pytest.mark.parametrize("client_id", ["phone", None], ids=["another", "none"])
def test_the_client_of_a_login_is_that_of_its_session(
    make_app: MakeApp, client_id: str | None
) -> None:
    app = make_app(STORAGE_URI="memory://", CLIENT_ID="web")
    with app.app_context():
        pair = issue_token_pair("alice", client_id=client_id)
    with app.test_request_context(method="POST", data={"refresh_token": pair["refresh_token"]}):
        again = refresh_token_pair()
    tokens = [one[kind] for one in (pair, again) for kind in ("access_token", "refresh_token")]
    assert [parse_payload(parse(token)).get("client_id") for token in tokens] == [client_id] * 4


def test_a_session_keeps_the_client_that_was_configured(
    make_app: MakeApp,
) -> None:
    store = MemoryStore()
    before, after = (make_app(TokenGuard(store=store), CLIENT_ID=name) for name in ("old", "new"))
    with before.app_context():
        pair = issue_token_pair("alice")
    body = {"refresh_token": pair["refresh_token"], "client_id": "old"}
    with after.test_request_context(method="POST", data=body):
        assert claims_in(refresh_token_pair())["client_id"] == "old"


@pytest.mark.parametrize(
    ("of_token", "named", "status"),
    [
        ("phone", "phone", 200),
        ("phone", "", 200),
        ("phone", "web", 400),
        (None, "web", 200),
    ],
)
def test_a_refresh_names_no_other_client(
    log_in: LogIn, refresh: Refresh, of_token: str | None, named: str, status: int
) -> None:
    answer = refresh(log_in(client_id=of_token), client_id=named)
    assert answer.status_code == status
    assert status == 200 or error_of(answer) == (400, "invalid_grant")


def test_a_refresh_that_names_another_client_spends_nothing(
    log_in: LogIn, refresh: Refresh
) -> None:
    pair = log_in(client_id="phone")
    refresh(pair, client_id="web")
    assert refresh(pair, client_id="phone").status_code == 200


def test_a_lifetime_is_of_one_token_only(app: Flask, refresh: Refresh) -> None:
    with app.app_context():
        pair = issue_token_pair("alice", lifetime=5)
    assert pair["expires_in"] == 5
    assert refresh(dict(pair)).get_json()["expires_in"] == 900


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"refresh_token": ""},
        {"refresh_token": ["a", "b"]},
    ],
    ids=["none", "empty", "two"],
)
def test_a_request_without_one_refresh_token_is_invalid(
    client: FlaskClient, body: dict[str, Any]
) -> None:
    assert error_of(client.post("/refresh", data=body)) == (400, "invalid_request")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", 7, None, [], {}], ids=repr)
def test_what_is_no_refresh_token_is_refused(client: FlaskClient, token: object) -> None:
    answer = client.post("/refresh", json={"refresh_token": token})
    assert error_of(answer) in {(400, "invalid_grant"), (400, "invalid_request")}


def test_a_refresh_token_expires_when_it_is_not_used(
    log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    pair = log_in()
    clock.now += timedelta(days=30).total_seconds()
    assert error_of(refresh(pair)) == (400, "invalid_grant")


def test_a_session_ends_however_often_it_is_used(
    make_app: MakeApp, store: BreakableStore, clock: SettableClock
) -> None:
    guard = TokenGuard(store=store, clock=clock)
    app = make_app(guard, REFRESH_TOKEN_LIFETIME=100, SESSION_LIFETIME=150)
    app.add_url_rule("/refresh", "refresh", refresh_token_pair, methods=["POST"])
    client = app.test_client()
    with app.app_context():
        pair = dict(issue_token_pair("alice"))
    for pause in (90, 59):
        clock.now += pause
        pair = client.post("/refresh", json=pair | {"scope": ""}).get_json()
    assert pair["expires_in"] == 1
    clock.now += 1
    assert client.post("/refresh", json={"refresh_token": pair["refresh_token"]}).status_code == 400


def test_a_user_who_is_gone_gets_nothing_more(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, guard: TokenGuard
) -> None:
    users = {"alice"}
    guard.user_loader(lambda claims: claims.subject if claims.subject in users else None)
    pair = refresh(log_in()).get_json()
    users.clear()
    assert error_of(refresh(pair)) == (400, "invalid_grant")
    assert is_refused(client, pair)
