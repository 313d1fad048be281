"""Where on a request a token is looked for (RFC 6750 section 2): what the tests share."""

from typing import Any

from flask import Flask, g, request

from flask_tokenguard import current_token, public, token_required

from ..support import foreign

EVERYWHERE = ["header", "form", "query", "json"]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
FORM = "application/x-www-form-urlencoded"


def _add_views(app: Flask) -> Flask:
    @app.route("/where", methods=METHODS)
    @token_required
    def where() -> Any:
        return {"where": current_token.location}

    @app.route("/optional", methods=METHODS)
    @token_required(optional=True)
    def optional() -> Any:
        return {"where": current_token.location if current_token else None}

    @app.route("/wrapped", methods=METHODS)
    @foreign
    @token_required
    def wrapped() -> Any:
        return {"where": current_token.location, "sub": g.claims.subject}

    @app.route("/open", methods=METHODS)
    def open_view() -> bytes:
        return request.stream.read()

    @app.route("/public", methods=METHODS)
    @public
    def public_view() -> bytes:
        return request.stream.read()

    return app
