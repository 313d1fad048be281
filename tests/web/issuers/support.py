"""Tokens of other issuers: what the tests share."""

from typing import Any

from flask import Flask, g

from flask_tokenguard import (
    TokenGuard,
)
from flask_tokenguard import token_required as demand


def guarded(guard: TokenGuard, **settings: Any) -> Flask:
    """Make an app without a key of its own."""
    app = Flask(__name__)
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    guard.init_app(app)
    app.add_url_rule("/claims", "claims", demand(lambda: dict(g.claims)))
    app.add_url_rule("/read", "read", demand(scope="read")(lambda: "served"))
    app.add_url_rule("/admin", "admin", demand(role="admin")(lambda: "served"))
    app.add_url_rule("/scopes", "scopes", demand(lambda: sorted(g.claims.scopes)))
    return app
