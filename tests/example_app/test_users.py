"""Users and their sessions, as programs use them: log in, refresh, log out, change a password."""

import time
from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app import create_app
from example_app.auth import guard
from example_app.first_start import prepare
from flask_tokenguard import Unavailable, issue_token_pair
from flask_tokenguard.jose.jwk import Key

from ..jose.tokens import signed
from ..support import bearer, challenge_of
from .support import Pair, execute, log_in, pair_of, refresh, status_of, users_of

NEW_PASSWORD = "correct horse battery"


def test_a_login_answers_as_rfc_6749_says(client: FlaskClient, passwords: dict[str, str]) -> None:
    response = log_in(client, "alice", passwords["alice"])
    assert response.get_json().keys() == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "scope",
    }
    assert response.get_json()["token_type"] == "Bearer"
    assert response.headers["Cache-Control"] == "no-store"


def test_a_wrong_password_and_an_unknown_name_look_the_same(client: FlaskClient) -> None:
    known, unknown = (log_in(client, name, "guess") for name in ("alice", "mallory"))
    assert known.status_code == unknown.status_code == 400
    assert known.data == unknown.data
    assert known.headers == unknown.headers


def test_an_unknown_name_costs_a_password_check_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path)
    client = create_app(instance=tmp_path).test_client()
    check = Mock(return_value=False)
    monkeypatch.setattr("example_app.auth.check_password_hash", check)
    for name in ("alice", "mallory"):
        log_in(client, name, "guess")
    alices, nobodys = (call.args[0].split("$")[0] for call in check.call_args_list)
    assert alices == nobodys


def test_no_password_opens_the_hash_of_nobody(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("example_app.auth.check_password_hash", lambda *_: True)
    assert log_in(client, "mallory", "lucky").status_code == 400


def test_passwords_are_kept_as_hashes(folder: Path, passwords: dict[str, str]) -> None:
    content = (folder / "notes.db").read_bytes()
    assert not any(password.encode() in content for password in passwords.values())


def test_me_tells_who_asks(client: FlaskClient, alice: dict[str, str]) -> None:
    me = client.get("/me", headers=alice).get_json()
    assert (me["name"], me["role"]) == ("alice", "member")
    assert me["scope"] == ["notes:read", "notes:write"]


def test_a_session_is_refreshed_and_has_the_origin_of_its_login(
    client: FlaskClient, pair: Pair
) -> None:
    refreshed = refresh(client, pair).get_json()
    headers = bearer(refreshed["access_token"])
    (this,) = [
        each for each in client.get("/sessions", headers=headers).json or [] if each["is_this"]
    ]
    assert refreshed["refresh_token"] != pair["refresh_token"]
    assert this["origin"].startswith("Werkzeug")


def test_a_stolen_refresh_token_ends_its_session_for_both(client: FlaskClient, pair: Pair) -> None:
    stolen = refresh(client, refresh(client, pair).get_json()).get_json()
    reused = refresh(client, pair)
    assert (reused.status_code, reused.get_json()["error"]) == (400, "invalid_grant")
    assert [status_of(client, each) for each in (pair, stolen)] == [401, 401]
    assert refresh(client, stolen).status_code == 400


def test_a_logout_ends_one_session_and_leaves_the_others(
    client: FlaskClient, pair: Pair, alice: dict[str, str]
) -> None:
    response = client.post("/logout", headers=bearer(pair["access_token"]))
    assert response.status_code == 204
    assert status_of(client, pair) == 401
    assert refresh(client, pair).status_code == 400
    assert client.get("/me", headers=alice).status_code == 200


def test_the_logout_of_a_token_without_a_session_revokes_it(app: Flask) -> None:
    with app.app_context():
        token = guard.issue_token("a job", scope="notes:read")
    client = app.test_client()
    paths = (("POST", "/logout"), ("GET", "/notes"))
    answers = [client.open(path, method=method, headers=bearer(token)) for method, path in paths]
    assert [answer.status_code for answer in answers] == [204, 401]


def test_a_refresh_token_can_be_revoked_without_an_access_token(
    client: FlaskClient, pair: Pair
) -> None:
    revoked = client.post("/oauth/revoke", data={"token": pair["refresh_token"]})
    assert revoked.status_code == 200
    assert status_of(client, pair) == 401


def test_one_of_ones_own_sessions_can_be_ended_from_another(
    client: FlaskClient, pair: Pair, alice: dict[str, str]
) -> None:
    listed = client.get("/sessions", headers=bearer(pair["access_token"])).json or []
    sid = next(each["sid"] for each in listed if each["is_this"])
    assert client.delete(f"/sessions/{sid}", headers=alice).status_code == 204
    assert client.delete(f"/sessions/{sid}", headers=alice).status_code == 404
    assert status_of(client, pair) == 401


def test_anothers_session_is_unknown_and_goes_on(
    client: FlaskClient, pair: Pair, bob: dict[str, str]
) -> None:
    listed = client.get("/sessions", headers=bearer(pair["access_token"])).json or []
    answers = [client.delete(f"/sessions/{each['sid']}", headers=bob) for each in listed]
    assert {answer.status_code for answer in answers} == {404}
    assert status_of(client, pair) == 200


def test_another_issuers_user_of_the_same_name_is_nobody_here(
    tmp_path: Path, own_passwords: dict[str, str]
) -> None:
    jwk, issuer = {"kty": "oct", "k": token_urlsafe(32)}, "https://other.example"
    entry = {"audience": "notes", "keys": jwk, "algorithms": "HS256", "profile": "oidc-access"}
    config = {"TOKENGUARD_ISSUERS": {issuer: entry}, "TOKENGUARD_LEEWAY": 60}
    app = create_app(config, instance=tmp_path)
    client, now = app.test_client(), int(time.time())
    ours = bearer(pair_of(client, "alice", own_passwords["alice"])["access_token"])
    subject = client.get("/me", headers=ours).get_json()["id"]
    claims = {"iss": issuer, "aud": "notes", "sub": subject, "role": "admin", "auth_time": now}
    claims |= {"iat": now + 30, "exp": now + 60}  # The store is older than that.
    claims |= {"scope": "notes:read notes:write"}
    theirs = bearer(signed(Key.from_jwk(jwk), claims, {"alg": "HS256"}))
    paths = ["/me", "/sessions", "/notes", "/admin/users"]
    statuses = [client.get(path, headers=theirs).status_code for path in paths]
    statuses += [client.delete("/sessions", headers=theirs).status_code]
    assert statuses == [403] * 5
    assert client.get("/me", headers=ours).status_code == 200


@pytest.mark.parametrize("sid", ["x", "A" * 5000, "%00", "%ff", "' OR 1=1 --"])
def test_a_session_whose_name_cannot_be_is_not_found(
    client: FlaskClient, alice: dict[str, str], sid: str
) -> None:
    assert client.delete(f"/sessions/{sid}", headers=alice).status_code == 404


def test_logging_out_everywhere_ends_ones_own_sessions_alone(
    own_client: FlaskClient, own_passwords: dict[str, str]
) -> None:
    one, other, bobs = (
        pair_of(own_client, name, own_passwords[name]) for name in ("alice", "alice", "bob")
    )
    response = own_client.delete("/sessions", headers=bearer(one["access_token"]))
    assert response.status_code == 204
    assert [status_of(own_client, pair) for pair in (one, other, bobs)] == [401, 401, 200]


def test_a_new_password_ends_every_session_and_begins_one(
    own_client: FlaskClient, own_passwords: dict[str, str]
) -> None:
    old = pair_of(own_client, "alice", own_passwords["alice"])
    changed = change_password(own_client, old, own_passwords["alice"])
    assert [status_of(own_client, pair) for pair in (old, changed.get_json())] == [401, 200]
    statuses = [
        log_in(own_client, "alice", password).status_code
        for password in (own_passwords["alice"], NEW_PASSWORD)
    ]
    assert statuses == [400, 200]


def test_a_password_is_not_changed_without_the_old_one(client: FlaskClient, pair: Pair) -> None:
    answer = change_password(client, pair, "guess")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
    assert status_of(client, pair) == 200


def test_a_short_password_is_refused(
    client: FlaskClient, pair: Pair, passwords: dict[str, str]
) -> None:
    answer = change_password(client, pair, passwords["alice"], new="x" * 11)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "bad_request")


def test_a_new_password_demands_a_recent_login(
    app: Flask, folder: Path, passwords: dict[str, str]
) -> None:
    with app.app_context():
        stale = issue_token_pair(users_of(folder)["alice"], auth_time=int(time.time()) - 301)
    answer = change_password(app.test_client(), stale, passwords["alice"])
    assert answer.status_code == 401
    assert 'error="insufficient_user_authentication"' in challenge_of(answer)
    assert 'max_age="300"' in challenge_of(answer)


def test_where_the_sessions_cannot_be_ended_the_password_stays(
    own_client: FlaskClient, own_passwords: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = pair_of(own_client, "alice", own_passwords["alice"])
    monkeypatch.setattr("example_app.auth.end_all_sessions", Mock(side_effect=Unavailable))
    assert change_password(own_client, pair, own_passwords["alice"]).status_code == 503
    assert log_in(own_client, "alice", own_passwords["alice"]).status_code == 200


def change_password(
    client: FlaskClient, pair: Mapping[str, Any], old: str, new: str = NEW_PASSWORD
) -> TestResponse:
    return client.post(
        "/password",
        headers=bearer(pair["access_token"]),
        json={"old_password": old, "new_password": new},
    )


def test_a_role_that_was_taken_away_is_gone_at_the_next_refresh(
    tmp_path: Path, own_client: FlaskClient, own_passwords: dict[str, str]
) -> None:
    carols = pair_of(own_client, "carol", own_passwords["carol"])
    execute(tmp_path, "UPDATE users SET role = 'member' WHERE name = 'carol'")
    refreshed = refresh(own_client, carols).get_json()
    answers = [
        own_client.get("/admin/users", headers=bearer(each["access_token"]))
        for each in (carols, refreshed)
    ]
    assert [answer.status_code for answer in answers] == [200, 403]


def test_the_session_of_a_user_who_is_gone_cannot_be_refreshed(
    tmp_path: Path, own_client: FlaskClient, own_passwords: dict[str, str]
) -> None:
    bobs = pair_of(own_client, "bob", own_passwords["bob"])
    execute(tmp_path, "DELETE FROM users WHERE name = 'bob'")
    assert refresh(own_client, bobs).get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("method", "path"), [("GET", "/me"), ("POST", "/notes")])
def test_the_token_of_a_user_who_is_gone_is_refused(app: Flask, method: str, path: str) -> None:
    with app.app_context():
        token = guard.issue_token("gone", scope="notes:write")
    response = app.test_client().open(
        path, method=method, headers=bearer(token), json={"text": "still here"}
    )
    assert response.status_code == 401
    assert 'error="invalid_token"' in challenge_of(response)
