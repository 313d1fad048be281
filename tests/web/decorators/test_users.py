"""What `token_required` is called with: optional, user."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, g

from flask_tokenguard import Claims, TokenGuard, current_user, token_required
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.web.parts import Callbacks

from ...conftest import MakeApp
from ..conftest import Headers, HeadersWith


@pytest.fixture
def optional_app(make_app: MakeApp) -> Flask:
    """An app with a view that knows its visitor, if there is a token of the scope `a`."""
    app = make_app()

    @app.get("/")
    @token_required(optional=True, scope="a")
    def view() -> Any:
        return {"claims": g.claims}

    return app


def test_no_token_is_anonymous_where_one_is_optional(optional_app: Flask) -> None:
    assert optional_app.test_client().get("/").get_json() == {"claims": None}


def test_a_good_token_is_known_where_one_is_optional(
    optional_app: Flask, headers_with: HeadersWith
) -> None:
    response = optional_app.test_client().get("/", headers=headers_with(scope="a"))
    assert response.get_json()["claims"]["sub"] == "alice"


def test_a_bad_token_is_refused_where_one_is_optional(
    optional_app: Flask, stale_headers: Headers
) -> None:
    assert_challenge(
        optional_app.test_client().get("/", headers=stale_headers), error="invalid_token"
    )


def test_a_token_that_is_short_is_refused_where_one_is_optional(
    optional_app: Flask, headers: Headers
) -> None:
    assert_challenge(
        optional_app.test_client().get("/", headers=headers), error="insufficient_scope"
    )


@pytest.fixture
def users_app(make_app: MakeApp) -> Flask:
    """An app that knows alice, and whose views demand a user, or do if there is a token."""
    guard = TokenGuard()
    app = make_app(guard)

    @guard.user_loader
    def load(claims: Claims) -> str | None:
        return {"alice": "Alice"}.get(claims["sub"])

    for path, optional in (("/user", False), ("/optional", True)):
        view = token_required(user=True, optional=optional)(lambda: f"hello {current_user}")
        app.add_url_rule(path, path[1:], view)
    return app


@pytest.mark.parametrize("path", ["/user", "/optional"])
def test_a_view_that_demands_a_user_gets_one(users_app: Flask, headers: Headers, path: str) -> None:
    assert users_app.test_client().get(path, headers=headers).text == "hello Alice"


@pytest.mark.parametrize("path", ["/user", "/optional"])
def test_a_token_whose_user_is_gone_is_bad(
    users_app: Flask, headers_with: HeadersWith, path: str
) -> None:
    response = users_app.test_client().get(path, headers=headers_with(sub="bob"))
    assert_challenge(response, error="invalid_token")


def test_an_anonymous_visitor_has_no_user(users_app: Flask) -> None:
    assert users_app.test_client().get("/optional").text == "hello None"


def test_a_user_loader_that_returns_an_awaitable_is_an_error() -> None:
    class Pending:
        def __await__(self) -> Iterator[None]:
            return iter(())

    with pytest.raises(TypeError, match="awaitable"):
        Callbacks(user_loader=lambda _: Pending()).load_user(Claims())


def test_an_async_user_loader_is_refused_as_an_async_check_is() -> None:
    async def load(_: Claims) -> None:
        return None

    with pytest.raises(TypeError, match="async"):
        TokenGuard().user_loader(load)
