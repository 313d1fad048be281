"""Guards of apps that are like ours but for a setting or the time of day."""

import time
from collections.abc import Callable
from typing import Any

from flask import Flask

from flask_tokenguard import TokenGuard


def guard_like(app: Flask, *, clock: Callable[[], float] = time.time, **changes: Any) -> TokenGuard:
    """Make the guard of an app with the same keys and names, and without a store.

    Args:
        app: The app.
        clock: Seconds since the epoch, UTC.
        changes: Settings in place of the app's.
    """
    other = Flask(app.name, instance_path=app.instance_path)
    settings = {name: app.config[name] for name in app.config if name.startswith("TOKENGUARD_")}
    without_store = {
        "TOKENGUARD_STORAGE_URI": None,
        "TOKENGUARD_TOKEN_LOCATIONS": ["header"],
        "TOKENGUARD_SLIDING_SESSIONS": False,
    }
    other.config.update({**settings, **without_store, **changes})
    return TokenGuard(other, clock=clock)
