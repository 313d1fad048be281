"""Many processes on one SQLite file: rotating at once, killed, forked, and with the file gone."""

import os
import random
import secrets
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import NamedTuple

import pytest

from flask_tokenguard.errors import ConfigurationError, Unavailable
from flask_tokenguard.stores.base import Advance, RefreshState
from flask_tokenguard.stores.sqlite.store import SqliteStore

from ...support import SettableClock
from ..processes import PATIENCE, result_of, results_of, started

PROCESSES = 16
GRACE = 600_000
FOR_EVER = 2**40
NOBODY = bytes(16)


class Started(NamedTuple):
    """A session that another process may go on with."""

    session: bytes
    subject: bytes
    first: RefreshState


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def open_patiently(file: Path) -> SqliteStore:
    """Open a store for a test in which many write at once, on a machine that may be slow."""
    return SqliteStore(file, timeout=PATIENCE)


def new_refresh() -> RefreshState:
    return RefreshState(secrets.token_bytes(16), FOR_EVER, "read")


def start(store: SqliteStore) -> Started:
    begun = Started(secrets.token_bytes(16), secrets.token_bytes(16), new_refresh())
    store.start_session(*begun, access_expires=FOR_EVER, origin="")
    return begun


def present(
    store: SqliteStore,
    begun: Started,
    presented: RefreshState,
    successor: RefreshState | None = None,
    *,
    grace: int = GRACE,
) -> Advance:
    return store.advance(
        begun.session,
        begun.subject,
        presented.jti,
        successor or new_refresh(),
        grace=grace,
        access_expires=FOR_EVER,
        origin="",
    )


def is_revoked(store: SqliteStore, jti: bytes) -> bool:
    return store.standing(jti, None, NOBODY).is_revoked


def ask_another_process(file: Path, jti: bytes) -> bool:
    """Let a process open the file, look and end, as a command does."""
    program = (
        "import sys; from pathlib import Path; from flask_tokenguard.stores.sqlite.store import"
        " SqliteStore; store = SqliteStore(Path(sys.argv[1]), timeout=60);"
        " print(store.standing(bytes.fromhex(sys.argv[2]), None, bytes(16)).is_revoked)"
    )
    run = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, file, jti.hex()],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    return run.stdout.strip() == "True"


def present_each(
    file: Path, sessions: list[Started], grace: int, together: Barrier, tell: Connection
) -> None:
    """Present each session's first token, at the same time as the others do."""
    store = open_patiently(file)
    advances = []
    for begun in sessions:
        together.wait(PATIENCE)
        advances.append(present(store, begun, begun.first, grace=grace))
    tell.send(advances)


def present_from_all(file: Path, times: int, grace: int) -> list[tuple[Advance, ...]]:
    """Give what the processes got, for each session."""
    store = open_patiently(file)
    sessions = [start(store) for _ in range(times)]
    answers = results_of(PROCESSES, present_each, file, sessions, grace)
    return list(zip(*answers, strict=True))


@pytest.mark.parametrize("times", [4, pytest.param(1000, marks=pytest.mark.soak)])
def test_of_many_processes_one_wins_and_all_get_its_successor(file: Path, times: int) -> None:
    for advances in present_from_all(file, times, GRACE):
        assert Counter(advance.outcome for advance in advances) == {
            "advanced": 1,
            "repeated": PROCESSES - 1,
        }
        assert len({advance.unspent for advance in advances}) == 1


@pytest.mark.parametrize("times", [3, pytest.param(1000, marks=pytest.mark.soak)])
def test_without_a_grace_the_second_process_ends_the_session(file: Path, times: int) -> None:
    for advances in present_from_all(file, times, 0):
        assert Counter(advance.outcome for advance in advances) == {
            "advanced": 1,
            "reused": 1,
            "ended": PROCESSES - 2,
        }


def rotate_on_and_on(file: Path, begun: Started, tell: Connection) -> None:
    """Send what a client holds and what it may get, and rotate, until killed."""
    store = open_patiently(file)
    held = begun.first
    while True:
        successor = new_refresh()
        tell.send((held, successor))
        present(store, begun, held, successor)
        held = successor


def kill_a_rotation(file: Path, begun: Started) -> tuple[RefreshState, RefreshState]:
    """Kill a process that may be anywhere in a rotation; return what it sent last."""
    with started(rotate_on_and_on, file, begun) as (process, pipe):
        last = pipe.recv()
        time.sleep(random.uniform(0, 0.03))  # noqa: S311 - no secret
        process.kill()
        try:
            while True:
                last = pipe.recv()
        except EOFError:
            held, successor = last
            return held, successor


@pytest.mark.parametrize("kills", [8, pytest.param(300, marks=pytest.mark.soak)])
def test_a_client_goes_on_after_its_worker_was_killed(file: Path, kills: int) -> None:
    store = open_patiently(file)
    for _ in range(kills):
        begun = start(store)
        held, successor = kill_a_rotation(file, begun)
        again = present(store, begun, held)
        assert again.unspent is not None
        assert (again.outcome == "repeated") == (again.unspent == successor)
        assert present(store, begun, again.unspent).outcome == "advanced"


@pytest.mark.parametrize("kills", [8, pytest.param(300, marks=pytest.mark.soak)])
def test_a_killed_worker_leaves_no_two_tokens_that_advance(file: Path, kills: int) -> None:
    store = open_patiently(file)
    for _ in range(kills):
        begun = start(store)
        outcomes = [
            present(store, begun, token, grace=0).outcome
            for token in reversed(kill_a_rotation(file, begun))
        ]
        assert outcomes in (["advanced", "reused"], ["reused", "ended"])


def make_files(files: list[Path], together: Barrier, tell: Connection) -> None:
    epochs = []
    for file in files:
        store = open_patiently(file)
        together.wait(PATIENCE)
        store.next_instant(NOBODY)
        epochs.append(store.standing(NOBODY, None, NOBODY).epoch)
    tell.send(epochs)


@pytest.mark.parametrize("times", [4, pytest.param(100, marks=pytest.mark.soak)])
def test_processes_that_make_a_file_at_once_make_one(tmp_path: Path, times: int) -> None:
    files = [tmp_path / f"{number}.db" for number in range(times)]
    answers = results_of(PROCESSES, make_files, files)
    assert all(epochs == answers[0] for epochs in answers)


def fork_while_in_use(file: Path, tell: Connection) -> None:
    store = open_patiently(file)
    before, in_child, after = (secrets.token_bytes(16) for _ in range(3))
    store.revoke(before, subject=None, expires=FOR_EVER)
    child = os.fork()
    if not child:
        seen = is_revoked(store, before)
        store.revoke(in_child, subject=None, expires=FOR_EVER)
        os._exit(0 if seen and is_revoked(store, in_child) else 1)
    status = os.waitpid(child, 0)[1]
    store.revoke(after, subject=None, expires=FOR_EVER)
    tell.send((status, [is_revoked(store, jti) for jti in (before, in_child, after)]))


def test_a_forked_child_and_its_parent_use_the_store_on(file: Path) -> None:
    assert result_of(fork_while_in_use, file) == (0, [True, True, True])
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def outlive_the_parent(file: Path, tell: Connection) -> None:
    store = open_patiently(file)
    is_revoked(store, NOBODY)
    parent = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == parent:
        time.sleep(0.01)
    jti = secrets.token_bytes(16)
    is_revoked(store, jti)
    ask_another_process(file, jti)
    store.revoke(jti, subject=None, expires=FOR_EVER)
    tell.send(ask_another_process(file, jti))
    os._exit(0)


def test_what_a_child_revokes_is_seen_once_its_parent_is_gone(file: Path) -> None:
    assert result_of(outlive_the_parent, file) is True


def test_a_revocation_is_seen_if_another_thread_opened_the_file(file: Path) -> None:
    store, jti = open_patiently(file), secrets.token_bytes(16)
    is_revoked(store, jti)
    second = threading.Thread(target=is_revoked, args=(store, jti))
    second.start()
    second.join()
    ask_another_process(file, jti)
    store.revoke(jti, subject=None, expires=FOR_EVER)
    assert ask_another_process(file, jti)


def remove(file: Path) -> None:
    """Remove a file with its log."""
    for name in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        name.unlink()


def settable(file: Path, clock: SettableClock) -> SqliteStore:
    return SqliteStore(file, clock=clock, monotonic=clock)


def test_a_file_that_was_deleted_is_made_anew_within_a_second(
    file: Path, clock: SettableClock
) -> None:
    store = settable(file, clock)
    store.revoke(NOBODY, subject=None, expires=FOR_EVER)
    first = store.standing(NOBODY, None, NOBODY)
    remove(file)
    clock.now += 1
    assert store.standing(NOBODY, None, NOBODY) == (first.epoch + 1000, False, None, False)


def test_a_file_alone_may_be_deleted_without_its_log(file: Path, clock: SettableClock) -> None:
    store = settable(file, clock)
    store.revoke(NOBODY, subject=None, expires=FOR_EVER)
    first = store.standing(NOBODY, None, NOBODY)
    file.unlink()
    clock.now += 1
    assert store.standing(NOBODY, None, NOBODY) == (first.epoch + 1000, False, None, False)


def test_a_file_that_was_replaced_is_noticed_within_a_second(
    file: Path, clock: SettableClock
) -> None:
    store, jti = settable(file, clock), secrets.token_bytes(16)
    assert not is_revoked(store, jti)
    other = file.with_name("other.db")
    settable(other, clock).check()
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute("INSERT INTO revoked VALUES (?, ?)", (jti, FOR_EVER))
    remove(file)
    other.replace(file)
    clock.now += 1
    assert is_revoked(store, jti)


def test_an_old_file_is_not_used_once_another_takes_its_place(
    file: Path, clock: SettableClock
) -> None:
    store = settable(file, clock)
    assert not is_revoked(store, NOBODY)
    remove(file)
    file.write_text("a shopping list")
    clock.now += 1
    for _ in range(2):
        with pytest.raises(Unavailable):
            store.revoke(NOBODY, subject=None, expires=FOR_EVER)
    assert file.read_text() == "a shopping list"


def write_text(file: Path) -> None:
    file.write_text("a shopping list" * 1000)


def write_foreign(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE notes (body TEXT)")


def write_ours(file: Path) -> bytes:
    SqliteStore(file).check()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        rows = ((secrets.token_bytes(16), FOR_EVER) for _ in range(10_000))
        connection.executemany("INSERT INTO revoked VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    return file.read_bytes()


def cut_short(file: Path) -> None:
    whole = write_ours(file)
    file.write_bytes(whole[: len(whole) // 2])


def cut_to_header(file: Path) -> None:
    file.write_bytes(write_ours(file)[:100])


def scribble(file: Path) -> None:
    whole = write_ours(file)
    file.write_bytes(whole[:100_000] + b"\x07" * 20_000 + whole[120_000:])


def scribble_on_first_page(file: Path) -> None:
    whole = write_ours(file)
    file.write_bytes(whole[:100] + b"\x07" * 900 + whole[1000:])


BAD = [write_text, write_foreign, cut_short, cut_to_header, scribble, scribble_on_first_page]


@pytest.mark.parametrize("write", BAD)
def test_a_bad_file_is_an_error_that_names_it_and_stays_as_it_is(
    file: Path, write: Callable[[Path], None]
) -> None:
    write(file)
    before = file.read_bytes()
    with pytest.raises(ConfigurationError, match=r"TOKENGUARD_STORAGE_URI: .*store\.db: "):
        SqliteStore(file).check()
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_the_file_and_its_log_are_for_the_owner_alone(file: Path) -> None:
    before = os.umask(0)
    try:
        store = SqliteStore(file)
        store.next_instant(NOBODY)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}
