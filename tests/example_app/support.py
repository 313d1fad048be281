"""What the tests of the example app share: its users, and what they send."""

from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from example_app.database import connect

from ..support import bearer

Pair = dict[str, str]


def hash_quickly(patch: pytest.MonkeyPatch) -> None:
    quick = partial(generate_password_hash, method="pbkdf2:sha256:1")
    patch.setattr("example_app.first_start.generate_password_hash", quick)
    patch.setattr("example_app.auth.generate_password_hash", quick)


def log_in(client: FlaskClient, name: str, password: str) -> TestResponse:
    return client.post("/login", json={"name": name, "password": password})


def pair_of(client: FlaskClient, name: str, password: str) -> Pair:
    pair: Pair = log_in(client, name, password).get_json()
    return pair


def refresh(client: FlaskClient, pair: Pair) -> TestResponse:
    return client.post(
        "/oauth/token",
        data={"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]},
    )


def status_of(client: FlaskClient, pair: Pair) -> int:
    return client.get("/me", headers=bearer(pair["access_token"])).status_code


def users_of(folder: Path) -> dict[str, str]:
    with closing(connect(folder / "notes.db")) as connection:
        return dict(connection.execute("SELECT name, id FROM users").fetchall())


def execute(folder: Path, statement: str) -> None:
    with closing(connect(folder / "notes.db")) as connection, connection:
        connection.execute(statement)
