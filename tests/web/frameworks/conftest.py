"""The same answers under every framework: fixtures."""

import pytest
from apiflask import APIFlask
from flask import Flask
from flask.testing import FlaskClient

from ..conftest import GuardApp
from .support import BUILDS, _name


@pytest.fixture(params=BUILDS, ids=_name)
def client(request: pytest.FixtureRequest, guard_app: GuardApp) -> FlaskClient:
    """A client of the same guarded view under each framework."""
    app = APIFlask(__name__) if "apiflask" in _name(request.param) else Flask(__name__)
    guard_app(app, REALM="notes")
    request.param(app)
    return app.test_client()
