"""The reasons of refusals: fixtures."""

from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    require_token,
    token_required,
)

from ...conftest import MakeApp
from ..conftest import Issue, Sign
from ..support import new_view
from .support import Kit


@pytest.fixture
def kit(make_app: MakeApp, sign: Sign, good_claims: dict[str, Any], issue: Issue) -> Kit:
    return Kit(make_app, sign, good_claims, issue)


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    app = make_app()
    app.add_url_rule("/open", "open", new_view())
    app.add_url_rule("/asks", "asks", lambda: require_token()["sub"])
    app.add_url_rule("/optional", "optional", token_required(optional=True)(new_view()))
    return app
