"""The contract on a SQLite file, and in memory, with a clock that can be set."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flask_tokenguard.errors import ConfigurationError, Unavailable
from flask_tokenguard.stores.base import Store
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.stores.sqlite.store import SqliteStore
from flask_tokenguard.testing.stores import Now, SettableClockContract, Wait, new_id

from ...support import SettableClock


class SettableContract(SettableClockContract):
    """The contract for stores that take our clock."""

    def test_what_expired_more_than_a_day_ago_is_dropped(
        self, store: Store, now: Now, wait: Wait
    ) -> None:
        jti, subject = new_id(), new_id()
        store.revoke(jti, subject=subject, expires=now() + 10)
        store.end_subject(subject, expires=now() + 10)
        wait(86_400 + 11)
        steps: list[tuple[int, int]] = []
        assert store.prune(lambda done, all_steps: steps.append((done, all_steps))) == 2
        assert steps[-1] == (256, 256)
        assert not store.standing(jti, None, subject).is_revoked

    def test_writes_drop_a_little_of_it_now_and_then(
        self, store: Store, now: Now, wait: Wait
    ) -> None:
        old = [new_id() for _ in range(100)]
        for jti in old:
            store.revoke(jti, subject=None, expires=now() + 10)
        wait(86_400 + 11)
        for _ in range(24):
            store.revoke(new_id(), subject=None, expires=now() + 10)
        assert not any(store.standing(jti, None, new_id()).is_revoked for jti in old)


class TestSqlite(SettableContract):
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "store.db"

    @pytest.fixture
    def store(self, file: Path, clock: SettableClock) -> Store:
        return SqliteStore(file, timeout=60, clock=clock, monotonic=clock)

    @pytest.fixture
    def beside(self, file: Path, clock: SettableClock) -> Store:
        return SqliteStore(file, timeout=60, clock=clock, monotonic=clock)


class TestMemory(SettableContract):
    @pytest.fixture
    def store(self, clock: SettableClock) -> Store:
        store = MemoryStore(clock=clock, monotonic=clock)
        store.check()
        return store


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store whose file another program is writing to."""
    store = SqliteStore(tmp_path / "store.db", timeout=0.05)
    store.check()
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield store


def test_a_write_waits_no_longer_than_the_timeout(
    locked: SqliteStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(Unavailable):
        locked.revoke(new_id(), subject=None, expires=1)
    store = tmp_path / "store.db"
    assert caplog.messages == [f"the store {store} cannot be used: OperationalError"]


def test_a_reader_waits_for_nobody(locked: SqliteStore, tmp_path: Path) -> None:
    reader = SqliteStore(tmp_path / "store.db", timeout=0)
    with pytest.raises(Unavailable):
        reader.next_instant(new_id())
    assert not locked.standing(new_id(), None, new_id()).is_revoked


def test_a_store_that_cannot_be_read_tells_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    with pytest.raises(Unavailable):
        store.standing(new_id(), None, new_id())
    with pytest.raises(Unavailable):
        store.sessions_of(new_id())


def test_what_fails_in_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    jti = new_id()
    with pytest.raises(Unavailable):
        store.revoke(jti, subject=None, expires=None)  # type: ignore[arg-type]
    assert not store.standing(jti, None, new_id()).is_revoked
    store.revoke(jti, subject=None, expires=2**40)
    assert store.standing(jti, None, new_id()).is_revoked


def test_a_file_of_another_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    SqliteStore(file).check()
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA user_version = 7")
    with pytest.raises(ConfigurationError, match="version 7; this program writes 1"):
        SqliteStore(file).check()


def test_a_store_says_where_it_is(tmp_path: Path) -> None:
    assert repr(SqliteStore(tmp_path / "store.db")) == f"<SqliteStore {tmp_path / 'store.db'}>"
