"""The same answers under every framework: `TokenGuard.verify` refuses in a view."""

from typing import Any

import pytest
from flask import Flask
from flask_restful import Api as RestfulApi
from flask_restful import Resource

from flask_tokenguard import (
    TokenGuard,
)
from flask_tokenguard.testing import assert_challenge

from ..conftest import GuardApp


@pytest.fixture
def verifying_app(guard_app: GuardApp) -> Flask:
    """An app with views that verify a bad token themselves."""
    guard = TokenGuard()
    app: Flask = guard_app(Flask(__name__), guard)

    class Verifying(Resource):  # type: ignore[misc]  # flask-restful has no types
        def get(self) -> Any:
            return guard.verify("x").claims

    RestfulApi(app, serve_challenge_on_401=True).add_resource(Verifying, "/restful")
    app.add_url_rule("/function", "function", lambda: guard.verify("x").claims)
    return app


@pytest.mark.parametrize("path", ["/restful", "/function"])
def test_a_refusal_not_caught_by_a_view_is_answered_the_same(
    verifying_app: Flask, path: str
) -> None:
    assert_challenge(verifying_app.test_client().get(path), error="invalid_token")
