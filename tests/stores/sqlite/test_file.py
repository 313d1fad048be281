"""How the file is opened while others make it, and let go of before a fork."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flask_tokenguard.errors import ConfigurationError, Unavailable
from flask_tokenguard.stores.sqlite import file as sqlite_file
from flask_tokenguard.stores.sqlite.connections import after_fork_in_parent, before_fork
from flask_tokenguard.stores.sqlite.schema import begin
from flask_tokenguard.stores.sqlite.store import SqliteStore

NOBODY = bytes(16)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def maker(file: Path) -> Iterator[sqlite3.Connection]:
    """One who is about to make the file."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as maker:
        maker.execute("BEGIN EXCLUSIVE")
        yield maker


def test_a_file_that_is_made_for_too_long_is_an_outage(
    file: Path, maker: sqlite3.Connection
) -> None:
    assert maker.in_transaction
    with pytest.raises(Unavailable):
        SqliteStore(file, timeout=0.05).next_instant(NOBODY)


def test_whoever_opens_a_file_waits_until_it_is_made(file: Path, maker: sqlite3.Connection) -> None:
    timer = threading.Timer(0.1, maker.execute, ("ROLLBACK",))
    timer.start()
    begun = time.monotonic()
    assert SqliteStore(file, timeout=60).next_instant(NOBODY) > 0
    assert time.monotonic() - begun > 0.05
    timer.join()


def test_a_fork_closes_the_connection_which_opens_again_later(file: Path) -> None:
    store = SqliteStore(file)
    store.revoke(NOBODY, subject=None, expires=2**40)
    before_fork()
    after_fork_in_parent()
    assert list(file.parent.iterdir()) == [file]
    assert store.standing(NOBODY, None, NOBODY).is_revoked


def test_a_transaction_that_sqlite_itself_gave_up_is_an_outage(file: Path) -> None:
    store = SqliteStore(file)
    with pytest.raises(Unavailable), store._file.writing() as connection:
        connection.execute("ROLLBACK")
    assert store.next_instant(NOBODY) > 0


def test_a_file_that_another_process_just_made_is_not_made_again() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        begin(connection, now=1, monotonic=0)
        begin(connection, now=2, monotonic=0)
        assert connection.execute("SELECT epoch FROM state").fetchall() == [(1,)]


def test_a_file_that_cannot_be_made_stays_empty() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        with pytest.raises(OverflowError):
            begin(connection, now=2**40, monotonic=2.0**70)
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


def test_opening_a_file_waits_for_its_readers_to_begin_a_log(
    file: Path,
) -> None:
    SqliteStore(file).check()
    reader = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    with closing(reader):
        reader.execute("PRAGMA journal_mode = DELETE")
        reader.execute("BEGIN")
        reader.execute("SELECT epoch FROM state").fetchone()
        timer = threading.Timer(0.1, reader.execute, ("COMMIT",))
        timer.start()
        assert SqliteStore(file, timeout=60).next_instant(NOBODY) > 0
        timer.join()


def test_a_directory_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # It may have the inode of a file of before, which is known by that.
    monkeypatch.setattr(sqlite_file, "_OURS", set())
    with pytest.raises(ConfigurationError, match="Is a directory"):
        SqliteStore(tmp_path).check()


def test_a_file_that_an_earlier_process_made_is_used_on(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SqliteStore(file).check()
    made = file.read_bytes()
    monkeypatch.setattr(sqlite_file, "_OURS", set())
    SqliteStore(file).check()
    assert file.read_bytes() == made


def test_opening_is_tried_again_where_sqlite_will_not_wait(
    file: Path, maker: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other,
        pytest.raises(sqlite3.OperationalError) as busy,
    ):
        other.execute("BEGIN IMMEDIATE")
    maker.execute("ROLLBACK")
    really_try, errors = sqlite_file.SqliteFile._try_to_open, [busy.value]

    def try_to_open(self: sqlite_file.SqliteFile) -> sqlite3.Connection:
        if errors:
            raise errors.pop()
        return really_try(self)

    monkeypatch.setattr(sqlite_file.SqliteFile, "_try_to_open", try_to_open)
    assert SqliteStore(file, timeout=60).next_instant(NOBODY) > 0
