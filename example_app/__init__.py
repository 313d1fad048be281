"""The app factory of a small notes service that is guarded by bearer tokens.

Copy it as the start of an app of your own. `first_start.py` is for the demonstration only: an app
that serves others takes its key ring from its deployment and its users from a sign-up. API clients
send their token in a header and get JSON; `console/` is for browsers, which keep it in a cookie.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response

from . import admin, auth, console, database, notes, sessions
from .counts import Counts
from .incoming import wants_page


def create_app(config: Mapping[str, Any] | None = None, *, instance: Path | None = None) -> Flask:
    """Build the app.

    Args:
        config: Settings that come before all others.
        instance: The folder of the key ring and the databases; default `instance`, beside this
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
        TOKENGUARD_KEYRING="keyring",
        TOKENGUARD_STORAGE_URI="sqlite:///tokenguard.db",
        TOKENGUARD_ISSUER="https://notes.example",
        TOKENGUARD_AUDIENCE="notes",
        TOKENGUARD_TOKEN_LOCATIONS=["header", "cookie"],
        # A browser's session goes on by itself, and who has none is asked to sign in.
        TOKENGUARD_SLIDING_SESSIONS=True,
        TOKENGUARD_LOGIN_VIEW="console.home",
        # A route whose decorator is forgotten is closed, not open.
        TOKENGUARD_PROTECT="all",
    )
    app.config.from_prefixed_env()
    app.config.update(config or {})
    auth.guard.init_app(app)
    database.init_app(app)
    Counts(app)
    for part in (auth, sessions, notes, admin, console):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(auth.guard.token_endpoints(), url_prefix="/oauth")
    app.register_error_handler(HTTPException, answer_error)
    return app


def answer_error(error: HTTPException) -> Response | tuple[str, int]:
    """Give every other error the shape of the guard's refusals, which never come here."""
    # For a host that is not ours no page can be made: it has no address to link to.
    if wants_page() and not isinstance(error, SecurityError):
        return console.error_page(error)
    response = error.get_response()
    name = error.name.lower().replace(" ", "_")
    response.data = json.dumps({"error": name, "error_description": error.description})
    response.mimetype = "application/json"
    return response
