"""Requests inside requests: fixtures."""

import pytest
from flask import (
    Flask,
)

from flask_tokenguard import (
    TokenGuard,
)

from ...conftest import MakeApp
from .support import _with_inner_views


@pytest.fixture(params=["same app", "another app"])
def apps(request: pytest.FixtureRequest, make_app: MakeApp) -> tuple[Flask, Flask]:
    """Give an outer app and the one that its views call, which may be the same."""
    outer = _with_inner_views(make_app())
    other = _with_inner_views(make_app())
    return outer, {"same app": outer, "another app": other}[request.param]


@pytest.fixture
def guard() -> TokenGuard:
    """One guard for several apps."""
    return TokenGuard()
