"""The example app after its first start, its users, and who is signed in."""

import os
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from example_app import create_app
from example_app.first_start import prepare

from ..support import bearer
from .support import Pair, hash_quickly, log_in, pair_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instance folder of the app of this module."""
    return tmp_path_factory.mktemp("example") / "instance"


@pytest.fixture(scope="module")
def passwords(folder: Path) -> dict[str, str]:
    """The demo users' passwords, made by a quick first start that no umask helps."""
    umask = os.umask(0)
    try:
        with pytest.MonkeyPatch.context() as patch:
            hash_quickly(patch)
            return prepare(folder)
    finally:
        os.umask(umask)


@pytest.fixture(scope="module")
def app(folder: Path, passwords: dict[str, str]) -> Flask:
    """The app after its first start."""
    assert passwords
    return create_app(instance=folder)


@pytest.fixture(scope="module")
def tokens(app: Flask, passwords: dict[str, str]) -> dict[str, dict[str, str]]:
    """The headers that carry each demo user's token."""
    return {
        name: bearer(log_in(app.test_client(), name, password).get_json()["access_token"])
        for name, password in passwords.items()
    }


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords in no time, where a test is not about that."""
    hash_quickly(monkeypatch)


@pytest.fixture
def pair(client: FlaskClient, passwords: dict[str, str]) -> Pair:
    """The tokens of a session of Alice's that no other test has."""
    return pair_of(client, "alice", passwords["alice"])


@pytest.fixture
def own_passwords(tmp_path: Path, quick_hashes: None) -> dict[str, str]:  # noqa: ARG001 - it patches
    """The passwords of users that the test may change."""
    return prepare(tmp_path)


@pytest.fixture
def own_client(tmp_path: Path, own_passwords: dict[str, str]) -> FlaskClient:
    """A client of the app of those users."""
    assert own_passwords
    return create_app(instance=tmp_path).test_client()


@pytest.fixture
def alice(tokens: dict[str, dict[str, str]]) -> dict[str, str]:
    """The headers of a user who may read and write."""
    return tokens["alice"]


@pytest.fixture
def bob(tokens: dict[str, dict[str, str]]) -> dict[str, str]:
    """The headers of a user who may only read."""
    return tokens["bob"]


@pytest.fixture
def carol(tokens: dict[str, dict[str, str]]) -> dict[str, str]:
    """The headers of an admin."""
    return tokens["carol"]
