"""Requests inside requests: what an app may do to g."""

from typing import Any

import pytest
from flask import (
    g,
)

from flask_tokenguard import (
    Claims,
    TokenGuard,
    current_token,
    current_user,
    token_required,
)
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ..conftest import Headers
from ..support import foreign, new_view


@pytest.mark.parametrize("value", [None, {}, {"sub": "root", "scope": "admin", "role": "admin"}])
def test_what_an_app_assigns_to_g_changes_no_decision(
    make_app: MakeApp, headers: Headers, value: Any
) -> None:
    app = make_app()

    @app.before_request
    def forge() -> None:
        g.claims = value

    app.add_url_rule("/", "view", foreign(token_required(scope="admin")(new_view())))
    client = app.test_client()
    assert_challenge(client.get("/"))
    assert_challenge(client.get("/", headers=headers), error="insufficient_scope")


def test_what_an_app_assigns_to_g_makes_nobody_a_user(make_app: MakeApp) -> None:
    guard = TokenGuard()
    app = make_app(guard)
    guard.user_loader(lambda claims: claims["sub"])

    @app.get("/")
    def view() -> Any:
        g.claims = Claims(sub="root")
        return {"user": current_user or None, "token": bool(current_token)}

    assert app.test_client().get("/").get_json() == {"user": None, "token": False}


def test_claims_changed_by_a_view_are_as_signed_in_the_next(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()

    @app.get("/")
    @token_required
    def view() -> Any:
        seen = g.claims.get("role")
        g.claims["role"] = "admin"
        return {"seen": seen}

    client = app.test_client()
    client.get("/", headers=headers)
    assert client.get("/", headers=headers).get_json() == {"seen": None}
