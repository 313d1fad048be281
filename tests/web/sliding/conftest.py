"""Sliding sessions: fixtures."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
)

from ...conftest import MakeApp
from ...support import SettableClock
from .support import SLIDING, signed_in, with_views


@pytest.fixture
def app(make_app: MakeApp, clock: SettableClock) -> Flask:
    """An app whose sessions slide."""
    app = with_views(make_app(TokenGuard(clock=clock), **SLIDING))
    app.register_blueprint(app.extensions["guard"].token_endpoints(cookies=True))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that has logged in."""
    return signed_in(app)
