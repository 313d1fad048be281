"""flask-jwt-extended: a secret or a PEM pair in the config, `jwt_required` on the view.

Its documentation puts a key's text into the config, from which it is parsed for each token.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, jwt_required

from .note import OWN_CLAIMS, SCOPE, SUBJECT, serve_note

if TYPE_CHECKING:
    from .signing_keys import SigningKey


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


def with_blocklist(app: Flask, uri: str, revoked: int) -> Flask:
    """Let an app look into a table for each token, as the documentation has it.

    https://flask-jwt-extended.readthedocs.io/en/stable/blocklist_and_token_revoking.html

    Args:
        app: The app.
        uri: Where the table is.
        revoked: How many ids are in it.
    """
    from flask_sqlalchemy import SQLAlchemy  # noqa: PLC0415 - in one comparison alone

    app.config["SQLALCHEMY_DATABASE_URI"] = uri
    db = SQLAlchemy(app)

    class TokenBlocklist(db.Model):  # type: ignore[name-defined,misc] # made for each extension
        id = db.Column(db.Integer, primary_key=True)
        jti = db.Column(db.String(36), nullable=False, index=True)
        created_at = db.Column(db.DateTime, nullable=False)

    @app.extensions["flask-jwt-extended"].token_in_blocklist_loader  # type: ignore[untyped-decorator] # it has no types
    def check_if_token_revoked(_header: Any, payload: dict[str, Any]) -> bool:
        jti = payload["jti"]
        token = db.session.query(TokenBlocklist.id).filter_by(jti=jti).scalar()
        return token is not None

    with app.app_context():
        db.create_all()
        then = datetime.now(UTC).replace(tzinfo=None)
        rows = [{"jti": str(uuid4()), "created_at": then} for _ in range(revoked)]
        db.session.execute(db.insert(TokenBlocklist), rows)
        db.session.commit()
        db.session.execute(db.text("ANALYZE"))
        db.session.commit()
    return app


def issue(subject: str = SUBJECT) -> str:
    """Issue a token with the claims of ours, in the context of such an app."""
    token: str = create_access_token(subject, additional_claims={"scope": SCOPE, **OWN_CLAIMS})
    return token


def tokens(key: "SigningKey", subjects: Sequence[str]) -> list[str]:
    """Issue a token for each subject, with a key that is parsed only once to save our time."""
    app = make_app(key)
    app.config["JWT_PRIVATE_KEY"] = key.secret_or_private
    with app.app_context():
        return [issue(subject) for subject in subjects]
