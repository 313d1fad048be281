"""A whole app on each kind of store that a URI names."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
    end_all_sessions,
    end_session,
    issue_token_pair,
    refresh_token_pair,
)
from flask_tokenguard.cli.commands import tokenguard

from ..conftest import MakeApp
from ..support import SettableClock, bearer


@pytest.fixture
def app(store_uri: str, prefix: str, make_app: MakeApp) -> Flask:
    """An app that logs in, refreshes and logs out."""
    app = make_app(STORAGE_URI=store_uri, STORAGE_PREFIX=prefix)
    app.add_url_rule("/login", "login", lambda: issue_token_pair("alice"), methods=["POST"])
    app.add_url_rule("/refresh", "refresh", refresh_token_pair, methods=["POST"])
    app.add_url_rule("/logout", "logout", lambda: str(end_session()), methods=["POST"])
    return app


def status_of(client: FlaskClient, pair: Mapping[str, Any]) -> int:
    return client.get("/claims", headers=bearer(pair["access_token"])).status_code


def test_a_session_is_begun_refreshed_and_ended(app: Flask) -> None:
    client = app.test_client()
    first = client.post("/login").get_json()
    second = client.post("/refresh", json={"refresh_token": first["refresh_token"]}).get_json()
    assert [status_of(client, pair) for pair in (first, second)] == [200, 200]
    assert client.post("/logout", headers=bearer(second["access_token"])).text == "True"
    assert [status_of(client, pair) for pair in (first, second)] == [401, 401]


def test_everything_is_ended_and_begun_anew_in_one_second(app: Flask) -> None:
    client = app.test_client()
    old = client.post("/login").get_json()
    with app.app_context():
        end_all_sessions("alice")
    new = client.post("/login").get_json()
    assert [status_of(client, pair) for pair in (old, new)] == [401, 200]


def test_a_login_by_a_clock_ahead_is_ended_a_new_one_accepted(
    store_uri: str, prefix: str, make_app: MakeApp, clock: SettableClock
) -> None:
    app = make_app(TokenGuard(clock=clock), STORAGE_URI=store_uri, STORAGE_PREFIX=prefix)
    client = app.test_client()
    clock.now += 7200
    with app.app_context():
        old = issue_token_pair("alice")
    clock.now -= 7200
    with app.app_context():
        end_all_sessions("alice")
        new = issue_token_pair("alice")
    assert status_of(client, new) == 200
    clock.now += 7201
    assert status_of(client, old) == 401


@pytest.mark.parametrize(
    "command",
    [
        ["logout", "alice"],
        ["logout", "--sid", "{sid}"],
        ["revoke", "-"],
        ["revoke", "--jti", "{jti}"],
    ],
    ids=" ".join,
)
def test_an_operator_ends_what_a_server_has_begun(
    app: Flask, make_app: MakeApp, store_uri: str, prefix: str, command: list[str]
) -> None:
    pair = app.test_client().post("/login").get_json()
    claims = app.extensions["guard"].verify(pair["access_token"]).claims
    # Memory is that of one process.
    is_shared = store_uri != "memory://"
    shell = make_app(STORAGE_URI=store_uri, STORAGE_PREFIX=prefix) if is_shared else app
    arguments = [word.format_map(claims) for word in command]
    result = shell.test_cli_runner().invoke(tokenguard, arguments, input=pair["access_token"])
    assert (result.exit_code, status_of(app.test_client(), pair)) == (0, 401)
