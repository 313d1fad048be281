"""Sessions in an app: fixtures."""

from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    TokenGuard,
    end_session,
    issue_token_pair,
    refresh_token_pair,
    token_required,
)

from ...conftest import MakeApp
from ...support import SettableClock
from .support import BreakableStore, LogIn, Pair, Refresh


@pytest.fixture
def store(clock: SettableClock) -> BreakableStore:
    return BreakableStore(clock=clock)


@pytest.fixture
def guard(store: BreakableStore, clock: SettableClock) -> TokenGuard:
    return TokenGuard(store=store, clock=clock)


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard) -> Flask:
    app = make_app(guard)

    @app.post("/login")
    def login() -> Any:
        return issue_token_pair("alice", scope="read write", **request.get_json())

    @app.post("/refresh")
    def refresh() -> Any:
        return refresh_token_pair()

    @app.post("/logout")
    @token_required
    def logout() -> str:
        return str(end_session())

    return app


@pytest.fixture
def log_in(client: FlaskClient) -> LogIn:
    def log_in(**options: Any) -> Pair:
        pair: Pair = client.post("/login", json=options).get_json()
        return pair

    return log_in


@pytest.fixture
def refresh(client: FlaskClient) -> Refresh:
    def refresh(pair: Pair, **parameters: str) -> TestResponse:
        body = {"refresh_token": pair["refresh_token"], **parameters}
        return client.post("/refresh", data=body)

    return refresh
