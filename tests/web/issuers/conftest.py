"""Tokens of other issuers: fixtures."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
)

from .support import guarded


@pytest.fixture
def client(entries: dict[str, Any]) -> FlaskClient:
    return guarded(TokenGuard(), ISSUERS=entries).test_client()
