"""What a receiver of a signal can do to an answer: nothing."""

import asyncio
from typing import Any

import pytest
from blinker import NamedSignal
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
    issue_token,
    issue_token_pair,
    refresh_reused,
    token_accepted,
    token_issued,
    token_rejected,
)

from ..conftest import MakeApp
from ..support import bearer


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    guard = TokenGuard()
    app = make_app(guard, STORAGE_URI="memory://", REFRESH_GRACE=0)
    app.register_blueprint(guard.token_endpoints())
    return app


@pytest.fixture
def pair(app: Flask) -> dict[str, Any]:
    with app.app_context():
        return dict(issue_token_pair("alice"))


def fails(_app: Flask, **members: Any) -> None:
    raise ValueError(f"a secret in {members}")


def refresh(client: FlaskClient, pair: dict[str, Any]) -> int:
    body = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    return client.post("/token", data=body).status_code


@pytest.mark.parametrize("signal", [token_accepted, token_issued], ids=lambda signal: signal.name)
def test_a_request_is_served_although_a_receiver_raises(
    client: FlaskClient, pair: dict[str, Any], signal: NamedSignal
) -> None:
    with signal.connected_to(fails):
        answer = client.get("/claims", headers=bearer(pair["access_token"]))
        assert (answer.status_code, refresh(client, pair)) == (200, 200)


def test_a_refusal_is_sent_although_a_receiver_raises(client: FlaskClient) -> None:
    with token_rejected.connected_to(fails):
        assert client.get("/claims", headers=bearer("x.y.z")).status_code == 401
        assert client.get("/claims").status_code == 401


def test_a_reuse_is_refused_although_a_receiver_raises(
    client: FlaskClient, pair: dict[str, Any]
) -> None:
    with refresh_reused.connected_to(fails), token_rejected.connected_to(fails):
        assert [refresh(client, pair), refresh(client, pair)] == [200, 400]


def test_the_log_names_the_receivers_place_and_quotes_nothing(
    client: FlaskClient, pair: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with token_accepted.connected_to(fails):
        client.get("/claims", headers=bearer(pair["access_token"]))
    assert "token-accepted raised ValueError in" in caplog.text
    assert "test_signals.py" in caplog.text
    assert "secret" not in caplog.text
    assert pair["access_token"] not in caplog.text


def test_the_other_receivers_hear_of_it_all_the_same(app: Flask) -> None:
    heard: list[str] = []

    def hears(_app: Flask, *, claims: Any) -> None:
        heard.append(claims["sub"])

    def hears_too(_app: Flask, *, claims: Any) -> None:
        hears(_app, claims=claims)

    with (
        token_issued.connected_to(hears),
        token_issued.connected_to(fails),
        token_issued.connected_to(hears_too),
        app.app_context(),
    ):
        issue_token("alice")
    assert heard == ["alice", "alice"]


def test_a_receiver_may_be_async(app: Flask) -> None:
    heard: list[str] = []

    async def hears(_app: Flask, *, claims: Any) -> None:
        await asyncio.sleep(0)
        heard.append(claims["sub"])

    with token_issued.connected_to(hears), app.app_context():
        issue_token("alice")
    assert heard == ["alice"]


def test_a_muted_signal_is_sent_to_nobody(app: Flask) -> None:
    with token_issued.connected_to(fails), token_issued.muted(), app.app_context():
        assert issue_token("alice")
