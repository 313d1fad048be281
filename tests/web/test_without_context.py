"""The methods of a guard that serves one app: sessions and revocation without a context."""

from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    InvalidGrant,
    InvalidToken,
    TokenGuard,
    TokenResponse,
    issue_token_pair,
    refresh_token_pair,
    token_required,
)
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..support import bearer


@pytest.fixture
def guard() -> TokenGuard:
    """A guard, which serves `app` alone."""
    return TokenGuard()


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard) -> Flask:
    """An app with a store, and with routes that call the guard's methods."""
    app = make_app(guard, STORAGE_URI="memory://")

    @app.post("/refresh")
    def refresh() -> TokenResponse:
        return guard.refresh_token_pair(claims={"role": "guest"}, origin="browser")

    @app.post("/logout")
    @token_required
    def logout() -> str:
        return str(guard.end_session())

    return app


@pytest.fixture
def pair(app: Flask, guard: TokenGuard) -> TokenResponse:
    """The tokens of a session that began without a context."""
    assert app.name
    return guard.issue_token_pair("alice", origin="job", scope="read")


def status(app: Flask, pair: TokenResponse) -> int:
    """Ask the guarded route."""
    return app.test_client().get("/claims", headers=bearer(pair["access_token"])).status_code


def test_a_session_begins(app: Flask, pair: TokenResponse) -> None:
    assert (status(app, pair), pair["scope"]) == (200, "read")


def test_sessions_are_listed(guard: TokenGuard, pair: TokenResponse) -> None:
    sid = guard.verify(pair["access_token"]).claims["sid"]
    assert [(one.sid, one.origin) for one in guard.sessions_of("alice")] == [(sid, "job")]


def test_a_session_is_ended_by_its_name(app: Flask, guard: TokenGuard, pair: TokenResponse) -> None:
    claims = guard.verify(pair["access_token"]).claims
    assert guard.end_session(claims["sid"], subject=claims)
    assert status(app, pair) == 401


def test_all_sessions_of_a_subject_are_ended(
    app: Flask, guard: TokenGuard, pair: TokenResponse
) -> None:
    guard.end_all_sessions("alice")
    assert status(app, pair) == 401


def test_a_token_is_revoked(app: Flask, guard: TokenGuard, pair: TokenResponse) -> None:
    guard.revoke_token(pair["access_token"])
    assert status(app, pair) == 401


def test_a_refusal_has_its_finished_answer(guard: TokenGuard, pair: TokenResponse) -> None:
    with pytest.raises(InvalidToken) as refusal:
        guard.revoke_token(f"{pair['access_token']}x")
    assert refusal.value.response is not None


def test_a_view_refreshes_by_its_guard(app: Flask, guard: TokenGuard, pair: TokenResponse) -> None:
    body = {"refresh_token": pair["refresh_token"]}
    answer = app.test_client().post("/refresh", data=body).get_json()
    assert guard.verify(answer["access_token"]).claims["role"] == "guest"
    assert guard.sessions_of("alice")[0].origin == "browser"


def test_a_view_ends_its_session_by_its_guard(app: Flask, pair: TokenResponse) -> None:
    headers = bearer(pair["access_token"])
    assert app.test_client().post("/logout", headers=headers).text == "True"
    assert status(app, pair) == 401


def test_a_refresh_needs_a_token_or_a_request(app: Flask, guard: TokenGuard) -> None:
    with pytest.raises(RuntimeError, match="takes a token"):
        guard.refresh_token_pair()
    with app.app_context(), pytest.raises(RuntimeError, match="takes a token"):
        refresh_token_pair()


def test_a_refresh_token_is_rotated_as_text(
    app: Flask, guard: TokenGuard, pair: TokenResponse
) -> None:
    again = guard.refresh_token_pair(token=pair["refresh_token"], origin="socket")
    assert (status(app, again), guard.sessions_of("alice")[0].origin) == (200, "socket")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é"])
def test_a_bad_refresh_token_as_text_is_refused(app: Flask, guard: TokenGuard, token: str) -> None:
    assert app.name
    with pytest.raises(InvalidGrant):
        guard.refresh_token_pair(token=token)


@pytest.mark.parametrize("token", [7, b"x", ["x"]], ids=repr)
def test_a_refresh_token_must_be_text(app: Flask, guard: TokenGuard, token: Any) -> None:
    assert app.name
    with pytest.raises(TypeError, match="the token must be a str"):
        guard.refresh_token_pair(token=token)


def test_a_refresh_with_a_text_reads_nothing_from_the_request(
    app: Flask, pair: TokenResponse
) -> None:
    body = {"refresh_token": "another", "scope": "", "client_id": "another"}
    with app.test_request_context(method="POST", json=body):
        assert refresh_token_pair(token=pair["refresh_token"])["scope"] == "read"


def test_a_session_without_a_name_needs_a_request(app: Flask, guard: TokenGuard) -> None:
    assert app.name
    with pytest.raises(RuntimeError, match="takes a sid"):
        guard.end_session()


def test_a_token_of_another_app_names_no_session_of_this_one(make_app: MakeApp) -> None:
    store = MemoryStore()
    guard = TokenGuard(store=store)
    make_app(guard)
    other = make_app(TokenGuard(store=store))
    other.add_url_rule("/", "end", token_required(lambda: str(guard.end_session())))
    with other.app_context():
        token = issue_token_pair("alice")["access_token"]
    assert other.test_client().get("/", headers=bearer(token)).text == "False"
