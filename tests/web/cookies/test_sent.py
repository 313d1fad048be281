"""Tokens in cookies: what a browser is sent, an access token without a session."""

from typing import Any

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient

from flask_tokenguard import (
    ConfigurationError,
    TokenGuard,
    TokenResponse,
    issue_token,
    issue_token_pair,
    set_token_cookies,
    unset_token_cookies,
)

from ...conftest import MakeApp
from ...support import SettableClock
from ..browser import (
    ACCESS,
    CSRF,
    HOST,
    NAMES,
    REFRESH,
    SAME,
    SETTINGS,
    get,
    post,
    value_of,
)
from ..conftest import GuardApp
from .support import attributes_of, with_views


def test_cookies_are_safe_by_default(app: Flask) -> None:
    response = post(app.test_client(), "/login")
    common = {"Secure", "Path=/", "SameSite=Lax"}
    assert attributes_of(response) == {
        ACCESS: common | {"HttpOnly"},
        REFRESH: common | {"HttpOnly"},
        CSRF: common,
    }


def test_persistent_cookies_live_as_long_as_the_session_unused(app: Flask) -> None:
    attributes = attributes_of(post(app.test_client(), "/login/1"))
    assert [f"Max-Age={30 * 86400}" in attributes[name] for name in NAMES] == [True] * 3


def test_the_attributes_are_those_of_the_settings(make_app: MakeApp) -> None:
    settings = {"PATH": "/app", "DOMAIN": HOST, "SAMESITE": "None", "PARTITIONED": True}
    names = {"ACCESS_NAME": "a", "REFRESH_NAME": "__Secure-r", "CSRF_NAME": "c"}
    cookies = {f"COOKIE_{name}": value for name, value in (settings | names).items()}
    response = post(with_views(make_app(**SETTINGS, **cookies)).test_client(), "/login")
    common = {"Secure", "Path=/app", f"Domain={HOST}", "SameSite=None", "Partitioned"}
    assert attributes_of(response) == {
        "a": common | {"HttpOnly"},
        "__Secure-r": common | {"HttpOnly"},
        "c": common,
    }


def test_the_switch_drops_secure_and_the_prefixes(guard_app: GuardApp) -> None:
    app = Flask(__name__)
    app.debug = True
    with_views(guard_app(app, **SETTINGS, COOKIE_INSECURE=True))
    client = app.test_client()
    response = client.post("/login", headers=SAME)
    names = {name.removeprefix("__Host-") for name in NAMES}
    assert attributes_of(response).keys() == names
    assert all("Secure" not in attributes for attributes in attributes_of(response).values())
    assert client.get("/where").get_json()["where"] == "cookie"


def test_the_switch_stops_where_debug_mode_does(guard_app: GuardApp) -> None:
    app = Flask(__name__)
    app.debug = True
    with_views(guard_app(app, **SETTINGS, COOKIE_INSECURE=True))
    app.debug = False
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ConfigurationError, match="TOKENGUARD_COOKIE_INSECURE"):
        app.test_client().post("/login", headers=SAME)


def test_the_readable_cookie_holds_the_claim_of_both_tokens(
    app: Flask, client: FlaskClient
) -> None:
    guard = app.extensions["guard"]
    access = guard.verify(value_of(client, ACCESS)).claims
    parts = app.extensions["tokenguard"]
    refresh = parts.sessions.verify(value_of(client, REFRESH)).claims
    assert value_of(client, CSRF) == access["csrf"] == refresh["csrf"]
    assert len(access["csrf"]) == 22


def test_no_token_has_the_claim_without_cookies(make_app: MakeApp) -> None:
    app = make_app(STORAGE_URI="memory://")
    with app.app_context():
        tokens = [issue_token("alice"), issue_token_pair("alice")["access_token"]]
    claims = [app.extensions["guard"].verify(token).claims for token in tokens]
    assert ["csrf" in of for of in claims] == [False, False]


def test_an_access_token_alone_has_the_claim(app: Flask) -> None:
    with app.app_context():
        token = issue_token("alice")
    assert app.extensions["guard"].verify(token).claims["csrf"]


def test_an_answer_sets_each_cookie_once(app: Flask) -> None:
    @app.post("/twice")
    def twice() -> Any:
        response = unset_token_cookies(jsonify())
        response.set_cookie("theme", "dark")
        pair = issue_token_pair("alice")
        return set_token_cookies(set_token_cookies(response, pair), pair)

    cookies = post(app.test_client(), "/twice").headers.getlist("Set-Cookie")
    assert sorted(cookie.partition("=")[0] for cookie in cookies) == sorted([*NAMES, "theme"])


def test_a_guard_sets_cookies_without_a_request(app: Flask) -> None:
    guard: TokenGuard = app.extensions["guard"]
    response = app.response_class()
    guard.set_token_cookies(response, guard.issue_token_pair("alice"))
    assert len(response.headers.getlist("Set-Cookie")) == 3
    assert guard.unset_token_cookies(response) is response
    only: TokenResponse = {"access_token": guard.issue_token_pair("alice")["access_token"]}
    cookies = guard.set_token_cookies(app.response_class(), only).headers.getlist("Set-Cookie")
    assert len(cookies) == 2


def test_an_access_token_goes_alone(make_app: MakeApp, clock: SettableClock) -> None:
    app = with_views(make_app(TokenGuard(clock=clock), TOKEN_LOCATIONS=["cookie"]))

    @app.post("/alone")
    def alone() -> Any:
        return set_token_cookies(jsonify(), {"access_token": issue_token("alice")}, persistent=True)

    client = app.test_client()
    response = post(client, "/alone")
    attributes = attributes_of(response)
    assert ["Max-Age=900" in attributes[ACCESS], "Max-Age=0" in attributes[REFRESH]] == [True] * 2
    assert get(client, "/where").get_json()["sub"] == "alice"
    # Neither is there a refresh token to look at, where the first has expired.
    client.set_cookie(REFRESH, "x", domain=HOST)
    client.delete_cookie(ACCESS, domain=HOST)
    assert post(client, "/alone", headers={}).status_code == 200


def test_a_session_keeps_a_refresh_cookie_that_no_pair_replaces(app: Flask) -> None:
    @app.post("/without")
    def without() -> Any:
        pair = issue_token_pair("alice")
        only: TokenResponse = {"access_token": pair["access_token"]}
        return set_token_cookies(jsonify(), only, persistent=True)

    client = app.test_client()
    assert REFRESH not in attributes_of(post(client, "/without"))
    client.set_cookie(REFRESH, "garbage", domain=HOST, secure=True)
    assert "Max-Age=900" in attributes_of(post(client, "/without"))[CSRF]


def test_a_foreign_token_may_be_in_a_cookie(
    make_app: MakeApp, issue: Any, entries: dict[str, Any]
) -> None:
    app = with_views(make_app(TOKEN_LOCATIONS=["cookie"], ISSUERS=entries))
    token = issue(csrf="theirs")["Authorization"].removeprefix("Bearer ")

    @app.post("/alone")
    def alone() -> Any:
        return set_token_cookies(jsonify(), {"access_token": token})

    client = app.test_client()
    response = post(client, "/alone")
    assert "Max-Age=0" in attributes_of(response)[CSRF]
    assert get(client, "/where").get_json()["where"] == "cookie"
    assert get(client, "/form").text == ""
