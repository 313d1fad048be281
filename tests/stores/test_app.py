"""A whole app on each kind of store that a URI names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import end_all_sessions, end_session, issue_token_pair, refresh_token_pair

from ..conftest import MakeApp
from ..support import bearer
from .conftest import PASSWORD
from .servers import RealServer

Uri = Callable[[], str]


@pytest.fixture(params=["sqlite", "valkey", "redis"])
def app(request: pytest.FixtureRequest, tmp_path: Path, prefix: str, make_app: MakeApp) -> Flask:
    """An app that logs in, refreshes and logs out."""
    uri = {
        "sqlite": lambda: f"sqlite:///{tmp_path}/tokens.db",
        "valkey": lambda: valkey_uri(request.getfixturevalue("valkey")),
        "redis": lambda: f"redis://127.0.0.1:{request.getfixturevalue('redis_server').port}",
    }[request.param]()
    app = make_app(STORAGE_URI=uri, STORAGE_PREFIX=prefix)
    app.add_url_rule("/login", "login", lambda: issue_token_pair("alice"), methods=["POST"])
    app.add_url_rule("/refresh", "refresh", refresh_token_pair, methods=["POST"])
    app.add_url_rule("/logout", "logout", lambda: str(end_session()), methods=["POST"])
    return app


def valkey_uri(server: RealServer) -> str:
    return f"valkey://:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}"


def status_of(client: FlaskClient, pair: dict[str, Any]) -> int:
    return client.get("/claims", headers=bearer(pair["access_token"])).status_code


def test_a_session_is_begun_refreshed_and_ended(app: Flask) -> None:
    client = app.test_client()
    first = client.post("/login").get_json()
    second = client.post("/refresh", json={"refresh_token": first["refresh_token"]}).get_json()
    assert [status_of(client, pair) for pair in (first, second)] == [200, 200]
    assert client.post("/logout", headers=bearer(second["access_token"])).text == "True"
    assert [status_of(client, pair) for pair in (first, second)] == [401, 401]


def test_everything_is_ended_and_begun_anew_in_one_second(app: Flask) -> None:
    client = app.test_client()
    old = client.post("/login").get_json()
    with app.app_context():
        end_all_sessions("alice")
    new = client.post("/login").get_json()
    assert [status_of(client, pair) for pair in (old, new)] == [401, 200]
