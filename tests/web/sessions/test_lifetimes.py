"""Sessions in an app: how long a token may live."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    IssueError,
    TokenGuard,
    issue_token,
)
from flask_tokenguard.jose.jwk import Key

from ...conftest import MakeApp
from ...jose.tokens import signed
from ...support import NO_INSTANTS, SettableClock, bearer
from .support import LogIn, Refresh, claims_in, claims_of, error_of, refresh_token


def test_no_access_token_outlives_what_the_store_remembers(app: Flask) -> None:
    with (
        app.app_context(),
        pytest.raises(IssueError, match=r"the store .* remembers"),
    ):
        issue_token("alice", lifetime=timedelta(days=367))


@pytest.mark.parametrize(("days", "status"), [(366, 200), (367, 401)])
def test_a_token_that_outlives_the_end_of_its_subject_is_refused(
    client: FlaskClient, secret: str, clock: SettableClock, days: int, status: int
) -> None:
    clock.now = int(clock.now) + 1
    claims = {"sub": "alice", "jti": "1", "iat": clock.now, "exp": clock.now + days * 86_400}
    token = signed(Key(secret.encode()), claims, {"alg": "HS256", "typ": "at+jwt"})
    assert client.get("/claims", headers=bearer(token)).status_code == status


def test_a_long_access_lifetime_is_remembered_for_as_long(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    lifetime = timedelta(days=500)
    app = make_app(guard, ACCESS_TOKEN_LIFETIME=lifetime)
    with app.app_context():
        token = issue_token("alice", lifetime=lifetime)
    assert app.test_client().get("/claims", headers=bearer(token)).status_code == 200


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("sid", None),
        ("sid", "x"),
        ("session_exp", None),
        ("session_exp", 9_999_999_999.5),
        ("access", 7),
    ],
)
def test_a_refresh_token_of_another_shape_is_refused(
    refresh: Refresh, log_in: LogIn, secret: str, claim: str, value: object
) -> None:
    claims = claims_in(log_in()) | {claim: value}
    token = refresh_token(
        secret, {name: claims[name] for name in claims if claims[name] is not None}
    )
    assert error_of(refresh({"refresh_token": token})) == (400, "invalid_grant")


@pytest.mark.parametrize("claim", ["session_exp", "auth_time"])
@pytest.mark.parametrize("value", NO_INSTANTS[:-2], ids=lambda value: str(value)[:20])
def test_a_refresh_token_with_a_strange_instant_is_refused(
    refresh: Refresh, log_in: LogIn, secret: str, claim: str, value: object
) -> None:
    token = refresh_token(secret, claims_in(log_in()) | {claim: value})
    assert error_of(refresh({"refresh_token": token})) == (400, "invalid_grant")


def test_a_login_of_long_ago_is_not_one_of_now(client: FlaskClient, log_in: LogIn) -> None:
    assert claims_of(client, log_in(auth_time=0)).get("auth_time") == 0
