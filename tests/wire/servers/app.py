"""The app that the servers run: it shows the header that came, and guards a view."""

from typing import Any

from flask import Flask, g, request

from flask_tokenguard import TokenGuard, issue_token, token_required


def make_app() -> Flask:
    """Make the app; its config comes from the environment."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    TokenGuard(app)

    @app.get("/seen")
    def seen() -> dict[str, Any]:
        return {"authorization": request.environ.get("HTTP_AUTHORIZATION")}

    @app.route("/notes", methods=["GET", "POST"])
    @token_required
    def notes() -> dict[str, Any]:
        return {"subject": g.claims["sub"]}

    @app.post("/login")
    def login() -> dict[str, Any]:
        return {"access_token": issue_token("ada")}

    return app
