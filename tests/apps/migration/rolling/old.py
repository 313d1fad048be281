"""The version of before, by flask-jwt-extended."""

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

from . import shared


def create_app() -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["JWT_SECRET_KEY"] = shared.SECRET
    jwt = JWTManager(app)

    @jwt.token_in_blocklist_loader
    def is_revoked(_header: Any, payload: Any) -> bool:
        return shared.is_revoked(payload["jti"])

    @app.post("/login")
    def login() -> Any:
        name = request.get_json()["name"]
        access_token = create_access_token(identity=name, fresh=True)
        refresh_token = create_refresh_token(identity=name)
        return jsonify(access_token=access_token, refresh_token=refresh_token, version="old")

    @app.post("/refresh")
    @jwt_required(refresh=True)
    def refresh() -> Any:
        access_token = create_access_token(identity=get_jwt_identity())
        return jsonify(access_token=access_token, version="old")

    @app.post("/logout")
    @jwt_required()
    def logout() -> Any:
        shared.revoke(get_jwt()["jti"])
        return jsonify(version="old")

    @app.get("/me")
    @jwt_required()
    def show() -> Any:
        return jsonify(name=get_jwt_identity(), version="old")

    @app.post("/password")
    @jwt_required(fresh=True)
    def change_password() -> Any:
        return jsonify(version="old")

    return app
