"""Accounts with a blocklist in Redis, and a change of the password after a fresh login."""

from datetime import timedelta
from typing import Any

from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)
from redis import Redis

ACCESS_EXPIRES = timedelta(minutes=30)


def create_app(config: dict[str, Any]) -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["JWT_SECRET_KEY"] = config["secret"]
    app.config["JWT_ACCESS_TOKEN_EXPIRES"] = ACCESS_EXPIRES
    jwt = JWTManager(app)
    blocklist = Redis.from_url(config["redis"], decode_responses=True)

    @jwt.token_in_blocklist_loader
    def is_revoked(_header: Any, payload: Any) -> bool:
        return blocklist.get(payload["jti"]) is not None

    @jwt.additional_claims_loader
    def claims_of(_identity: str) -> Any:
        return {"role": "editor"}

    @app.post("/login")
    def login() -> Any:
        name = request.get_json()["name"]
        access_token = create_access_token(identity=name, fresh=True)
        refresh_token = create_refresh_token(identity=name)
        return jsonify(access_token=access_token, refresh_token=refresh_token)

    @app.post("/refresh")
    @jwt_required(refresh=True)
    def refresh() -> Any:
        identity = get_jwt_identity()
        access_token = create_access_token(identity=identity, fresh=False)
        return jsonify(access_token=access_token)

    @app.delete("/logout")
    @jwt_required()
    def logout() -> Any:
        blocklist.set(get_jwt()["jti"], "", ex=ACCESS_EXPIRES)
        return jsonify(msg="Access token revoked")

    @app.get("/account")
    @jwt_required()
    def show_account() -> Any:
        return jsonify(name=get_jwt_identity(), role=get_jwt()["role"])

    @app.post("/password")
    @jwt_required(fresh=True)
    def change_password() -> Any:
        return jsonify(msg="Changed")

    return app
