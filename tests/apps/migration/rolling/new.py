"""The version of after, by flask-tokenguard."""

import os
from typing import Any

from flask import Flask, jsonify, request

from flask_tokenguard import (
    InvalidToken,
    TokenGuard,
    VerifiedToken,
    g,
    issue_token_pair,
    refresh_required,
    refresh_token_pair,
    revoke_token,
    token_required,
)

from . import shared


def is_not_revoked_there(token: VerifiedToken) -> None:
    """Refuse a token of ours that the version of before revoked."""
    if shared.is_revoked(token.claims["jti"]):
        raise InvalidToken("The token was revoked")


def create_app() -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = shared.SECRET
    app.config["TOKENGUARD_FORMER_TOKENS"] = {
        "profile": "flask-jwt-extended",
        "key": shared.SECRET,
        "until": os.environ["ROLLING_UNTIL"],
    }
    app.config["TOKENGUARD_STORAGE_URI"] = f"sqlite:///{shared.FOLDER / 'store.db'}"
    app.config["TOKENGUARD_STORAGE_TIMEOUT"] = 30
    app.config["TOKENGUARD_REFRESH_ROTATION"] = "off"
    jwt = TokenGuard(app, clock=shared.clock, validators=[is_not_revoked_there])

    @jwt.former_token_revoked
    def is_revoked(payload: Any) -> bool:
        return shared.is_revoked(payload["jti"])

    @app.post("/login")
    def login() -> Any:
        pair = issue_token_pair(request.get_json()["name"])
        return jsonify({**pair, "version": "new"})

    @app.post("/refresh")
    @refresh_required
    def refresh() -> Any:
        access_token = refresh_token_pair()["access_token"]
        return jsonify(access_token=access_token, version="new")

    @app.post("/logout")
    @token_required
    def logout() -> Any:
        revoke_token(g.claims)
        # The other version asks there.
        shared.revoke(g.claims["jti"])
        return jsonify(version="new")

    @app.get("/me")
    @token_required
    def show() -> Any:
        return jsonify(name=g.claims.subject, version="new")

    @app.post("/password")
    @token_required(max_age=900)
    def change_password() -> Any:
        return jsonify(version="new")

    return app
