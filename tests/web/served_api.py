"""An API that only checks another issuer's tokens, as a server loads it."""

import os
import threading

from flask import Flask

from flask_tokenguard import TokenGuard, token_required


def make_app() -> Flask:
    """Make the app; nothing may run yet that a fork would not take along."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    TokenGuard(app)
    app.add_url_rule("/", view_func=token_required(lambda: str(os.getpid())))
    assert threading.active_count() == 1
    return app
