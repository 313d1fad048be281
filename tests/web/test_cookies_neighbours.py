"""Tokens in cookies beside what other packages keep in cookies and check of requests."""

import re
from typing import Any

import pytest
from flask import Flask, Request, jsonify, render_template_string, session
from flask.testing import FlaskClient
from flask_cors import CORS
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_wtf import CSRFProtect

from flask_tokenguard import (
    csrf_token,
    current_token,
    g,
    issue_token_pair,
    set_token_cookies,
    token_required,
    unset_token_cookies,
)

from ..conftest import MakeApp
from .browser import HOST, SAME, SETTINGS, get, post

SPA = "https://spa.example"


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app with a login that keeps tokens in cookies and something in Flask's session."""
    app = make_app(**SETTINGS, COOKIE_CSRF_FIELD="token_csrf")
    # For one test run alone.
    app.secret_key = "not used elsewhere"

    @app.post("/login")
    def login() -> Any:
        session["theme"] = "dark"
        return set_token_cookies(jsonify(), issue_token_pair("ada"))

    @app.post("/logout")
    def logout() -> Any:
        session.clear()
        return unset_token_cookies(jsonify())

    @app.route("/note", methods=["GET", "POST"])
    @token_required
    def note() -> Any:
        return {"theme": session.get("theme"), "where": current_token.location}

    return app


# Flask's session


def test_a_session_of_flask_lives_beside_the_tokens(app: Flask) -> None:
    client = app.test_client()
    assert len(post(client, "/login").headers.getlist("Set-Cookie")) == 4
    response = get(client, "/note")
    assert response.get_json() == {"theme": "dark", "where": "cookie"}
    assert response.headers.getlist("Vary") == ["Cookie"]


def test_a_logout_empties_both(app: Flask) -> None:
    client = app.test_client()
    post(client, "/login")
    assert len(post(client, "/logout").headers.getlist("Set-Cookie")) == 4
    assert [client.get_cookie(name, HOST) for name in ("session", "__Host-access_token")] == [
        None,
        None,
    ]


# Flask-WTF


@pytest.fixture
def forms(app: Flask) -> FlaskClient:
    """A signed-in client of the app, whose forms Flask-WTF protects."""
    protect = CSRFProtect(app)
    for view in ("login", "logout"):
        protect.exempt(app.view_functions[view])
    app.add_url_rule("/form", "form", lambda: render_template_string("{{ csrf_token() }}"))
    app.add_url_rule("/ours", "ours", csrf_token)
    client = app.test_client()
    post(client, "/login")
    return client


def test_a_form_of_flask_wtf_passes_both_checks(forms: FlaskClient) -> None:
    headers = SAME | {"Referer": f"https://{HOST}/form"}
    theirs = get(forms, "/form").text
    assert theirs != get(forms, "/ours").text
    assert post(forms, "/note", headers=headers).status_code == 400
    assert post(forms, "/note", headers=headers, data={"csrf_token": theirs}).status_code == 200
    other = headers | {"Sec-Fetch-Site": "cross-site"}
    assert post(forms, "/note", headers=other, data={"csrf_token": theirs}).status_code == 403


def test_both_claims_go_in_fields_of_their_own(forms: FlaskClient) -> None:
    headers = {"Referer": f"https://{HOST}/form"}
    fields = {"csrf_token": get(forms, "/form").text, "token_csrf": get(forms, "/ours").text}
    assert post(forms, "/note", headers=headers, data=fields).status_code == 200
    del fields["token_csrf"]
    assert post(forms, "/note", headers=headers, data=fields).status_code == 403


# Flask-Login


def _find_user(_request: Request) -> Any:
    if g.claims is None:
        return None
    user = UserMixin()
    user.id = g.claims["sub"]
    return user


def test_flask_login_takes_its_user_from_the_cookie_s_token(app: Flask) -> None:
    LoginManager(app).request_loader(_find_user)
    mine = login_required(lambda: render_template_string("{{ current_user.id }}"))
    app.add_url_rule("/mine", "mine", mine)
    app.add_url_rule("/name", "name", lambda: str(getattr(current_user, "id", None)))
    client = app.test_client()
    assert [get(client, "/mine").status_code, get(client, "/name").text] == [401, "None"]
    post(client, "/login")
    assert [get(client, "/mine").text, get(client, "/name").text] == ["ada", "ada"]


# Flask-CORS


@pytest.fixture
def spa(make_app: MakeApp) -> FlaskClient:
    """A signed-in client of an app that takes credentials from a page of another site."""
    app = make_app(**SETTINGS, COOKIE_SAMESITE="None", TRUSTED_ORIGINS=[SPA])
    CORS(app, origins=[SPA, "https://reader.example"], supports_credentials=True)
    app.add_url_rule(
        "/login",
        "login",
        lambda: set_token_cookies(jsonify(), issue_token_pair("ada")),
        methods=["POST"],
    )
    app.add_url_rule("/note", "note", token_required(lambda: "note"), methods=["GET", "POST"])
    client = app.test_client()
    post(client, "/login", headers={"Sec-Fetch-Site": "cross-site", "Origin": SPA})
    return client


@pytest.mark.parametrize(
    ("origin", "status"),
    [(SPA, 200), ("https://reader.example", 403), ("https://evil.example", 403)],
)
def test_a_page_of_another_site_writes_only_if_it_is_trusted(
    spa: FlaskClient, origin: str, status: int
) -> None:
    response = post(spa, "/note", headers={"Sec-Fetch-Site": "cross-site", "Origin": origin})
    assert response.status_code == status
    shown = response.headers.get("Access-Control-Allow-Origin")
    assert shown == (None if "evil" in origin else origin)


def test_an_answer_varies_by_origin_and_cookie(spa: FlaskClient) -> None:
    response = post(spa, "/note", headers={"Sec-Fetch-Site": "cross-site", "Origin": SPA})
    varies = re.split(", *", ", ".join(response.headers.getlist("Vary")))
    assert sorted(varies) == ["Cookie", "Origin"]


def test_a_preflight_needs_no_cookie(spa: FlaskClient) -> None:
    headers = {"Origin": SPA, "Access-Control-Request-Method": "POST"}
    response = spa.options("/note", base_url=f"https://{HOST}", headers=headers)
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (200, SPA)
