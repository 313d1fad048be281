"""The hook that authenticates each request: issue_token, default_claims, TokenGuard.verify."""

from typing import Any

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient

from flask_tokenguard import (
    ConfigurationError,
    InvalidToken,
    IssueError,
    TokenGuard,
    issue_token,
)

from ...conftest import MakeApp
from ...support import bearer


def test_an_issued_token_is_accepted(make_app: MakeApp) -> None:
    app = make_app()
    with app.app_context():
        headers = bearer(issue_token("bob", scope="a b", claims={"role": "guest"}))
    claims = app.test_client().get("/claims", headers=headers).get_json()
    assert (claims["sub"], claims["scope"], claims["role"]) == ("bob", "a b", "guest")


def test_an_answer_with_a_token_in_it_is_stored_nowhere(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/login", "login", lambda: {"token": issue_token("bob")}, methods=["POST"])
    response = app.test_client().post("/login")
    assert response.headers.getlist("Cache-Control") == ["no-store"]
    assert response.headers.getlist("Pragma") == ["no-cache"]


def test_an_answer_with_a_token_replaces_the_views_cache_control(
    make_app: MakeApp,
) -> None:
    guard = TokenGuard()
    app = make_app(guard)

    @app.post("/login")
    def login() -> Any:
        response = current_app.response_class(guard.issue_token("bob"))
        response.headers["Cache-Control"] = "public, max-age=60"
        return response

    assert app.test_client().post("/login").headers.getlist("Cache-Control") == ["no-store"]


def test_an_answer_without_a_token_in_it_says_nothing_of_caches(open_client: FlaskClient) -> None:
    response = open_client.get("/open")
    assert "Cache-Control" not in response.headers
    assert "Pragma" not in response.headers


def test_a_token_that_could_not_be_issued_says_nothing_of_caches(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/", "view", lambda: issue_token(""))
    app.register_error_handler(IssueError, lambda _: "not issued")
    response = app.test_client().get("/")
    assert (response.text, response.headers.get("Cache-Control")) == ("not issued", None)


def test_every_token_gets_the_default_claims(make_app: MakeApp, guard: TokenGuard) -> None:
    app = make_app(guard)
    with app.app_context():
        claims = guard.verify(issue_token("bob")).claims
    assert (claims["role"], claims["home"]) == ("guest", "/bob")


def test_claims_given_to_issue_token_come_before_the_defaults(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    app = make_app(guard)
    with app.app_context():
        claims = guard.verify(issue_token("bob", claims={"role": "admin"})).claims
    assert (claims["role"], claims["home"]) == ("admin", "/bob")


def test_reserved_names_are_no_default_claims(make_app: MakeApp) -> None:
    guard = TokenGuard()
    guard.default_claims(lambda _: {"scope": "admin"})
    app = make_app(guard)
    with app.app_context(), pytest.raises(IssueError, match="scope"):
        issue_token("bob")


def test_a_guard_needs_no_context(make_app: MakeApp, guard: TokenGuard) -> None:
    make_app(guard)
    with pytest.raises(InvalidToken):
        guard.verify("x")
    assert guard.verify(guard.issue_token("bob")).claims.subject == "bob"


def test_issuing_needs_a_guarded_app() -> None:
    with Flask("bare").app_context(), pytest.raises(ConfigurationError, match="bare"):
        issue_token("bob")
