"""A file that is copied over the store's in place, of which SQLite itself notices nothing."""

import secrets
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.base import Standing
from flask_tokenguard.stores.sqlite.file import SqliteFile
from flask_tokenguard.stores.sqlite.store import SqliteStore

from ...support import SettableClock

FOR_EVER = 2**40
REVOKED = b"revoked".ljust(16)
SUBJECT = bytes(16)

OpenStore = Callable[[Path], SqliteStore]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def open_store(clock: SettableClock) -> OpenStore:
    return lambda file: SqliteStore(file, clock=clock, monotonic=clock)


@pytest.fixture
def fresh(tmp_path: Path, open_store: OpenStore, clock: SettableClock) -> Path:
    """A file that was made an hour ago, before anything was revoked."""
    clock.now -= 3600
    open_store(tmp_path / "fresh.db").check()
    clock.now += 3600
    return tmp_path / "fresh.db"


@pytest.fixture
def store(file: Path, open_store: OpenStore, fresh: Path) -> SqliteStore:
    assert fresh.exists()
    store = open_store(file)
    for _ in range(20):
        store.revoke(secrets.token_bytes(16), subject=None, expires=FOR_EVER)
    store.revoke(REVOKED, subject=None, expires=FOR_EVER)
    return store


def checkpoint(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def copy_over(source: Path, file: Path) -> None:
    """Copy as `cp` does, so that the file stays the same one."""
    inode = file.stat().st_ino
    shutil.copyfile(source, file)
    assert file.stat().st_ino == inode


@pytest.mark.parametrize("has_log", [True, False])
def test_a_running_worker_refuses_what_is_older_than_the_copy(
    store: SqliteStore, file: Path, fresh: Path, clock: SettableClock, has_log: bool
) -> None:
    issued = store.next_instant(SUBJECT)
    if not has_log:
        checkpoint(file)
    copy_over(fresh, file)
    clock.now += 1
    standing = store.standing(REVOKED, None, SUBJECT)
    assert standing.is_revoked or issued <= standing.epoch
    assert standing.epoch == int(clock.now * 1000)
    assert store.next_instant(SUBJECT) > standing.epoch


@pytest.mark.parametrize("has_log", [True, False])
def test_a_write_notices_the_copy_at_once(
    store: SqliteStore,
    file: Path,
    fresh: Path,
    open_store: OpenStore,
    clock: SettableClock,
    has_log: bool,
) -> None:
    issued = store.next_instant(SUBJECT)
    if not has_log:
        checkpoint(file)
    copy_over(fresh, file)
    clock.now += 0.1
    jti = secrets.token_bytes(16)
    store.revoke(jti, subject=None, expires=FOR_EVER)
    standing = open_store(file).standing(jti, None, SUBJECT)
    assert standing.is_revoked
    assert standing.epoch >= issued


def test_what_was_copied_is_kept_beside_the_new_file(
    store: SqliteStore,
    file: Path,
    fresh: Path,
    clock: SettableClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    copy_over(fresh, file)
    clock.now += 1
    store.standing(REVOKED, None, SUBJECT)
    aside = file.with_name("store.db.overwritten")
    assert aside.read_bytes() == fresh.read_bytes()
    assert caplog.messages == ["a file was copied over the store's; see store.db.overwritten"]


def test_of_two_workers_both_go_on_with_the_new_file(
    store: SqliteStore, file: Path, fresh: Path, open_store: OpenStore, clock: SettableClock
) -> None:
    other = open_store(file)
    other.standing(REVOKED, None, SUBJECT)
    copy_over(fresh, file)
    clock.now += 1
    jti = secrets.token_bytes(16)
    store.revoke(jti, subject=None, expires=FOR_EVER)
    epochs = {one.standing(jti, None, SUBJECT).epoch for one in (store, other)}
    assert other.standing(jti, None, SUBJECT).is_revoked
    assert epochs == {int(clock.now * 1000)}


def test_what_another_thread_put_aside_is_not_put_aside_again(
    store: SqliteStore, file: Path
) -> None:
    store._file._set_aside((0, 0, 0, 0))
    assert file.exists()


def test_the_log_of_a_killed_worker_is_not_applied_to_the_copy(
    store: SqliteStore, file: Path, fresh: Path, open_store: OpenStore, clock: SettableClock
) -> None:
    issued = store.next_instant(SUBJECT)
    killed = file.with_name("killed.db")
    for name in ("", "-wal"):
        shutil.copyfile(f"{file}{name}", f"{killed}{name}")
    copy_over(fresh, killed)
    clock.now += 1
    again = open_store(killed)
    again.check()
    assert issued < again.standing(REVOKED, None, SUBJECT).epoch


@pytest.mark.parametrize("text", ["", "a shopping list"])
def test_what_is_no_store_is_left_alone_and_nothing_is_accepted(
    store: SqliteStore, file: Path, clock: SettableClock, text: str
) -> None:
    file.write_text(text)
    clock.now += 1
    for _ in range(2):
        with pytest.raises(Unavailable):
            store.standing(REVOKED, None, SUBJECT)
    assert file.read_text() == text


def test_a_file_that_only_changed_is_used_on(
    store: SqliteStore, file: Path, open_store: OpenStore, clock: SettableClock
) -> None:
    epoch = store.standing(REVOKED, None, SUBJECT).epoch
    for _ in range(300):
        open_store(file).revoke(secrets.token_bytes(16), subject=None, expires=FOR_EVER)
    checkpoint(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("VACUUM")
    checkpoint(file)
    clock.now += 1
    assert store.standing(REVOKED, None, SUBJECT) == (epoch, True, None, False)


# What a checkpoint has half written


def read_as(monkeypatch: pytest.MonkeyPatch, *looks: int | Exception) -> None:
    """Let the next looks past the log find these epochs or faults, and then what is there."""
    left, right = list(looks), SqliteFile._read_epoch_past_log

    def read(file: SqliteFile) -> int:
        found = left.pop(0) if left else right(file)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(SqliteFile, "_read_epoch_past_log", read)


@pytest.mark.parametrize(
    "looks",
    [
        [sqlite3.DatabaseError("malformed")] * 3,
        [ValueError("another program's")],
        [7],
        [7, 8, 7],
        [7, sqlite3.DatabaseError("malformed"), 8],
    ],
    ids=repr,
)
def test_a_page_that_is_half_written_speaks_against_no_file(
    store: SqliteStore,
    file: Path,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    looks: list[int | Exception],
) -> None:
    epoch = store.standing(REVOKED, None, SUBJECT).epoch
    clock.now += 1
    read_as(monkeypatch, *looks)
    assert store.standing(REVOKED, None, SUBJECT) == Standing(epoch, is_revoked=True, ended_at=None)
    assert list(file.parent.glob("*.overwritten")) == []


@pytest.mark.parametrize("looks", [[sqlite3.DatabaseError("malformed")] * 20, [*range(1, 21)]])
def test_a_file_that_cannot_be_read_for_long_is_out_of_reach(
    store: SqliteStore,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    looks: list[int | Exception],
) -> None:
    clock.now += 1
    read_as(monkeypatch, *looks)
    with pytest.raises(Unavailable):
        store.standing(REVOKED, None, SUBJECT)
