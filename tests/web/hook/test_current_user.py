"""The hook that authenticates each request: current_user."""

from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    Claims,
    ConfigurationError,
    TokenGuard,
    Unavailable,
    current_user,
    require_token,
    token_rejected,
    token_required,
)
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ..conftest import Headers, HeadersWith
from ..support import foreign, new_view, received
from .support import _Users


@pytest.fixture
def users_app(make_app: MakeApp, users: _Users) -> Flask:
    """An app with views that touch the user never, twice, or demand one."""
    guard = TokenGuard()
    app = make_app(guard)
    assert guard.user_loader(users) is users

    def twice() -> str:
        return f"{current_user} {current_user}"

    def demanded() -> str:
        return twice()

    def wrapped() -> str:
        return twice()

    def optional() -> str:
        return twice()

    def called() -> str:
        require_token()
        return twice()

    app.add_url_rule("/called", view_func=called)
    app.add_url_rule("/optional", view_func=token_required(optional=True)(optional))
    app.add_url_rule("/never", view_func=token_required(new_view()))
    app.add_url_rule("/twice", view_func=token_required(twice))
    app.add_url_rule("/open", "open", lambda: f"{current_user} {current_user}")
    app.add_url_rule("/demanded", view_func=token_required(user=True)(demanded))
    app.add_url_rule("/wrapped", view_func=foreign(token_required(user=True)(wrapped)))
    return app


def test_the_user_loader_is_not_asked_for_an_untouched_user(
    users_app: Flask, users: _Users, headers: Headers
) -> None:
    users_app.test_client().get("/never", headers=headers)
    assert users.asked == []


@pytest.mark.parametrize("path", ["/twice", "/open", "/demanded", "/wrapped"])
def test_the_user_loader_is_asked_once_a_request(
    users_app: Flask, users: _Users, headers: Headers, path: str
) -> None:
    client = users_app.test_client()
    assert client.get(path, headers=headers).text == "Alice Alice"
    assert client.get(path, headers=headers).text == "Alice Alice"
    assert users.asked == ["alice", "alice"]


@pytest.mark.parametrize("path", ["/twice", "/demanded", "/wrapped", "/optional", "/called"])
def test_a_user_who_is_gone_is_a_refused_token(
    users_app: Flask, headers_with: HeadersWith, path: str
) -> None:
    response = users_app.test_client().get(path, headers=headers_with(sub="bob"))
    assert_challenge(response, error="invalid_token")


def test_a_view_that_touches_no_user_serves_one_who_is_gone(
    users_app: Flask, headers_with: HeadersWith
) -> None:
    response = users_app.test_client().get("/never", headers=headers_with(sub="bob"))
    assert response.text == "served"


@pytest.mark.parametrize("claims", [{"sub": "bob"}, {"exp": 1}], ids=["gone", "stale"])
def test_an_open_route_has_no_user_where_the_token_is_not_good(
    users_app: Flask, headers_with: HeadersWith, claims: dict[str, Any]
) -> None:
    response = users_app.test_client().get("/open", headers=headers_with(**claims))
    assert (response.status_code, response.text) == (200, "None None")


def test_a_user_who_is_gone_is_asked_for_and_reported_once(
    users_app: Flask, users: _Users, headers_with: HeadersWith
) -> None:
    with received(token_rejected, users_app) as sent:
        users_app.test_client().get("/open", headers=headers_with(sub="bob"))
        users_app.test_client().get("/demanded", headers=headers_with(sub="bob"))
    assert users.asked == ["bob", "bob"]
    assert [(values["reason"], values["refused"]) for values in sent] == [
        ("user_gone", False),
        ("user_gone", True),
    ]


def test_a_check_that_touches_a_user_who_is_gone_refuses(
    users_app: Flask, headers_with: HeadersWith
) -> None:
    view = token_required(check=lambda _: current_user.title())(new_view())
    users_app.add_url_rule("/checked", "checked", view)
    response = users_app.test_client().get("/checked", headers=headers_with(sub="bob"))
    assert_challenge(response, error="invalid_token")


def test_nobody_is_the_user_where_there_is_no_request(users_app: Flask) -> None:
    with users_app.app_context():
        assert not current_user


def test_nobody_is_the_user_of_an_anonymous_request(users_app: Flask, users: _Users) -> None:
    assert users_app.test_client().get("/open").text == "None None"
    assert users.asked == []


def test_nobody_is_the_user_of_a_stale_token_on_an_open_route(
    users_app: Flask, users: _Users, stale_headers: Headers
) -> None:
    assert users_app.test_client().get("/open", headers=stale_headers).text == "None None"
    assert users.asked == []


@pytest.mark.parametrize("demand", [{}, {"user": True}], ids=["touched", "demanded"])
def test_a_user_without_a_loader_is_a_fault_of_the_deployment(
    make_app: MakeApp, headers: Headers, demand: dict[str, Any]
) -> None:
    app = make_app()
    app.testing = True
    app.add_url_rule("/", "view", token_required(**demand)(lambda: str(current_user)))
    with pytest.raises(ConfigurationError, match="user_loader"):
        app.test_client().get("/", headers=headers)


def test_a_user_loader_that_cannot_tell_is_503(make_app: MakeApp, headers: Headers) -> None:
    guard = TokenGuard()
    app = make_app(guard)

    @guard.user_loader
    def load(_: Claims) -> None:
        raise Unavailable("The directory is down")

    app.add_url_rule("/", view_func=token_required(user=True)(new_view()))
    app.add_url_rule("/open", "open", lambda: f"{current_user} {current_user}")
    assert app.test_client().get("/", headers=headers).status_code == 503
    assert app.test_client().get("/open", headers=headers).text == "None None"


def test_the_users_of_two_apps_of_one_guard_come_from_one_loader(
    make_app: MakeApp, headers: Headers
) -> None:
    guard = TokenGuard()
    apps = [make_app(guard), make_app(guard)]
    guard.user_loader(lambda claims: claims["sub"].title())
    for app in apps:
        app.add_url_rule("/", "view", token_required(user=True)(lambda: str(current_user)))
    answers = [app.test_client().get("/", headers=headers).text for app in apps]
    assert answers == ["Alice", "Alice"]
