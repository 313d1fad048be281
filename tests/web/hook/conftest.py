"""The hook that authenticates each request: fixtures."""

import pytest
from flask import g
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
    current_token,
)

from ...conftest import MakeApp
from .support import _Users


@pytest.fixture
def open_client(make_app: MakeApp) -> FlaskClient:
    """A client of an app with an open route."""
    app = make_app()
    app.add_url_rule("/open", "open", lambda: {"claims": g.claims, "known": bool(current_token)})
    return app.test_client()


@pytest.fixture
def users() -> _Users:
    """Return the loader, to see the subjects that it was asked for."""
    return _Users()


@pytest.fixture
def guard() -> TokenGuard:
    """Give the guard of an app with claims for every token."""
    guard = TokenGuard()
    guard.default_claims(lambda subject: {"role": "guest", "home": f"/{subject}"})
    return guard
