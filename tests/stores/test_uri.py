"""Which store a URI names."""

from pathlib import Path

import pytest

from flask_tokenguard.errors import ConfigurationError
from flask_tokenguard.stores.base import Store
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.stores.sql.store import SQLStore
from flask_tokenguard.stores.sqlite.store import SqliteStore
from flask_tokenguard.stores.uri import open_store

from ..conftest import MakeApp


def open_at(uri: str, folder: Path) -> Store:
    return open_store(uri, folder=folder, prefix="tokenguard:", timeout=1)


def test_memory_is_named(tmp_path: Path) -> None:
    assert type(open_at("memory://", tmp_path)) is MemoryStore


def test_a_file_is_made_in_the_instance_folder(tmp_path: Path) -> None:
    assert type(open_at("sqlite:///tokens.db", tmp_path)) is SqliteStore
    assert (tmp_path / "tokens.db").exists()


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "no such"
    with pytest.raises(ConfigurationError) as caught:
        open_at("sqlite:///tokens.db", folder)
    assert str(caught.value) == (
        f"TOKENGUARD_STORAGE_URI: the folder {folder} is not there;"
        f" make it: mkdir -p -m 700 '{folder}'"
    )
    assert not folder.exists()


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        (
            "sqlite:///:memory:",
            "names no file; for a store in memory, of one process, set memory://",
        ),
        (
            "sqlite:///:memory:?cache=shared",
            "names no file; for a store in memory, of one process, set memory://",
        ),
        (
            "sqlite:///file:tokens.db",
            "must have the plain name of a file after sqlite:///, without file: and ?",
        ),
        (
            "sqlite:///tokens.db?timeout=9",
            "must have the plain name of a file after sqlite:///, without file: and ?",
        ),
    ],
)
def test_what_only_others_read_makes_no_file(tmp_path: Path, uri: str, fault: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_at(uri, tmp_path)
    assert str(caught.value) == f"TOKENGUARD_STORAGE_URI {fault}"
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_be_elsewhere(tmp_path: Path) -> None:
    open_at(f"sqlite:///{tmp_path}/tokens.db", Path("nowhere"))
    assert (tmp_path / "tokens.db").exists()


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "sqlite://",
        "sqlite:///",
        "sqlite+pysqlite:///x.db",
        "memory",
        "memory://x",
        "mongodb://x",
        "/x.db",
    ],
)
def test_another_uri_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(ConfigurationError, match="TOKENGUARD_STORAGE_URI must be"):
        open_at(uri, tmp_path)


@pytest.mark.parametrize(
    ("uri", "comparison"),
    [
        ("postgres://u:hunter2@h/d", "postgres://; write postgresql+psycopg://"),
        ("sqlite://x.db", "sqlite://; write sqlite:///tokenguard.db"),
        ("SQLite:///x.db", "SQLite:///; write sqlite:///tokenguard.db"),
        ("redis:localhost", "redis:; write redis://"),
        ("Redis://localhost", "Redis://; write redis://"),
        ("memory:", "memory:; write memory://"),
        ("mongodb://u:hunter2@h", "mongodb://"),
    ],
)
def test_another_uri_is_shown_by_its_beginning(tmp_path: Path, uri: str, comparison: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_at(uri, tmp_path)
    assert str(caught.value).endswith(f"; it begins with {comparison}")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TOKENGUARD_STORAGE_URI"):
        open_at(f"sqlite:///{tmp_path}", tmp_path)


def test_an_app_does_not_start_with_a_store_that_is_not_ours(
    make_app: MakeApp, tmp_path: Path
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Milk, bread.")
    with pytest.raises(ConfigurationError, match="another program's") as caught:
        make_app(STORAGE_URI=f"sqlite:///{file}", LEEWAY=-1)
    assert len(caught.value.faults) == 2
    assert file.read_text() == "Milk, bread."


def test_a_password_in_a_uri_is_shown_nowhere(make_app: MakeApp) -> None:
    app = make_app(STORAGE_URI="memory://")
    assert "memory" not in repr(app.extensions["tokenguard"].settings)


@pytest.mark.parametrize("scheme", "postgresql+psycopg mysql+pymysql mariadb+pymysql".split())
def test_a_database_is_named_and_not_asked_yet(tmp_path: Path, scheme: str) -> None:
    assert isinstance(open_at(f"{scheme}://127.0.0.1:1/app", tmp_path), SQLStore)


@pytest.mark.parametrize("scheme", "redis rediss valkey valkeys redis+cluster".split())
def test_a_server_is_named_and_not_asked_yet(tmp_path: Path, scheme: str) -> None:
    assert isinstance(open_at(f"{scheme}://127.0.0.1:1", tmp_path), RedisStore)
