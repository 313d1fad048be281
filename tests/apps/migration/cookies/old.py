"""Notes for a script that keeps its tokens in cookies."""

from typing import Any

from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt_identity,
    jwt_required,
    set_access_cookies,
    set_refresh_cookies,
    unset_jwt_cookies,
)


def create_app(config: dict[str, Any]) -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["JWT_TOKEN_LOCATION"] = ["cookies"]
    app.config["JWT_COOKIE_SECURE"] = False
    app.config["JWT_SECRET_KEY"] = config["secret"]
    JWTManager(app)
    notes: dict[str, list[str]] = {}

    @app.post("/login")
    def login() -> Any:
        name = request.get_json()["name"]
        if request.get_json()["password"] != "correct horse":
            return jsonify(msg="Wrong name or password"), 401
        response = jsonify(msg="Logged in")
        access_token = create_access_token(identity=name)
        refresh_token = create_refresh_token(identity=name)
        set_access_cookies(response, access_token)
        set_refresh_cookies(response, refresh_token)
        return response

    @app.post("/refresh")
    @jwt_required(refresh=True)
    def refresh() -> Any:
        identity = get_jwt_identity()
        response = jsonify(msg="Refreshed")
        access_token = create_access_token(identity=identity)
        set_access_cookies(response, access_token)
        return response

    @app.post("/logout")
    def logout() -> Any:
        response = jsonify(msg="Logged out")
        unset_jwt_cookies(response)
        return response

    @app.get("/notes")
    @jwt_required()
    def list_notes() -> Any:
        return jsonify(notes=notes.get(get_jwt_identity(), []))

    @app.post("/notes")
    @jwt_required()
    def add_note() -> Any:
        notes.setdefault(get_jwt_identity(), []).append(request.get_json()["text"])
        return jsonify(msg="Added"), 201

    return app
