"""The app that gunicorn serves in tests; its config comes from the environment."""

import os
from typing import Any

from flask import Flask, g, request

from flask_tokenguard import TokenGuard, issue_token, issue_token_pair, revoke_token, token_required


def make_app() -> Flask:
    """Make the app, and use its store before the server forks its workers."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    guard = TokenGuard(app)
    app.register_blueprint(guard.token_endpoints())
    with app.app_context():
        issue_token("nobody")

    @app.post("/login")
    def login() -> Any:
        return dict(issue_token_pair(request.form.get("subject", "ada")))

    @app.get("/notes")
    @token_required
    def notes() -> Any:
        return g.claims["sub"]

    @app.post("/logout")
    @token_required
    def logout() -> Any:
        revoke_token(g.claims)
        return ""

    @app.after_request
    def name_worker(response: Any) -> Any:
        response.headers["X-Worker"] = str(os.getpid())
        return response

    return app
