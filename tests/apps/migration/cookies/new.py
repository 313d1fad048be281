"""Notes for a script that keeps its tokens in cookies."""

from typing import Any

from flask import Flask, jsonify, request
from flask_tokenguard import (
    TokenGuard,
    g,
    issue_token_pair,
    refresh_required,
    refresh_token_pair,
    set_token_cookies,
    token_required,
    unset_token_cookies,
)


def create_app(config: dict[str, Any]) -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["TOKENGUARD_TOKEN_LOCATIONS"] = ["cookie"]
    app.config["TOKENGUARD_COOKIE_ACCESS_NAME"] = "access_token_cookie"
    app.config["TOKENGUARD_COOKIE_REFRESH_NAME"] = "refresh_token_cookie"
    app.config["TOKENGUARD_COOKIE_CSRF_NAME"] = ["csrf_access_token", "csrf_refresh_token"]
    app.config["TOKENGUARD_COOKIE_CSRF_HEADER"] = "X-CSRF-TOKEN"
    app.config["TOKENGUARD_COOKIE_INSECURE"] = app.debug
    app.config["TOKENGUARD_KEY"] = config["secret"]
    app.config["TOKENGUARD_FORMER_TOKENS"] = {
        "profile": "flask-jwt-extended",
        "key": config["secret"],
        "until": config["until"],
    }
    app.config["TOKENGUARD_STORAGE_URI"] = config["store"]
    TokenGuard(app)
    notes: dict[str, list[str]] = {}

    @app.post("/login")
    def login() -> Any:
        name = request.get_json()["name"]
        if request.get_json()["password"] != "correct horse":
            return jsonify(msg="Wrong name or password"), 401
        response = jsonify(msg="Logged in")
        token_pair = issue_token_pair(name)
        set_token_cookies(response, token_pair)
        return response

    @app.post("/refresh")
    @refresh_required
    def refresh() -> Any:
        response = jsonify(msg="Refreshed")
        token_pair = refresh_token_pair()
        set_token_cookies(response, token_pair)
        return response

    @app.post("/logout")
    def logout() -> Any:
        response = jsonify(msg="Logged out")
        unset_token_cookies(response)
        return response

    @app.get("/notes")
    @token_required
    def list_notes() -> Any:
        return jsonify(notes=notes.get(g.claims.subject, []))

    @app.post("/notes")
    @token_required
    def add_note() -> Any:
        notes.setdefault(g.claims.subject, []).append(request.get_json()["text"])
        return jsonify(msg="Added"), 201

    return app
