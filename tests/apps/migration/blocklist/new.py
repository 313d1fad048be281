"""Accounts with a blocklist in Redis, and a change of the password after a fresh login."""

from datetime import timedelta
from typing import Any

from flask import Flask, jsonify, request
from flask_tokenguard import (
    TokenGuard,
    g,
    issue_token_pair,
    refresh_required,
    refresh_token_pair,
    revoke_token,
    token_required,
)
from redis import Redis

ACCESS_EXPIRES = timedelta(minutes=30)


def create_app(config: dict[str, Any]) -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = config["secret"]
    app.config["TOKENGUARD_FORMER_TOKENS"] = {
        "profile": "flask-jwt-extended",
        "key": config["secret"],
        "until": config["until"],
    }
    app.config["TOKENGUARD_STORAGE_URI"] = config["store"]
    app.config["TOKENGUARD_REFRESH_ROTATION"] = "off"
    app.config["TOKENGUARD_ACCESS_TOKEN_LIFETIME"] = ACCESS_EXPIRES
    jwt = TokenGuard(app)
    blocklist = Redis.from_url(config["redis"], decode_responses=True)

    @jwt.former_token_revoked
    def is_revoked(payload: Any) -> bool:
        return blocklist.get(payload["jti"]) is not None

    @jwt.default_claims
    def claims_of(_identity: str) -> Any:
        return {"role": "editor"}

    @app.post("/login")
    def login() -> Any:
        name = request.get_json()["name"]
        token_pair = issue_token_pair(name)
        access_token = token_pair["access_token"]
        refresh_token = token_pair["refresh_token"]
        return jsonify(access_token=access_token, refresh_token=refresh_token)

    @app.post("/refresh")
    @refresh_required
    def refresh() -> Any:
        token_pair = refresh_token_pair()
        access_token = token_pair["access_token"]
        return jsonify(access_token=access_token)

    @app.delete("/logout")
    @token_required
    def logout() -> Any:
        revoke_token(g.claims)
        return jsonify(msg="Access token revoked")

    @app.get("/account")
    @token_required
    def show_account() -> Any:
        return jsonify(name=g.claims.subject, role=g.claims["role"])

    @app.post("/password")
    @token_required(max_age=900)
    def change_password() -> Any:
        return jsonify(msg="Changed")

    return app
