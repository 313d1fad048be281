"""A feed that visitors read too, for clients that write `Authorization: Token ...`."""

from typing import Any

from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    current_user,
    get_jwt_identity,
    jwt_required,
)

USERS = {"ada": {"username": "ada", "bio": "Numbers"}}


def create_app(config: dict[str, Any]) -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["JWT_HEADER_TYPE"] = "Token"
    app.config["JWT_SECRET_KEY"] = config["secret"]
    jwt = JWTManager(app)

    @jwt.user_lookup_loader
    def find_user(_header: Any, payload: Any) -> Any:
        return USERS.get(payload["sub"])

    @app.post("/users/login")
    def login() -> Any:
        name = request.get_json()["user"]["username"]
        return jsonify(user={**USERS[name], "token": create_access_token(identity=name)})

    @app.get("/user")
    @jwt_required()
    def show_user() -> Any:
        return jsonify(user=current_user["username"], bio=current_user["bio"])

    @app.get("/articles")
    @jwt_required(optional=True)
    def list_articles() -> Any:
        name = get_jwt_identity()
        bio = current_user["bio"] if current_user else None
        return jsonify(articles=["Engines"], reader=name, bio=bio)

    return app
