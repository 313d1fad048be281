"""A feed that visitors read too, for clients that write `Authorization: Token ...`."""

from typing import Any

from flask import Flask, jsonify, request
from flask_tokenguard import TokenGuard, current_user, g, issue_token, token_required

USERS = {"ada": {"username": "ada", "bio": "Numbers"}}


def create_app(config: dict[str, Any]) -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["TOKENGUARD_TOKEN_LOCATIONS"] = ["header:Authorization:Token"]
    app.config["TOKENGUARD_KEY"] = config["secret"]
    app.config["TOKENGUARD_FORMER_TOKENS"] = {
        "profile": "flask-jwt-extended",
        "key": config["secret"],
        "until": config["until"],
    }
    jwt = TokenGuard(app)

    @jwt.user_loader
    def find_user(payload: Any) -> Any:
        return USERS.get(payload["sub"])

    @app.post("/users/login")
    def login() -> Any:
        name = request.get_json()["user"]["username"]
        return jsonify(user={**USERS[name], "token": issue_token(name)})

    @app.get("/user")
    @token_required
    def show_user() -> Any:
        return jsonify(user=current_user["username"], bio=current_user["bio"])

    @app.get("/articles")
    @token_required(optional=True)
    def list_articles() -> Any:
        name = g.claims.subject if g.claims else None
        bio = current_user["bio"] if current_user else None
        return jsonify(articles=["Engines"], reader=name, bio=bio)

    return app
