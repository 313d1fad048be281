"""`refresh_required`: fixtures."""

import pytest
from flask import Flask

from flask_tokenguard import (
    TokenGuard,
)

from ...conftest import MakeApp
from .support import Pair, catching_all, log_in, new_rotation


@pytest.fixture
def guard() -> TokenGuard:
    return TokenGuard()


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard) -> Flask:
    app = make_app(guard, STORAGE_URI="memory://", CLIENT_ID="web")
    app.register_blueprint(guard.token_endpoints(), url_prefix="/oauth")
    app.add_url_rule("/refresh", "refresh", catching_all(new_rotation()), methods=["POST"])
    return app


@pytest.fixture
def pair(app: Flask) -> Pair:
    return log_in(app)
