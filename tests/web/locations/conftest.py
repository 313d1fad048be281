"""Where on a request a token is looked for (RFC 6750 section 2): fixtures."""

import pytest
from flask.testing import FlaskClient

from ...conftest import MakeApp
from .support import EVERYWHERE, _add_views


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    """A client of an app that looks everywhere."""
    return _add_views(make_app(TOKEN_LOCATIONS=EVERYWHERE)).test_client()


@pytest.fixture
def plain_client(make_app: MakeApp) -> FlaskClient:
    """A client of an app that looks where apps look by default."""
    return _add_views(make_app()).test_client()
