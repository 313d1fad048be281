"""The app of docs/sessions.md does what the page states."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import issue_token, issue_token_pair

from ..support import ROOT, bearer, challenge_of

SESSIONS = (ROOT / "docs" / "sessions.md").read_text()
PASSWORD = "correct horse battery staple"
Pair = dict[str, Any]


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secret: str) -> ModuleType:
    """Run the page's Python, as one module."""
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", secret)
    monkeypatch.setenv("FLASK_TOKENGUARD_STORAGE_URI", f"sqlite:///{tmp_path / 'tokenguard.db'}")
    module = ModuleType("app")
    code = "\n".join(re.findall(r"```python\n(.*?)```", SESSIONS, re.DOTALL))
    exec(compile(code, "sessions.md", "exec"), module.__dict__)  # noqa: S102 - it is what we test
    return module


@pytest.fixture
def client(module: ModuleType) -> FlaskClient:
    """A client of the page's app."""
    client: FlaskClient = module.app.test_client()
    return client


@pytest.fixture
def pair(client: FlaskClient) -> Pair:
    """The tokens of a login."""
    return log_in(client).get_json()  # type: ignore[no-any-return] # Werkzeug says Any


def log_in(client: FlaskClient, password: str = PASSWORD) -> TestResponse:
    return client.post("/login", data={"name": "ada", "password": password})


def refresh(client: FlaskClient, pair: Pair) -> TestResponse:
    return client.post(
        "/oauth/token",
        data={"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]},
    )


def of(pair: Pair) -> dict[str, str]:
    return bearer(pair["access_token"])


def test_a_wrong_password_gets_no_pair(client: FlaskClient) -> None:
    answer = log_in(client, "guess")
    body = {"error": "invalid_grant", "error_description": "Wrong name or password"}
    assert (answer.status_code, answer.get_json()) == (400, body)


def test_a_login_is_refreshed_and_listed_as_one_session(client: FlaskClient, pair: Pair) -> None:
    refreshed = refresh(client, pair).get_json()
    (session,) = client.get("/sessions", headers=of(refreshed)).json or []
    assert session["origin"].startswith("Werkzeug")


def test_a_refresh_route_of_ones_own_rotates(client: FlaskClient, pair: Pair) -> None:
    refreshed = client.post("/refresh", data={"refresh_token": pair["refresh_token"]}).get_json()
    assert client.get("/sessions", headers=of(refreshed)).status_code == 200
    refused = client.post("/refresh", data={"refresh_token": "x"}).get_json()
    assert refused["error"] == "invalid_grant"


def test_a_lost_answer_is_given_once_more(client: FlaskClient, pair: Pair) -> None:
    assert [refresh(client, pair).status_code for _ in range(2)] == [200, 200]


def test_a_token_that_was_spent_before_the_last_ends_the_session(
    client: FlaskClient, pair: Pair
) -> None:
    last = refresh(client, refresh(client, pair).get_json()).get_json()
    assert refresh(client, pair).get_json()["error"] == "invalid_grant"
    assert client.get("/sessions", headers=of(last)).status_code == 401


def test_a_logout_ends_the_session(client: FlaskClient, pair: Pair) -> None:
    assert client.post("/logout", headers=of(pair)).status_code == 204
    assert client.get("/sessions", headers=of(pair)).status_code == 401


def test_a_logout_without_a_session_ends_none(
    module: ModuleType, client: FlaskClient, pair: Pair
) -> None:
    with module.app.app_context():
        token = issue_token("ada")
    assert client.post("/logout", headers=bearer(token)).status_code == 204
    assert client.get("/sessions", headers=of(pair)).status_code == 200


def test_a_session_is_ended_by_its_owner_alone(
    module: ModuleType, client: FlaskClient, pair: Pair
) -> None:
    (session,) = client.get("/sessions", headers=of(pair)).json or []
    with module.app.app_context():
        others = bearer(issue_token("mallory"))
    path = f"/sessions/{session['sid']}"
    answers = [client.delete(path, headers=headers) for headers in (others, of(pair))]
    assert [answer.status_code for answer in answers] == [404, 204]


def test_every_session_ends_at_once_and_a_new_one_begins(client: FlaskClient, pair: Pair) -> None:
    other = log_in(client).get_json()
    assert client.delete("/sessions", headers=of(pair)).status_code == 204
    answers = [client.get("/sessions", headers=of(each)) for each in (pair, other)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert client.get("/sessions", headers=of(log_in(client).get_json())).status_code == 200


def test_a_refresh_token_logs_out_whose_access_token_has_expired(
    client: FlaskClient, pair: Pair
) -> None:
    assert client.post("/oauth/revoke", data={"token": pair["refresh_token"]}).status_code == 200
    assert client.get("/sessions", headers=of(pair)).status_code == 401


def test_a_refresh_does_not_make_a_login_fresh(module: ModuleType, client: FlaskClient) -> None:
    with module.app.app_context():
        stale = issue_token_pair("ada", auth_time=1)
    refreshed = refresh(client, dict(stale)).get_json()
    answer = client.post("/email", headers=of(refreshed))
    assert answer.status_code == 401
    assert 'error="insufficient_user_authentication"' in challenge_of(answer)
    assert 'max_age="300"' in challenge_of(answer)


def test_a_login_of_this_moment_is_fresh(client: FlaskClient, pair: Pair) -> None:
    assert client.post("/email", headers=of(pair)).status_code == 204
