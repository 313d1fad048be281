"""Requests from other sites: logins and logouts, and frameworks that answer by themselves."""

from collections.abc import Callable
from typing import Any, ClassVar

import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from apiflask import APIFlask
from flask import Flask, jsonify
from flask_restful import Api as RestfulApi
from flask_restful import Resource

from flask_tokenguard import (
    end_all_sessions,
    issue_token,
    issue_token_pair,
    sessions_of,
    set_token_cookies,
    token_required,
)

from ...conftest import MakeApp
from ..conftest import GuardApp
from ..support import new_view
from .support import ACCESS, CLAIMS, Browser, Row

REFRESH = "__Host-refresh_token"


@pytest.mark.parametrize("cookie", ["no cookie", "fresh", "expired"])
def test_another_site_logs_nobody_in_and_its_session_ends(browser: Browser, cookie: str) -> None:
    row = Row("cross-site", "https://evil.example", None)
    response = browser.send("/login", "POST", cookie, "no header", row)
    assert (response.status_code, "Set-Cookie" in response.headers) == (403, False)
    with browser.client.application.app_context():
        assert sessions_of("bob") == []


def test_a_script_without_cookies_logs_in(browser: Browser) -> None:
    response = browser.send("/login", "POST", "no cookie", "no header", Row(None, None, None))
    assert (response.status_code, len(response.headers.getlist("Set-Cookie"))) == (200, 3)


def test_a_login_over_a_good_session_asks_for_its_claim(browser: Browser) -> None:
    answers = [
        browser.send("/login", "POST", "fresh", "no header", Row(None, None, csrf)).status_code
        for csrf in CLAIMS
    ]
    assert answers == [403, 200, 403]


def _log_in(browser: Browser) -> dict[str, str]:
    """Log in, and return the cookies by their names."""
    response = browser.send("/login", "POST", "no cookie", "no header", Row("none", None, None))
    cookies = [cookie.partition(";")[0] for cookie in response.headers.getlist("Set-Cookie")]
    return dict(cookie.split("=", 1) for cookie in cookies)


@pytest.mark.parametrize("ends", [False, True], ids=["alive", "ended"])
def test_a_refresh_cookie_alone_asks_for_its_claim_too(browser: Browser, ends: bool) -> None:
    cookies = _log_in(browser)
    if ends:
        with browser.client.application.app_context():
            end_all_sessions("bob")
    browser.cookies["refresh"] = f"{REFRESH}={cookies[REFRESH]}"
    response = browser.send("/login", "POST", "refresh", "no header", Row(None, None, None))
    assert response.status_code == (200 if ends else 403)


def test_a_form_s_own_token_is_no_pass_for_a_login(make_app: MakeApp) -> None:
    app = make_app(TOKEN_LOCATIONS=["cookie", "form"], STORAGE_URI="memory://")
    app.add_url_rule(
        "/",
        "login",
        lambda: set_token_cookies(jsonify("in"), issue_token_pair("mallory")),
        methods=["POST"],
    )
    with app.app_context():
        form = {"access_token": issue_token("mallory")}
    response = app.test_client().post("/", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403


def test_another_site_sets_no_token_without_a_session(make_app: MakeApp) -> None:
    app = make_app(TOKEN_LOCATIONS=["cookie"])

    @app.post("/")
    def alone() -> Any:
        return set_token_cookies(jsonify("in"), {"access_token": issue_token("mallory")})

    response = app.test_client().post("/", headers={"Sec-Fetch-Site": "cross-site"})
    assert (response.status_code, "Set-Cookie" in response.headers) == (403, False)


@pytest.mark.parametrize(
    ("method", "status"),
    [("OPTIONS", 200), ("TRACE", 200), ("PUT", 403), ("PATCH", 403), ("PROPFIND", 403)],
)
def test_every_method_but_the_safe_ones_is_checked(
    make_app: MakeApp, method: str, status: int
) -> None:
    app = make_app(TOKEN_LOCATIONS=["cookie"])
    view = token_required(new_view())
    app.add_url_rule("/", "all", view, methods=[method], provide_automatic_options=False)
    with app.app_context():
        headers = {"Cookie": f"{ACCESS}={issue_token('alice')}", "Sec-Fetch-Site": "cross-site"}
    client = app.test_client(use_cookies=False)
    assert client.open("/", method=method, headers=headers).status_code == status


class _Resource(Resource):  # type: ignore[misc]  # flask-restful has no types
    method_decorators: ClassVar[list[Any]] = [token_required()]

    def post(self) -> Any:
        return {}


class _RestxResource(flask_restx.Resource):  # type: ignore[misc]  # has no types
    method_decorators: ClassVar[list[Any]] = [token_required()]

    def post(self) -> Any:
        return {}


def _restful(app: Flask) -> None:
    RestfulApi(app).add_resource(_Resource, "/notes")


def _restx(app: Flask) -> None:
    flask_restx.Api(app).add_resource(_RestxResource, "/notes")


def _plain(app: Flask) -> None:
    app.add_url_rule("/notes", "notes", token_required(new_view()), methods=["POST"])


@pytest.mark.parametrize(
    ("kind", "build"),
    [(Flask, _plain), (APIFlask, _plain), (Flask, _restful), (Flask, _restx)],
    ids=["flask", "apiflask", "flask-restful", "flask-restx"],
)
def test_a_refusal_is_the_same_under_every_framework(
    guard_app: GuardApp, kind: type[Flask], build: Callable[[Flask], None]
) -> None:
    app = guard_app(kind(__name__), TOKEN_LOCATIONS=["cookie"])
    build(app)
    with app.app_context():
        cookie = f"{ACCESS}={issue_token('alice')}"
    client = app.test_client(use_cookies=False)
    answers = [
        client.post("/notes", headers={"Cookie": cookie, "Sec-Fetch-Site": site})
        for site in ("same-origin", "cross-site")
    ]
    assert [answer.status_code for answer in answers] == [200, 403]
    assert answers[1].get_json()["error"] == "cross_site"
