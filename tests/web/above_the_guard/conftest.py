"""What stands above a guard: fixtures."""

import pytest
from flask import Flask

from ..conftest import GuardApp
from .support import BUILDS, CONFIG, Build, _app_of


@pytest.fixture(params=BUILDS, ids=lambda build: build.__name__.strip("_"))
def build(request: pytest.FixtureRequest) -> Build:
    """A way to put a cache above a guard."""
    return request.param  # type: ignore[no-any-return]  # pytest's param is Any


@pytest.fixture(params=["marked", "all"])
def app(request: pytest.FixtureRequest, build: Build, guard_app: GuardApp) -> Flask:
    """An app with a cached and guarded view, whatever else it protects."""
    return _app_of(build, guard_app, PROTECT=request.param)


@pytest.fixture
def plain_app(guard_app: GuardApp) -> Flask:
    """A guarded app without views, ready for every extension."""
    app = Flask(__name__)
    app.config.update(CONFIG)
    return guard_app(app)  # type: ignore[no-any-return]  # the fixture's type is loose
