"""Tokens of other issuers: revocation."""

from typing import Any

import pytest

from flask_tokenguard import (
    TokenGuard,
    end_all_sessions,
    end_session,
    issue_token_pair,
    revoke_token,
    sessions_of,
)
from flask_tokenguard import token_required as demand
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.verify.claims import Claims

from ...conftest import MakeApp
from ...support import NO_INSTANTS, SettableClock, bearer
from ..conftest import ID, OTHER, Issue
from .support import guarded


def test_a_foreign_token_can_be_revoked(
    entries: dict[str, Any], issue: Issue, clock: SettableClock
) -> None:
    clock.now -= 10
    app = guarded(TokenGuard(store=MemoryStore(clock=clock)), ISSUERS=entries)
    client = app.test_client()
    headers = issue(ID)
    claims = client.get("/claims", headers=headers).get_json()
    with app.app_context():
        revoke_token(Claims(claims))
    assert_challenge(client.get("/claims", headers=headers), error="invalid_token")
    assert client.get("/claims", headers=issue(ID, jti="2")).status_code == 200


@pytest.mark.parametrize("kind", ["data", "json"])
@pytest.mark.parametrize(
    "claims",
    [
        *({"exp": value} for value in NO_INSTANTS[:-2]),
        {"exp": 253_402_300_799},
        {"exp": 9e9},
        {"iat": 10**400},
        {"nbf": 10**400},
        {"jti": ["1"]},
        {"sub": {}},
    ],
    ids=lambda claims: str(claims)[:30],
)
@pytest.mark.parametrize("issuer", [ID, OTHER])
def test_no_foreign_token_is_too_strange_to_revoke(
    make_app: MakeApp,
    entries: dict[str, Any],
    issue: Issue,
    issuer: str,
    claims: dict[str, Any],
    kind: str,
) -> None:
    guard = TokenGuard()
    app = make_app(guard, ISSUERS=entries, STORAGE_URI="memory://")
    app.register_blueprint(guard.token_endpoints())
    token = issue(issuer, **claims)["Authorization"].removeprefix("Bearer ")
    answer = app.test_client().post("/revoke", **{kind: {"token": token}})
    assert answer.status_code == 200


def test_a_foreign_refresh_token_ends_no_session_of_ours(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue
) -> None:
    app = make_app(ISSUERS=entries, ISSUER="https://us.example", STORAGE_URI="memory://")
    with app.app_context():
        own = issue_token_pair("alice")
        sid = sessions_of("alice")[0].sid
        revoke_token(issue(ID, typ="rt+jwt", sid=sid)["Authorization"].removeprefix("Bearer "))
        assert [session.sid for session in sessions_of("alice")] == [sid]
    answer = app.test_client().get("/claims", headers=bearer(own["access_token"]))
    assert answer.status_code == 200


def test_a_logout_with_a_foreign_token_ends_no_session_of_ours(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue, clock: SettableClock
) -> None:
    clock.now -= 10  # The store is older than the token.
    guard = TokenGuard(store=MemoryStore(clock=clock))
    app = make_app(guard, ISSUERS=entries, ISSUER="https://us.example")
    app.add_url_rule("/logout", "logout", demand(lambda: str(end_session())))
    with app.app_context():
        issue_token_pair("alice")
        sid = sessions_of("alice")[0].sid
    assert app.test_client().get("/logout", headers=issue(ID, sid=sid)).text == "False"
    with app.app_context():
        assert [session.sid for session in sessions_of("alice")] == [sid]


def test_a_foreign_subject_can_be_ended(
    entries: dict[str, Any], issue: Issue, clock: SettableClock
) -> None:
    clock.now -= 10
    app = guarded(TokenGuard(store=MemoryStore(clock=clock)), ISSUERS=entries)
    clock.now += 20
    with app.app_context():
        end_all_sessions("alice", issuer=ID)
    client = app.test_client()
    assert_challenge(client.get("/claims", headers=issue(ID)), error="invalid_token")
    assert client.get("/claims", headers=issue(OTHER)).status_code == 200
