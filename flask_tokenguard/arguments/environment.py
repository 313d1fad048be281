"""The environment: settings that stand there, and that the app has not read."""

import os
from collections.abc import Iterable

# What Flask's from_prefixed_env takes off the names.
_PREFIX = "FLASK_"


def explain_unread(settings: Iterable[str]) -> str | None:
    """Return why the first of some settings in the environment has no effect, or None.

    Args:
        settings: Settings that the app's config lacks.
    """
    for setting in settings:
        if f"{_PREFIX}{setting}" in os.environ:
            return (
                f"{_PREFIX}{setting} is in the environment: call app.config.from_prefixed_env()"
                " before TokenGuard(app) or init_app(app)"
            )
        if setting in os.environ:
            return (
                f"{setting} is in the environment without {_PREFIX}: name it {_PREFIX}{setting},"
                " which app.config.from_prefixed_env() reads"
            )
    return None
