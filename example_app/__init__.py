"""The app factory of a small notes service that is guarded by bearer tokens.

Copy it as the start of an app of your own. `first_start.py` is for the demonstration only: an app
that serves others takes its signing key from its deployment and its users from a sign-up.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from flask_tokenguard import public

from . import admin, auth, database, notes, sessions


def create_app(config: Mapping[str, Any] | None = None, *, instance: Path | None = None) -> Flask:
    """Build the app.

    Args:
        config: Settings that come before all others.
        instance: The folder of the signing key and the databases; default `instance`, beside this
            package.

    Raises:
        ConfigurationError: With every fault of the guard's settings.
    """
    instance_path = None if instance is None else str(instance.resolve())
    app = Flask(__name__, instance_path=instance_path, static_folder=None)
    folder = Path(app.instance_path)
    app.config.from_mapping(
        DATABASE=folder / "notes.db",
        MAX_CONTENT_LENGTH=64 * 1024,
        # In the instance folder, as the store is; apps on several machines name a Redis or Valkey.
        TOKENGUARD_KEY_FILE="signing.pem",
        TOKENGUARD_STORAGE_URI="sqlite:///tokenguard.db",
        TOKENGUARD_ISSUER="https://notes.example",
        TOKENGUARD_AUDIENCE="notes",
        # A route whose decorator is forgotten is closed, not open.
        TOKENGUARD_PROTECT="all",
    )
    app.config.from_prefixed_env()
    app.config.update(config or {})
    auth.guard.init_app(app)
    database.init_app(app)
    for part in (auth, sessions, notes, admin):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(auth.guard.token_endpoints(), url_prefix="/oauth")
    app.add_url_rule("/", view_func=index)
    app.register_error_handler(HTTPException, answer_as_json)
    return app


@public
def index() -> dict[str, str]:
    """Say where everything is."""
    return {
        "log in": url_for("auth.login"),
        "refresh": url_for("tokenguard.token"),
        "log out": url_for("sessions.logout"),
        "sessions": url_for("sessions.own"),
        "who am I": url_for("auth.me"),
        "notes": url_for("notes.newest"),
        "users": url_for("admin.users"),
    }


def answer_as_json(error: HTTPException) -> Response:
    """Give every other error the shape of the guard's refusals, which never come here."""
    response = error.get_response()
    name = error.name.lower().replace(" ", "_")
    response.data = json.dumps({"error": name, "error_description": error.description})
    response.mimetype = "application/json"
    return response
