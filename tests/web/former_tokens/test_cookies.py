"""Tokens of the real flask-jwt-extended in its cookies, read by an app of ours."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token, create_refresh_token, jwt_required
from flask_jwt_extended import set_access_cookies as former_set_access_cookies
from flask_jwt_extended import set_refresh_cookies as former_set_refresh_cookies
from werkzeug.test import TestResponse

from flask_tokenguard import (
    TokenGuard,
    end_session,
    issue_token_pair,
    refresh_required,
    refresh_token_pair,
    sessions_of,
    set_token_cookies,
    token_required,
    unset_token_cookies,
)
from flask_tokenguard.cli.commands import tokenguard

from ...conftest import MakeApp
from ...support import Config, SettableClock, bearer
from ..former import PROFILE, SHORT_SECRET, FormerApp, short_secrets
from ..support import MISSING, new_view, refusal_of

DAY = 86_400
# What keeps the client's script as it is.
NAMES: Config = {
    "COOKIE_ACCESS_NAME": "access_token_cookie",
    "COOKIE_REFRESH_NAME": "refresh_token_cookie",
    "COOKIE_CSRF_NAME": ["csrf_access_token", "csrf_refresh_token"],
    "COOKIE_CSRF_HEADER": "X-CSRF-TOKEN",
}
SAME = {"Sec-Fetch-Site": "same-origin"}
URL = "https://localhost"
ACCESS, REFRESH = "access_token_cookie", "refresh_token_cookie"
Build = Callable[..., Flask]


@pytest.fixture
def former() -> FormerApp:
    return make_former()


def make_former(secret: str = SHORT_SECRET, **config: Any) -> FormerApp:
    """Make an app that keeps its tokens in cookies."""
    # Our clock is ahead of its.
    config |= {"TOKEN_LOCATION": ["cookies"], "COOKIE_SECURE": True, "DECODE_LEEWAY": 9}
    former = FormerApp(secret, **config)
    for path, is_refresh in (("/notes", False), ("/renew", True)):
        view = jwt_required(refresh=is_refresh)(new_view("noted"))
        former.app.add_url_rule(path, path, view, methods=["POST"])

    @former.app.post("/login")
    def login() -> Any:
        response = jsonify()
        lifetime = timedelta(hours=1)
        access = create_access_token("alice", fresh=True, expires_delta=lifetime)
        former_set_access_cookies(response, access)
        refresh = create_refresh_token("alice", expires_delta=timedelta(days=30))
        former_set_refresh_cookies(response, refresh)
        return response

    return former


def build_entry(clock: SettableClock, *, key: str) -> dict[str, str]:
    until = datetime.fromtimestamp(clock.now + 40 * DAY, UTC).date().isoformat()
    return {"profile": PROFILE, "key": key, "until": until}


@pytest.fixture
def build(make_app: MakeApp, clock: SettableClock, secret: str) -> Build:
    """Make an app that takes the tokens of the former one, after an import of none revoked."""

    def build(**settings: Any) -> Flask:
        settings = {
            "KEY": secret,
            "STORAGE_URI": "memory://",
            "TOKEN_LOCATIONS": ["header", "cookie"],
            "FORMER_TOKENS": build_entry(clock, key=SHORT_SECRET),
            "REFRESH_ROTATION": "off",
        } | settings
        app = make_app(TokenGuard(clock=clock), **settings)
        add_views(app)
        endpoints = app.extensions["guard"].token_endpoints(cookies=True)
        app.register_blueprint(endpoints, url_prefix="/auth")
        result = app.test_cli_runner().invoke(tokenguard, ["import-revoked", "-"], input="")
        assert result.exit_code == 0
        return app

    return build


def add_views(app: Flask) -> None:
    @app.post("/login")
    def login() -> Any:
        return set_token_cookies(jsonify(), issue_token_pair("alice"))

    @app.post("/notes")
    @token_required
    def notes() -> str:
        return "noted"

    @app.post("/refresh")
    @refresh_required(locations=["cookie", "cookie:refresh_token_cookie"])
    def refresh() -> Any:
        return set_token_cookies(jsonify(), refresh_token_pair())

    @app.post("/logout")
    def logout() -> Any:
        end_session()
        return unset_token_cookies(jsonify())

    @app.post("/logout/<subject>")
    def logout_of(subject: str) -> Any:
        return jsonify(end_session(subject=subject))


@pytest.fixture
def client(build: Build, former: FormerApp) -> FlaskClient:
    """A browser that has logged in at the former app, and now reaches ours."""
    return moved(build(**NAMES), former)


def moved(app: Flask, former: FormerApp) -> FlaskClient:
    old, client = former.app.test_client(), app.test_client()
    with short_secrets():
        answer = old.post("/login", base_url=URL)
    assert answer.status_code == 200
    for header in answer.headers.getlist("Set-Cookie"):
        name, _, value = header.partition(";")[0].partition("=")
        client.set_cookie(name, value)
    return client


def value_of(client: FlaskClient, name: str) -> str:
    cookie = client.get_cookie(name)
    assert cookie is not None
    return cookie.value


def in_app(client: FlaskClient, function: Callable[..., Any], *arguments: Any) -> Any:
    with client.application.app_context():
        return function(*arguments)


def send(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    return client.post(path, base_url=URL, headers=headers)


def claim_of(client: FlaskClient, name: str) -> dict[str, str]:
    return {"X-CSRF-TOKEN": value_of(client, name)}


def double_submit(client: FlaskClient, path: str) -> TestResponse:
    """Send a request as the former app's script does, which names no site."""
    name = "csrf_refresh_token" if path == "/refresh" else "csrf_access_token"
    return client.post(path, base_url=URL, headers=claim_of(client, name))


def test_an_old_cookie_is_taken_with_its_own_claim(client: FlaskClient) -> None:
    assert client.get("/claims", base_url=URL).get_json()["sub"] == "alice"
    assert double_submit(client, "/notes").text == "noted"


def test_an_old_script_with_tokens_of_rs256_goes_on(
    build: Build,
    clock: SettableClock,
    private_pems: dict[str, str],
    public_pems: dict[str, str],
) -> None:
    private, public = private_pems["RS256"], public_pems["RS256"]
    former = make_former(ALGORITHM="RS256", PRIVATE_KEY=private, PUBLIC_KEY=public)
    entry = build_entry(clock, key=public)
    client = moved(build(**NAMES, FORMER_TOKENS=entry, KEY=private), former)
    assert jwt.get_unverified_header(value_of(client, ACCESS))["alg"] == "RS256"
    for path in ("/notes", "/refresh", "/notes", "/logout"):
        assert send(client, path).status_code == 403
        assert double_submit(client, path).status_code == 200
    assert send(client, "/refresh", **SAME).status_code == 400


@pytest.mark.parametrize("path", ["/notes", "/refresh"])
def test_an_old_cookie_is_under_the_check(client: FlaskClient, path: str) -> None:
    for headers in (
        {},
        {"X-CSRF-TOKEN": "another"},
        {"Sec-Fetch-Site": "cross-site", "X-CSRF-TOKEN": value_of(client, "csrf_access_token")},
    ):
        answer = client.post(path, base_url=URL, headers=headers)
        assert (answer.status_code, answer.get_json()["error"]) == (403, "cross_site")
    assert client.post(path, base_url=URL, headers=SAME).status_code == 200


def test_the_claim_of_the_other_old_token_does_not_count(client: FlaskClient) -> None:
    headers = claim_of(client, "csrf_refresh_token")
    assert client.post("/notes", base_url=URL, headers=headers).status_code == 403


@pytest.mark.parametrize("rotation", ["on", "off"])
def test_an_old_script_goes_on_refreshing(
    build: Build, former: FormerApp, clock: SettableClock, rotation: str
) -> None:
    client = moved(build(**NAMES, REFRESH_ROTATION=rotation), former)
    old = value_of(client, "access_token_cookie")
    for _ in range(3):
        clock.now += 60
        assert double_submit(client, "/refresh").status_code == 200
        assert value_of(client, "access_token_cookie") != old
        assert double_submit(client, "/notes").text == "noted"


def test_an_old_script_goes_on_after_a_login(client: FlaskClient) -> None:
    assert double_submit(client, "/login").status_code == 200
    assert double_submit(client, "/notes").text == "noted"
    assert double_submit(client, "/refresh").status_code == 200
    assert double_submit(client, "/notes").text == "noted"


def test_an_old_script_logs_out(client: FlaskClient) -> None:
    assert double_submit(client, "/logout").status_code == 200
    assert refusal_of(client.get("/claims", base_url=URL)) == MISSING
    assert send(client, "/refresh", **SAME).status_code == 400


@pytest.mark.parametrize("path", ["/logout", "/auth/revoke"])
@pytest.mark.parametrize("is_used", [False, True])
def test_a_logout_revokes_the_old_tokens(client: FlaskClient, path: str, is_used: bool) -> None:
    old = {name: value_of(client, name) for name in (ACCESS, REFRESH)}
    if is_used:
        assert send(client, "/refresh", **SAME).status_code == 200
        client.set_cookie(ACCESS, old[ACCESS])
    assert send(client, path, **SAME).status_code == 200
    for name, value in old.items():
        client.set_cookie(name, value)
    assert client.get("/claims", base_url=URL).status_code == 401
    assert send(client, "/refresh", **SAME).status_code == 400


def test_a_logout_without_the_old_access_token_ends_its_session(client: FlaskClient) -> None:
    refresh = value_of(client, REFRESH)
    client.delete_cookie(ACCESS)
    assert send(client, "/logout", **claim_of(client, "csrf_refresh_token")).status_code == 200
    client.set_cookie(REFRESH, refresh)
    assert send(client, "/refresh", **SAME).status_code == 400


def test_a_claim_sid_of_the_old_app_names_no_session(
    client: FlaskClient, former: FormerApp
) -> None:
    assert double_submit(client, "/login").status_code == 200
    (session,) = in_app(client, sessions_of, "alice")
    for name in (ACCESS, REFRESH):
        client.set_cookie(name, former.access(additional_claims={"sid": session.sid}))
    assert send(client, "/logout", **SAME).status_code == 200
    assert in_app(client, sessions_of, "alice") == [session]


def test_a_logout_passes_over_what_is_no_token(client: FlaskClient) -> None:
    old = value_of(client, ACCESS)
    client.set_cookie(REFRESH, "x")
    assert double_submit(client, "/logout").status_code == 200
    assert client.get("/claims", headers=bearer(old)).status_code == 401


def test_a_logout_of_a_header_leaves_old_cookies(client: FlaskClient) -> None:
    headers = bearer(value_of(client, ACCESS))
    client.post("/logout", base_url=URL, headers=headers)
    client.set_cookie(ACCESS, headers["Authorization"].removeprefix("Bearer "))
    assert client.get("/claims", base_url=URL).status_code == 200


def test_a_logout_of_somebody_else_leaves_old_cookies(client: FlaskClient) -> None:
    old = value_of(client, ACCESS)
    assert double_submit(client, "/logout/bob").get_json() is False
    assert client.get("/claims", headers=bearer(old)).status_code == 200


def test_the_old_version_takes_our_cookies_too(build: Build, secret: str) -> None:
    app, former = build(**NAMES), make_former(secret)
    client, old = app.test_client(), former.app.test_client()
    answer = send(client, "/login", **SAME)
    for header in answer.headers.getlist("Set-Cookie"):
        name, _, value = header.partition(";")[0].partition("=")
        old.set_cookie(name, value)
    for path, name in (("/notes", "csrf_access_token"), ("/renew", "csrf_refresh_token")):
        assert send(old, path).status_code == 401
        assert send(old, path, **{"X-CSRF-TOKEN": value_of(old, name)}).text == "noted"


@pytest.mark.parametrize("path", ["/login", "/logout", "/auth/revoke"])
def test_an_unused_old_refresh_cookie_asks_for_its_claim(client: FlaskClient, path: str) -> None:
    client.delete_cookie(ACCESS)
    for headers in ({}, {"X-CSRF-TOKEN": "another"}):
        assert send(client, path, **headers).status_code == 403
    assert send(client, path, **claim_of(client, "csrf_refresh_token")).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/logout", "/auth/revoke"])
@pytest.mark.parametrize("is_used", [False, True])
def test_an_old_script_s_claim_counts_when_its_token_has_ended(
    client: FlaskClient, clock: SettableClock, path: str, is_used: bool
) -> None:
    if is_used:
        assert double_submit(client, "/refresh").status_code == 200
    clock.now += 3601
    assert double_submit(client, path).status_code == 200


def test_the_claim_of_somebody_else_s_ended_token_does_not_count(
    client: FlaskClient, former: FormerApp
) -> None:
    ended = former.access("mallory", expires_delta=timedelta(seconds=-9))
    client.set_cookie(ACCESS, ended)
    claim = jwt.decode(ended, options={"verify_signature": False})["csrf"]
    assert send(client, "/login", **{"X-CSRF-TOKEN": claim}).status_code == 403


def test_an_old_refresh_token_that_was_revoked_asks_for_nothing(client: FlaskClient) -> None:
    refresh = value_of(client, REFRESH)
    assert send(client, "/logout", **SAME).status_code == 200
    client.set_cookie(REFRESH, refresh)
    assert send(client, "/login").status_code == 200


@pytest.fixture
def renamed(build: Build, former: FormerApp) -> FlaskClient:
    """The same browser at an app with cookies of the usual names, beside the old ones."""
    locations = ["header", "cookie", "cookie:access_token_cookie"]
    names = ["__Host-refresh_token", REFRESH]
    app = build(TOKEN_LOCATIONS=locations, COOKIE_REFRESH_NAME=names, REFRESH_ROTATION="on")
    return moved(app, former)


def test_cookies_may_change_their_names(renamed: FlaskClient) -> None:
    assert double_submit(renamed, "/notes").text == "noted"
    assert double_submit(renamed, "/refresh").status_code == 200
    assert renamed.get_cookie("access_token_cookie") is None
    headers = claim_of(renamed, "__Host-csrf_token")
    assert send(renamed, "/notes", **headers).text == "noted"
    assert send(renamed, "/refresh", **headers).status_code == 200


def test_the_old_refresh_cookie_goes_once_it_was_used(renamed: FlaskClient) -> None:
    renamed.delete_cookie(ACCESS)
    assert (
        send(renamed, "/auth/token", **claim_of(renamed, "csrf_refresh_token")).status_code == 200
    )
    assert renamed.get_cookie(REFRESH) is None
    assert send(renamed, "/auth/token", **SAME).status_code == 200


@pytest.mark.parametrize("path", ["/logout", "/auth/revoke"])
@pytest.mark.parametrize("has_access", [True, False])
def test_a_logout_takes_the_old_cookies_too(
    renamed: FlaskClient, path: str, has_access: bool
) -> None:
    refresh = value_of(renamed, REFRESH)
    if not has_access:
        renamed.delete_cookie(ACCESS)
        assert send(renamed, path).status_code == 403
    assert send(renamed, path, **SAME).status_code == 200
    assert refusal_of(renamed.get("/claims", base_url=URL)) == MISSING
    assert renamed.get_cookie(REFRESH) is None
    renamed.set_cookie(REFRESH, refresh)
    assert send(renamed, "/refresh", **SAME).status_code == 400
