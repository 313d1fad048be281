"""Flask-HTTPAuth's `HTTPTokenAuth` with PyJWT.

Its documentation keeps the key in the config; PyJWT's passes `jwt.decode` the text of a secret or
of a PEM key, and the algorithms. It takes our own tokens.
"""

from typing import TYPE_CHECKING, Any

import jwt
from flask import Flask
from flask_httpauth import HTTPTokenAuth

from .note import serve_note

if TYPE_CHECKING:
    from .signing_keys import SigningKey


def make_app(key: "SigningKey") -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["JWT_KEY"] = key.public_text
    auth = HTTPTokenAuth("Bearer")

    @auth.verify_token  # type: ignore[untyped-decorator] # Flask-HTTPAuth has no types
    def verify_token(token: str) -> Any:
        try:
            return jwt.decode(token, app.config["JWT_KEY"], algorithms=[key.alg])
        except jwt.InvalidTokenError:
            return None

    return serve_note(app, auth.login_required)
