"""flask-jwt-extended: a secret or a PEM pair in the config, `jwt_required` on the view.

Its documentation puts a key's text into the config, from which it is parsed for each token.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, jwt_required

from .note import OWN_CLAIMS, SCOPE, SUBJECT, serve_note

if TYPE_CHECKING:
    from ..signing_keys import SigningKey


def make_app(key: "SigningKey", blocklist: Any = None) -> Flask:
    """Make the app, with the Redis client that its documentation asks about each `jti`."""
    app = Flask(__name__)
    if isinstance(key.secret_or_private, str):
        app.config["JWT_SECRET_KEY"] = key.secret_or_private
    else:
        app.config["JWT_ALGORITHM"] = key.alg
        app.config["JWT_PRIVATE_KEY"] = key.text
        app.config["JWT_PUBLIC_KEY"] = key.public_text
    manager = JWTManager(app)
    if blocklist is not None:
        manager.token_in_blocklist_loader(
            lambda _, payload: blocklist.get(payload["jti"]) is not None
        )
    return serve_note(app, jwt_required())


def issue(subject: str = SUBJECT) -> str:
    """Issue a token that says what ours says, in the context of such an app."""
    token: str = create_access_token(subject, additional_claims={"scope": SCOPE, **OWN_CLAIMS})
    return token


def tokens(key: "SigningKey", subjects: Sequence[str]) -> list[str]:
    """Issue a token for each subject, with a key that is parsed only once to save our time."""
    app = make_app(key)
    app.config["JWT_PRIVATE_KEY"] = key.secret_or_private
    with app.app_context():
        return [issue(subject) for subject in subjects]
