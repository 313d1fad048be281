"""Apps under test: the kit serves an app in testing mode, and no other."""

from flask import Flask

from ..errors import ConfigurationError
from ..web.parts import Parts, parts_of


def parts_under_test(app: Flask) -> Parts:
    """Get the parts of an app that is under test.

    Raises:
        ConfigurationError: The app is not in testing mode, has no guard, or its settings were
            changed after `init_app`.
    """
    if not app.testing:
        raise ConfigurationError(
            f"The app {app.name!r} is not in testing mode, without which flask_tokenguard.testing"
            ' does nothing; in tests, set app.config["TESTING"] = True'
        )
    parts = parts_of(app)
    parts.check_settings()
    return parts
