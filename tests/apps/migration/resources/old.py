"""A store of items, by flask-restful, with a table of the tokens that it issued."""

import sqlite3
from typing import Any

from flask import Flask, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jti,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)
from flask_restful import Api, Resource


def create_app(config: dict[str, Any]) -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["JWT_SECRET_KEY"] = config["secret"]
    app.config["PROPAGATE_EXCEPTIONS"] = True
    jwt = JWTManager(app)
    table = sqlite3.connect(config["table"], check_same_thread=False, isolation_level=None)
    table.execute("CREATE TABLE IF NOT EXISTS token (jti TEXT, revoked INTEGER)")

    @jwt.token_in_blocklist_loader
    def is_revoked(_header: Any, payload: Any) -> bool:
        row = table.execute("SELECT revoked FROM token WHERE jti = ?", (payload["jti"],)).fetchone()
        return row is None or bool(row[0])

    class Login(Resource):
        def post(self) -> Any:
            name = request.get_json()["name"]
            if request.get_json()["password"] != "correct horse":
                return {"msg": "Wrong name or password"}, 401
            access_token = create_access_token(identity=name)
            refresh_token = create_refresh_token(identity=name)
            table.execute("INSERT INTO token VALUES (?, 0)", (get_jti(access_token),))
            table.execute("INSERT INTO token VALUES (?, 0)", (get_jti(refresh_token),))
            return {"access_token": access_token, "refresh_token": refresh_token}

    class Refresh(Resource):
        @jwt_required(refresh=True)
        def post(self) -> Any:
            name = get_jwt_identity()
            access_token = create_access_token(identity=name)
            table.execute("INSERT INTO token VALUES (?, 0)", (get_jti(access_token),))
            return {"access_token": access_token}

    class Logout(Resource):
        @jwt_required()
        def delete(self) -> Any:
            table.execute("UPDATE token SET revoked = 1 WHERE jti = ?", (get_jwt()["jti"],))
            return {"msg": "Logged out"}

    class Items(Resource):
        method_decorators = [jwt_required()]

        def get(self) -> Any:
            return {"owner": get_jwt_identity(), "items": ["chair"]}

    api = Api(app)
    api.add_resource(Login, "/login")
    api.add_resource(Refresh, "/refresh")
    api.add_resource(Logout, "/logout")
    api.add_resource(Items, "/items")
    return app
