"""Sliding sessions: what the tests share."""

from typing import Any

from flask import Flask, jsonify
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    csrf_token,
    current_token,
    end_session,
    g,
    issue_token_pair,
    public,
    require_token,
    set_token_cookies,
    token_required,
    unset_token_cookies,
)

from ..browser import (
    NAMES,
    SETTINGS,
    add_refreshes,
    post,
)

SLIDING = SETTINGS | {"SLIDING_SESSIONS": True}
LIFETIME = 900
QUARTER = LIFETIME * 3 // 4


def with_views(app: Flask) -> Flask:
    """Add a login, a logout, and views that show who is there."""

    @app.post("/login")
    @app.post("/login/<int:persistent>")
    @public
    def login(persistent: int = 0) -> Any:
        return set_token_cookies(jsonify(), issue_token_pair("alice"), persistent=bool(persistent))

    @app.post("/logout")
    @public
    def logout() -> Any:
        end_session()
        return unset_token_cookies(jsonify())

    @app.route("/me", methods=["GET", "POST"])
    @token_required
    def me() -> Any:
        claims = require_token()
        return {"sub": claims.subject, "sid": claims["sid"], "where": current_token.location}

    @app.route("/open", methods=["GET", "POST"])
    @public
    def is_open() -> Any:
        return {"sub": None if g.claims is None else g.claims.subject}

    @app.post("/end")
    @public
    def end() -> Any:
        return str(end_session())

    add_refreshes(app)

    @app.get("/shared")
    @public
    def shared() -> Any:
        return "", {"Cache-Control": "public, max-age=60"}

    app.add_url_rule("/form", "form", public(csrf_token))
    return app


def signed_in(app: Flask, path: str = "/login") -> FlaskClient:
    client = app.test_client()
    post(client, path)
    return client


def slid(response: TestResponse) -> bool:
    """Check whether an answer brings new tokens; it brings all or none."""
    cookies = [cookie.partition("=")[0] for cookie in response.headers.getlist("Set-Cookie")]
    assert cookies in ([], NAMES)
    return bool(cookies)
