from datetime import UTC, datetime, timedelta

import pytest

from flask_tokenguard.testing import assert_challenge, client_with, token_for, user_gone


def log_in(client, name="ada"):
    return client.post("/login", data={"name": name, "password": f"{name}'s password"})


def bearer(pair):
    return {"Authorization": f"Bearer {pair['access_token']}"}


def test_a_login_shows_who_one_is(client):
    pair = log_in(client).json
    me = client.get("/me", headers=bearer(pair)).json
    assert me == {"name": "ada", "books": [], "sessions": 1}


def test_a_wrong_password_gets_nothing(client):
    assert client.post("/login", data={"name": "ada", "password": "x"}).status_code == 403


def test_a_session_is_refreshed_when_its_token_has_expired(client, clock):
    pair = log_in(client).json
    clock.move(timedelta(minutes=15))
    assert_challenge(client.get("/me", headers=bearer(pair)), error="invalid_token")
    parameters = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    refreshed = client.post("/oauth/token", data=parameters).json
    assert client.get("/me", headers=bearer(refreshed)).status_code == 200


def test_a_logout_ends_the_token(client):
    headers = bearer(log_in(client).json)
    assert client.post("/logout", headers=headers).status_code == 204
    assert_challenge(client.get("/me", headers=headers), error="invalid_token")


def test_a_reader_who_is_locked_out_is_out_at_once(client):
    headers = bearer(log_in(client).json)
    librarian = bearer(log_in(client, "lin").json)
    assert client.post("/users/1/lock", headers=librarian).status_code == 204
    assert_challenge(client.get("/me", headers=headers), error="invalid_token")
    assert log_in(client).status_code == 403


def test_locking_asks_for_a_recent_login(app, clock):
    logged_in = datetime.fromtimestamp(clock.now, UTC)
    client = client_with(app, token_for(app, "2", auth_time=logged_in, lifetime=7200))
    assert client.post("/users/1/lock").status_code == 204
    clock.move(timedelta(hours=1, seconds=1))
    answer = client.post("/users/1/lock")
    assert_challenge(answer, error="insufficient_user_authentication")


def test_a_reader_locks_nobody_out(client):
    answer = client.post("/users/2/lock", headers=bearer(log_in(client).json))
    assert_challenge(answer, error="insufficient_scope")


@pytest.mark.parametrize("reason", ["expired", "bad_signature", "unknown_key"])
def test_a_broken_token_shows_nobody(app, broken_token, reason):
    answer = client_with(app, broken_token(reason, "1")).get("/me")
    assert_challenge(answer, error="invalid_token")


def test_a_user_who_is_gone_is_nobody(app):
    assert_challenge(client_with(app, user_gone(app, "1")).get("/me"), error="invalid_token")
