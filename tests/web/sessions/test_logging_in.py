"""Sessions in an app: logging in."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    IssueError,
    issue_token,
    issue_token_pair,
    sessions_of,
)
from flask_tokenguard.testing import assert_challenge

from ...support import NO_INSTANTS, SettableClock, bearer
from .support import LogIn, Refresh, claims_of, error_of, is_refused


def test_a_login_answers_as_rfc_6749_asks(client: FlaskClient) -> None:
    answer = client.post("/login", json={})
    pair = answer.get_json()
    assert pair.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 900)
    assert pair["scope"] == "read write"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_response_without_scope_names_none(app: Flask) -> None:
    with app.app_context():
        assert "scope" not in issue_token_pair("alice")


def test_the_access_token_names_its_session_and_its_login(
    client: FlaskClient, log_in: LogIn, clock: SettableClock
) -> None:
    claims = claims_of(client, log_in(claims={"role": "admin"}))
    assert claims["auth_time"] == int(clock())
    assert (claims["role"], claims["scope"]) == ("admin", "read write")
    assert len(claims["sid"]) == 22


def test_a_refresh_token_never_passes_as_an_access_token(
    client: FlaskClient, log_in: LogIn
) -> None:
    answer = client.get("/claims", headers=bearer(log_in()["refresh_token"]))
    assert_challenge(answer, error="invalid_token")


def test_an_access_token_never_passes_as_a_refresh_token(log_in: LogIn, refresh: Refresh) -> None:
    pair = log_in()
    answer = refresh({"refresh_token": pair["access_token"]})
    assert error_of(answer) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "moment", [1_700_000_000, datetime.fromtimestamp(1_700_000_000, UTC)], ids=repr
)
def test_an_app_may_say_when_the_subject_showed_who_it_is(app: Flask, moment: Any) -> None:
    with app.app_context():
        token = issue_token_pair("alice", auth_time=moment)["access_token"]
        assert (
            app.extensions["tokenguard"].verifier.verify(token).claims["auth_time"] == 1_700_000_000
        )


@pytest.mark.parametrize(
    "moment",
    [
        *NO_INSTANTS[1:],
        datetime(2026, 1, 1),  # noqa: DTZ001 - refused
        datetime(1969, 12, 31, tzinfo=UTC),
    ],
    ids=lambda moment: str(moment)[:20],
)
def test_a_moment_that_is_none_is_refused(app: Flask, moment: Any) -> None:
    with app.app_context(), pytest.raises(IssueError, match="auth_time"):
        issue_token("alice", auth_time=moment)


def test_every_access_token_of_a_session_has_an_nbf_if_asked(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    pair = log_in(not_before=0)
    assert claims_of(client, pair)["nbf"] == int(clock())
    clock.now += 60
    assert claims_of(client, refresh(pair).get_json())["nbf"] == int(clock())


def test_a_refresh_does_not_bring_the_start_of_a_session_forward(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    begin = int(clock()) + 600
    pair = log_in(not_before=600)
    clock.now += 300
    pair = refresh(pair).get_json()
    assert is_refused(client, pair)
    clock.now = begin
    assert claims_of(client, pair)["nbf"] == begin


@pytest.mark.parametrize("lifetime", [None, 3600])
def test_a_session_of_tokens_that_are_never_valid_does_not_begin(
    app: Flask, lifetime: int | None
) -> None:
    with app.app_context():
        with pytest.raises(IssueError, match="would expire before it is valid"):
            issue_token_pair("alice", not_before=900, lifetime=lifetime)
        assert sessions_of("alice") == []


@pytest.mark.parametrize("options", [{"claims": {"sub": "bob"}}, {"header": {"alg": "none"}}])
def test_a_login_that_cannot_be_issued_leaves_no_session(
    app: Flask, options: dict[str, Any]
) -> None:
    with app.app_context():
        with pytest.raises(IssueError):
            issue_token_pair("alice", **options)
        assert sessions_of("alice") == []


def test_an_option_of_a_login_that_is_none_says_nothing(client: FlaskClient, log_in: LogIn) -> None:
    claims = claims_of(client, log_in(audience=None, claims=None))
    assert claims.keys() == {"sub", "iat", "exp", "jti", "scope", "sid", "auth_time"}


def test_a_subject_must_be_text(app: Flask) -> None:
    with app.app_context(), pytest.raises(IssueError, match="subject"):
        issue_token_pair(7)  # type: ignore[arg-type]
