"""This project."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flask import Flask

from flask_tokenguard import TokenGuard, issue_token, token_required

from .note import OWN_CLAIMS, SCOPE, SUBJECT, serve_note

if TYPE_CHECKING:
    from .signing_keys import SigningKey

# Collected while the process lives on, an app would leave its connections open.
_APPS: list[Flask] = []


def make_app(**settings: Any) -> Flask:
    """Make an app with these settings, named without their prefix."""
    app = Flask(__name__)
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    guard = TokenGuard(app)
    if "STORAGE_URI" in settings:
        app.register_blueprint(guard.token_endpoints())
        _APPS.append(app)
    return serve_note(app, token_required)


def issue(subject: str = SUBJECT) -> str:
    """Issue a token in the context of such an app."""
    return issue_token(subject, scope=SCOPE, claims=OWN_CLAIMS)


def refresh_tokens(app: Flask, count: int) -> list[str]:
    """Log in so often; return the refresh tokens."""
    from flask_tokenguard import issue_token_pair  # noqa: PLC0415 - only an app with a store needs it

    with app.app_context():
        return [
            issue_token_pair(SUBJECT, scope=SCOPE, claims=OWN_CLAIMS)["refresh_token"]
            for _ in range(count)
        ]


def tokens(key: "SigningKey", subjects: Sequence[str], **settings: Any) -> list[str]:
    """Issue a token for each subject, all distinct."""
    with make_app(KEY=key.text, **settings).app_context():
        return [issue(subject) for subject in subjects]
