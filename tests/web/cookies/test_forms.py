"""Tokens in cookies: what a page of the app gets for its forms."""

from flask import Flask, render_template_string
from flask.testing import FlaskClient

from flask_tokenguard import (
    csrf_token,
)

from ...conftest import MakeApp
from ...support import SettableClock, bearer
from ..browser import (
    CSRF,
    SETTINGS,
    get,
    post,
    value_of,
)
from .support import with_views


def test_a_page_gets_the_claim_for_its_forms(client: FlaskClient) -> None:
    claim = value_of(client, CSRF)
    assert get(client, "/form").text == claim
    assert post(client, "/where", headers={}, data={"csrf_token": claim}).status_code == 200


def test_a_page_gets_the_claim_after_the_access_token_s_end(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += 3600
    assert get(client, "/form").text == value_of(client, CSRF)


def test_a_page_without_a_session_gets_no_claim(app: Flask, token: str) -> None:
    assert get(app.test_client(), "/form").text == ""
    assert get(app.test_client(), "/form", headers=bearer(token)).text == ""


def test_the_answer_of_a_login_and_a_logout_knows_its_claim(app: Flask) -> None:
    client = app.test_client()
    assert post(client, "/login").text == value_of(client, CSRF)
    assert post(client, "/logout").text == ""


def test_there_is_no_claim_outside_a_request_and_without_cookies(
    app: Flask, make_app: MakeApp, headers: dict[str, str]
) -> None:
    with app.app_context():
        assert csrf_token() == ""
    other = make_app()
    other.add_url_rule("/", "claim", csrf_token)
    assert other.test_client().get("/", headers=headers).text == ""


def test_templates_keep_another_csrf_token(make_app: MakeApp) -> None:
    app = with_views(make_app(**SETTINGS))
    app.jinja_env.globals["csrf_token"] = lambda: "another"
    assert get(app.test_client(), "/form").text == "another"


def test_templates_have_no_csrf_token_without_cookies(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/", "form", lambda: render_template_string("{{ csrf_token is defined }}"))
    assert app.test_client().get("/").text == "False"
