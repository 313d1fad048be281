"""What stands above a guard: what changed for apps."""

import functools
from typing import Any

from flask import Flask, g, request

from flask_tokenguard import Claims, TokenGuard, require_token, token_required
from flask_tokenguard.testing import assert_challenge

from ..conftest import GuardApp, Headers
from ..support import View, new_view


def test_a_check_runs_before_the_decorators_above_its_guard(
    plain_app: Flask, headers: Headers
) -> None:
    tenants: list[str] = []

    def check(_: Claims) -> bool:
        tenants.append(g.get("tenant", "not known yet"))
        return True

    def with_tenant(view: View) -> View:
        @functools.wraps(view)
        def wrapper() -> Any:
            g.tenant = "ada's"
            return view()

        return wrapper

    view = with_tenant(token_required(check=check)(new_view()))
    plain_app.add_url_rule("/notes", view_func=view)
    assert plain_app.test_client().get("/notes", headers=headers).text == "served"
    assert tenants == ["not known yet"]


def test_a_user_loader_runs_before_decorators_above_its_guard(
    guard_app: GuardApp, headers: Headers
) -> None:
    order: list[str] = []
    guard = TokenGuard()

    @guard.user_loader
    def load(claims: Claims) -> Any:
        order.append("loader")
        return claims.subject

    def decorator(view: View) -> View:
        @functools.wraps(view)
        def wrapper() -> Any:
            order.append("decorator")
            return view()

        return wrapper

    app = guard_app(Flask(__name__), guard)
    app.add_url_rule("/notes", view_func=decorator(token_required(user=True)(new_view())))
    app.test_client().get("/notes", headers=headers)
    assert order == ["loader", "decorator"]


API_KEY = {"X-Api-Key": "k"}


def test_an_api_key_is_no_way_around_a_guarded_function(plain_app: Flask) -> None:
    def key_or_token(view: View) -> View:
        @functools.wraps(view)
        def wrapper() -> Any:
            has_key = "X-Api-Key" in request.headers
            return view.__wrapped__() if has_key else view()  # type: ignore[attr-defined]  # wraps

        return wrapper

    plain_app.add_url_rule("/notes", view_func=key_or_token(token_required(new_view())))
    assert_challenge(plain_app.test_client().get("/notes", headers=API_KEY))


def test_a_decorator_for_a_key_or_a_token_calls_require_token(
    plain_app: Flask, headers: Headers
) -> None:
    def key_or_token(view: View) -> View:
        @functools.wraps(view)
        def wrapper() -> Any:
            if "X-Api-Key" not in request.headers:
                require_token()
            return view()

        return wrapper

    plain_app.add_url_rule("/notes", view_func=key_or_token(new_view()))
    client = plain_app.test_client()
    assert client.get("/notes", headers=API_KEY).text == "served"
    assert client.get("/notes", headers=headers).text == "served"
    assert_challenge(client.get("/notes"))
