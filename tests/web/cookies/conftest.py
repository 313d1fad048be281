"""Tokens in cookies: fixtures."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
)

from ...conftest import MakeApp
from ...support import SettableClock
from ..browser import (
    SETTINGS,
    post,
)
from .support import with_views


@pytest.fixture
def app(make_app: MakeApp, clock: SettableClock) -> Flask:
    """An app whose tokens are in cookies, with the endpoints for them."""
    app = with_views(make_app(TokenGuard(clock=clock), **SETTINGS))
    app.register_blueprint(app.extensions["guard"].token_endpoints(lambda: "here", cookies=True))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that has logged in."""
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    post(client, "/login")
    return client
