"""Tokens in cookies: what the tests share."""

from typing import Any

from flask import Flask, jsonify, render_template_string
from werkzeug.test import TestResponse

from flask_tokenguard import (
    csrf_token,
    current_token,
    end_session,
    issue_token_pair,
    require_token,
    set_token_cookies,
    token_required,
    unset_token_cookies,
)

from ..browser import add_refreshes


def with_views(app: Flask) -> Flask:
    """Add a login, a logout, a refresh and a guarded view."""

    @app.post("/login")
    @app.post("/login/<int:persistent>")
    def login(persistent: int = 0) -> Any:
        pair = issue_token_pair("alice", scope="a b")
        response = set_token_cookies(jsonify(), pair, persistent=bool(persistent))
        response.set_data(csrf_token())
        return response

    @app.post("/logout")
    def logout() -> Any:
        end_session()
        response = unset_token_cookies(jsonify())
        response.set_data(csrf_token())
        return response

    add_refreshes(app)

    @app.route("/where", methods=["GET", "POST"])
    @token_required
    def where() -> Any:
        return {"where": current_token.location, "sub": require_token().subject}

    @app.post("/required")
    def required() -> Any:
        return require_token().subject

    @app.get("/cached")
    @token_required
    def cached() -> Any:
        return "", {"Cache-Control": "private, max-age=60", "Vary": "Accept"}

    @app.get("/form")
    def form() -> str:
        return render_template_string("{{ csrf_token() }}")

    return app


def attributes_of(response: TestResponse) -> dict[str, set[str]]:
    """Read the attributes of each cookie that an answer sets."""
    found = {}
    for cookie in response.headers.getlist("Set-Cookie"):
        pair, *attributes = cookie.split("; ")
        found[pair.partition("=")[0]] = set(attributes)
    return found
