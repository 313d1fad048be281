"""Sessions in an app: revoking."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    Claims,
    InvalidToken,
    revoke_token,
)

from .support import LogIn, Refresh, claims_in, claims_of, is_refused, refresh_token


def test_a_token_is_revoked_as_it_is(app: Flask, client: FlaskClient, log_in: LogIn) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(pair["access_token"])
    assert is_refused(client, pair)


def test_a_token_is_revoked_by_its_claims(app: Flask, client: FlaskClient, log_in: LogIn) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(Claims(claims_of(client, pair)))
    assert is_refused(client, pair)


@pytest.mark.parametrize("subject", ["alice", None])
def test_a_token_is_revoked_by_its_name(
    app: Flask, client: FlaskClient, log_in: LogIn, subject: str | None
) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(jti=claims_of(client, pair)["jti"], subject=subject)
    assert is_refused(client, pair)


def test_a_revoked_access_token_leaves_its_session(
    app: Flask, log_in: LogIn, refresh: Refresh
) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(pair["access_token"])
    assert refresh(pair).status_code == 200


def test_a_revoked_refresh_token_ends_its_session(
    app: Flask, client: FlaskClient, log_in: LogIn, refresh: Refresh
) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(pair["refresh_token"])
    assert is_refused(client, pair)
    assert refresh(pair).status_code == 400


def test_a_refresh_token_ends_no_session_of_another_subject(
    app: Flask, client: FlaskClient, log_in: LogIn, secret: str
) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(refresh_token(secret, claims_in(pair) | {"sub": "mallory"}))
    assert claims_of(client, pair)


def test_a_token_that_is_not_ours_cannot_be_revoked(app: Flask) -> None:
    with app.app_context(), pytest.raises(InvalidToken):
        revoke_token("a.b.c")


@pytest.mark.parametrize("arguments", [{}, {"token": "a.b.c", "jti": "1"}], ids=["none", "both"])
def test_one_thing_is_revoked_at_a_time(app: Flask, arguments: dict[str, str]) -> None:
    with app.app_context(), pytest.raises(TypeError, match="a token, or a jti"):
        revoke_token(**arguments)
