"""Sessions in an app: ending."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    end_all_sessions,
    end_session,
    issue_token,
    issue_token_pair,
    sessions_of,
)

from ...support import SettableClock, bearer
from .support import (
    LogIn,
    Refresh,
    claims_of,
    error_of,
    is_refused,
)


def test_a_logout_refuses_the_access_token_at_once(
    client: FlaskClient, log_in: LogIn, refresh: Refresh
) -> None:
    pair = log_in()
    assert client.post("/logout", headers=bearer(pair["access_token"])).text == "True"
    assert is_refused(client, pair)
    assert error_of(refresh(pair)) == (400, "invalid_grant")


def test_a_token_without_a_session_has_none_to_end(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        token = issue_token("alice")
    assert client.post("/logout", headers=bearer(token)).text == "False"


def test_a_session_of_somebody_else_is_not_ended(
    app: Flask, client: FlaskClient, log_in: LogIn
) -> None:
    pair = log_in()
    sid = claims_of(client, pair)["sid"]
    with app.app_context():
        assert not end_session(sid, subject="mallory")
        assert claims_of(client, pair)
        assert end_session(sid, subject="alice")
        assert not end_session(sid)


@pytest.mark.parametrize("sid", ["", "x", "é", "A" * 22, "A" * 500])
def test_a_session_that_is_none_cannot_be_ended(app: Flask, sid: str) -> None:
    with app.app_context():
        assert not end_session(sid)


def test_all_sessions_end_and_a_new_one_begins_at_once(
    app: Flask, client: FlaskClient, log_in: LogIn, refresh: Refresh
) -> None:
    pairs = [log_in(), log_in()]
    with app.app_context():
        plain = issue_token("alice")
        end_all_sessions("alice")
    assert all(is_refused(client, pair) for pair in [*pairs, {"access_token": plain}])
    assert all(refresh(pair).status_code == 400 for pair in pairs)
    assert claims_of(client, log_in())


def test_sessions_tell_when_from_where_and_how_lately(
    app: Flask, client: FlaskClient, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    pair = log_in(origin="Firefox on Linux")
    sid = claims_of(client, pair)["sid"]
    clock.now += 60
    log_in(origin="a phone")
    clock.now += 60
    refresh(pair)
    with app.app_context():
        newest, oldest = sessions_of("alice")
    assert (newest.origin, oldest.origin, oldest.sid) == ("a phone", "Firefox on Linux", sid)
    now = datetime.fromtimestamp(clock(), UTC)
    assert abs(oldest.last_used - now) < timedelta(seconds=1)
    assert abs(now - oldest.started - timedelta(seconds=120)) < timedelta(seconds=1)
    assert abs(oldest.expires_at - now - timedelta(days=30)) <= timedelta(seconds=1)


def test_a_session_that_has_expired_is_not_listed(
    app: Flask, log_in: LogIn, clock: SettableClock
) -> None:
    log_in()
    clock.now += timedelta(days=30).total_seconds()
    with app.app_context():
        assert sessions_of("alice") == []


def test_what_a_request_says_of_its_origin_is_cut(app: Flask) -> None:
    with app.app_context():
        issue_token_pair("alice", origin="\ud800" + "x" * 1000)
        assert sessions_of("alice")[0].origin == "?" + "x" * 199
