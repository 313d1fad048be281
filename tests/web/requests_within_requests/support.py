"""Requests inside requests: what the tests share."""

from typing import Any

from flask import (
    Flask,
    g,
)

from flask_tokenguard import (
    current_token,
)


def _known() -> str | None:
    claims = current_token.claims if current_token else None
    return claims["sub"] if claims else None


def _who() -> Any:
    shown = g.get("claims", {"sub": "g has no claims"})
    return {"shown": shown and shown["sub"], "known": _known()}


def _with_inner_views(app: Flask) -> Flask:
    app.add_url_rule("/inner", "inner", _who)
    return app
