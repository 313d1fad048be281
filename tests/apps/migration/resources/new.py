"""A store of items, by flask-restful, with a table of the tokens that it issued."""

import sqlite3
from typing import Any

from flask import Flask, request
from flask_tokenguard import (
    Refusal,
    TokenGuard,
    g,
    issue_token_pair,
    refresh_required,
    refresh_token_pair,
    revoke_token,
    token_required,
)
from flask_restful import Api, Resource


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
    app.config["PROPAGATE_EXCEPTIONS"] = True
    jwt = TokenGuard(app)

    was_422 = {"bad_signature", "malformed", "unknown_key", "wrong_algorithm", "wrong_type"}

    @jwt.error_response
    def shape(error: Refusal) -> Any:
        return {"msg": error.description}, 422 if error.reason in was_422 else error.code

    table = sqlite3.connect(config["table"], check_same_thread=False, isolation_level=None)
    table.execute("CREATE TABLE IF NOT EXISTS token (jti TEXT, revoked INTEGER)")

    @jwt.former_token_revoked
    def is_revoked(payload: Any) -> bool:
        row = table.execute("SELECT revoked FROM token WHERE jti = ?", (payload["jti"],)).fetchone()
        return row is None or bool(row[0])

    class Login(Resource):
        def post(self) -> Any:
            name = request.get_json()["name"]
            if request.get_json()["password"] != "correct horse":
                return {"msg": "Wrong name or password"}, 401
            token_pair = issue_token_pair(name)
            access_token = token_pair["access_token"]
            refresh_token = token_pair["refresh_token"]
            return {"access_token": access_token, "refresh_token": refresh_token}

    class Refresh(Resource):
        @refresh_required
        def post(self) -> Any:
            token_pair = refresh_token_pair()
            access_token = token_pair["access_token"]
            return {"access_token": access_token}

    class Logout(Resource):
        @token_required
        def delete(self) -> Any:
            revoke_token(g.claims)
            return {"msg": "Logged out"}

    class Items(Resource):
        method_decorators = [token_required]

        def get(self) -> Any:
            return {"owner": g.claims.subject, "items": ["chair"]}

    api = Api(app)
    api.add_resource(Login, "/login")
    api.add_resource(Refresh, "/refresh")
    api.add_resource(Logout, "/logout")
    api.add_resource(Items, "/items")
    return app
