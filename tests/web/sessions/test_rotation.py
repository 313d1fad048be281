"""Sessions in an app: rotation."""

from collections.abc import Iterator
from secrets import token_urlsafe
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
    issue_token_pair,
    refresh_reused,
    refresh_token_pair,
)

from ...conftest import MakeApp
from ...support import SettableClock
from .support import (
    LogIn,
    Refresh,
    claims_of,
    error_of,
    is_refused,
)


@pytest.fixture
def reuses() -> Iterator[list[dict[str, Any]]]:
    """Collect the signals of reuse."""
    seen: list[dict[str, Any]] = []

    def receive(_app: Flask, **members: Any) -> None:
        seen.append(members)

    with refresh_reused.connected_to(receive):
        yield seen


def test_a_repeat_within_the_grace_gets_the_same_successor(
    app: Flask, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    pair = log_in()
    first = refresh(pair, scope="read").get_json()
    clock.now += 9
    again = refresh(pair).get_json()
    verify = app.extensions["tokenguard"].sessions.verify
    one, other = (verify(answer["refresh_token"]).claims for answer in (first, again))
    assert {name for name in one if one[name] != other[name]} == {"iat"}
    assert again["scope"] == "read"


@pytest.mark.parametrize("scopes", [("read", "write"), (" ", "read"), ("read", " ")])
def test_the_same_successor_has_the_same_scope(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, scopes: tuple[str, str]
) -> None:
    pair = log_in()
    first, again = (refresh(pair, scope=scope).get_json() for scope in scopes)
    assert again.get("scope", "") == first.get("scope", "") == scopes[0].strip()
    assert claims_of(client, again).get("scope", "") == scopes[0].strip()


def test_a_refresh_must_fit_with_all_that_was_granted(
    app: Flask, refresh: Refresh, guard: TokenGuard
) -> None:
    with app.app_context():
        pair = dict(issue_token_pair("alice", scope="read " + "x" * 2000))
    assert refresh(pair, scope="read").status_code == 200
    guard.default_claims(lambda _: {"note": "x" * 5000})
    # Its successor was issued with all of it, or could have been.
    assert refresh(pair, scope="read").status_code == 500


def test_what_only_encryption_makes_too_long_spends_nothing(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    notes = ["", "x" * 5500, ""]
    guard.default_claims(lambda _: {"note": notes.pop(0)})
    jwk = {"kty": "oct", "k": token_urlsafe(32), "alg": "A256KW"}
    app = make_app(guard, ENCRYPTION={"key": jwk}, REFRESH_GRACE=0)
    app.add_url_rule("/refresh", "refresh", refresh_token_pair, methods=["POST"])
    with app.app_context():
        pair = dict(issue_token_pair("alice"))
    body = {"refresh_token": pair["refresh_token"]}
    answers = [app.test_client().post("/refresh", data=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [500, 200]


def test_the_grace_ends_when_the_successor_is_spent(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, reuses: list[dict[str, Any]]
) -> None:
    pair = log_in()
    second = refresh(pair).get_json()
    third = refresh(second).get_json()
    sid = claims_of(client, third)["sid"]
    assert error_of(refresh(pair)) == (400, "invalid_grant")
    assert reuses == [{"subject": "alice", "sid": sid, "successor_age": 0, "successor_used": True}]
    assert is_refused(client, third)
    assert error_of(refresh(third)) == (400, "invalid_grant")


def test_a_reuse_after_the_grace_ends_the_session(
    client: FlaskClient,
    log_in: LogIn,
    refresh: Refresh,
    clock: SettableClock,
    reuses: list[dict[str, Any]],
) -> None:
    pair = log_in()
    second = refresh(pair).get_json()
    clock.now += 11
    assert error_of(refresh(pair)) == (400, "invalid_grant")
    (reuse,) = reuses
    assert (reuse["successor_age"], reuse["successor_used"]) == (11, False)
    assert is_refused(client, pair)
    assert is_refused(client, second)


def test_a_reuse_leaves_other_sessions_alone(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    other, pair = log_in(), log_in()
    refresh(pair)
    clock.now += 11
    refresh(pair)
    assert claims_of(client, other)
    assert refresh(other).status_code == 200
