"""Apps in testing mode, as those have that are tested with the kit."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import TokenGuard

from ..conftest import MakeApp

MakeTested = Callable[..., Flask]


@pytest.fixture
def make_tested(make_app: MakeApp) -> MakeTested:
    """Make an app as `make_app` does, in testing mode."""

    def make(guard: TokenGuard | None = None, **settings: Any) -> Flask:
        app = make_app(guard, **settings)
        app.testing = True
        return app

    return make


@pytest.fixture
def app(make_tested: MakeTested) -> Flask:
    """An app in testing mode, with a store."""
    return make_tested(STORAGE_URI="memory://")
