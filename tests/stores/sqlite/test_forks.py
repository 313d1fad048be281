"""Forks while threads use a SQLite store: none hangs, and none waits for ever."""

import gc
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn, Self

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.stores.sqlite import connections
from flask_tokenguard.stores.sqlite.store import SqliteStore

from ..processes import PATIENCE, result_of

THREADS = 6
HANGS_AFTER = 20.0
FOR_EVER = 2**40
NOBODY = bytes(16)


def is_revoked(store: SqliteStore, jti: bytes) -> bool:
    return store.standing(jti, None, NOBODY).is_revoked


@contextmanager
def used_by_threads(store: SqliteStore) -> Iterator[None]:
    """Let threads read and write, and others come and go, with what they opened."""
    is_over = threading.Event()

    def use() -> None:
        while not is_over.is_set():
            store.revoke(secrets.token_bytes(16), subject=None, expires=FOR_EVER)
            for _ in range(50):
                is_revoked(store, NOBODY)

    def come_and_go() -> None:
        while not is_over.is_set():
            thread = threading.Thread(target=is_revoked, args=(store, NOBODY))
            thread.start()
            thread.join()

    threads = [threading.Thread(target=use) for _ in range(THREADS)]
    threads += [threading.Thread(target=come_and_go)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def fork(run: Callable[[], bool]) -> str:
    """Run something in a child, and say what became of it."""
    child = os.fork()
    if not child:
        os._exit(0 if run() else 1)
    deadline = time.monotonic() + HANGS_AFTER
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return "good" if status == 0 else "bad"
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


def fork_often(store: SqliteStore, forks: int, tell: Connection) -> None:
    known = secrets.token_bytes(16)
    store.revoke(known, subject=None, expires=FOR_EVER)

    def use() -> bool:
        jti = secrets.token_bytes(16)
        store.revoke(jti, subject=None, expires=FOR_EVER)
        return is_revoked(store, jti) and is_revoked(store, known)

    with used_by_threads(store):
        tell.send([fork(use) for _ in range(forks)])


def fork_often_on_a_file(file: Path, forks: int, tell: Connection) -> None:
    fork_often(SqliteStore(file, timeout=PATIENCE), forks, tell)


def fork_often_in_memory(forks: int, tell: Connection) -> None:
    fork_often(MemoryStore(), forks, tell)


@pytest.mark.parametrize("forks", [5, pytest.param(200, marks=pytest.mark.soak)])
def test_a_child_forked_while_threads_use_the_file_does_not_hang(
    tmp_path: Path, forks: int
) -> None:
    assert result_of(fork_often_on_a_file, tmp_path / "store.db", forks) == ["good"] * forks


@pytest.mark.parametrize("forks", [5, pytest.param(200, marks=pytest.mark.soak)])
def test_a_child_forked_while_threads_use_memory_does_not_hang(forks: int) -> None:
    assert result_of(fork_often_in_memory, forks) == ["good"] * forks


def list_open_files(file: Path, tell: Connection) -> None:
    store = SqliteStore(file, timeout=PATIENCE)

    def has_none() -> bool:
        opened = [str(link.resolve()) for link in Path("/proc/self/fd").iterdir()]
        return not any(name.startswith(str(file)) for name in opened)

    with used_by_threads(store):
        tell.send(fork(has_none))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists open files")
def test_a_child_inherits_no_open_file_of_any_thread(tmp_path: Path) -> None:
    assert result_of(list_open_files, tmp_path / "store.db") == "good"


class Busy:
    """A thread that does something with a store until it is let go."""

    def __init__(self, run: Callable[["Busy"], object]) -> None:
        self.is_inside, self.may_end = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=run, args=(self,))

    def wait(self) -> None:
        self.is_inside.set()
        assert self.may_end.wait(PATIENCE)

    def __enter__(self) -> Self:
        self.thread.start()
        assert self.is_inside.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.may_end.set()
        self.thread.join(PATIENCE)


def write_for_long(store: SqliteStore) -> Busy:
    """Be in the middle of a transaction."""

    def run(busy: Busy) -> None:
        with store._file.writing():
            busy.wait()

    return Busy(run)


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, SqliteStore]:
    # A fork is as patient as the most patient store, and one of another test may be here still.
    monkeypatch.setattr(connections, "_SLOTS", set())
    memory = MemoryStore()
    memory._file.slots.slot.timeout = 0.05
    return {"memory": memory, "file": SqliteStore(tmp_path / "store.db", timeout=0.05)}


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_fork_waits_within_the_timeout_its_child_starts_anew(
    stores: dict[str, SqliteStore], kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with write_for_long(stores[kind]):
        connections.before_fork()
        connections.after_fork_in_child()
    assert caplog.messages == [
        "a fork did not wait any longer for threads inside SQLite (1): the child may hang"
    ]
    assert not is_revoked(stores[kind], NOBODY)


def test_a_fork_waits_no_longer_for_a_thread_that_opens_a_file(
    stores: dict[str, SqliteStore], caplog: pytest.LogCaptureFixture
) -> None:
    def run(busy: Busy) -> None:
        with connections.opening():
            busy.wait()

    with Busy(run):
        connections.before_fork()
        connections.after_fork_in_child()
    assert "a fork did not wait any longer" in caplog.text
    assert not is_revoked(stores["file"], NOBODY)


def test_a_fork_waits_for_no_thread_that_waits_to_open_a_file(
    stores: dict[str, SqliteStore],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(busy: Busy) -> None:
        def wait_and_fail() -> NoReturn:
            busy.wait()
            raise OSError

        monkeypatch.setattr(stores["file"]._file, "_open", wait_and_fail)
        with pytest.raises(Unavailable):
            stores["file"].next_instant(NOBODY)

    with Busy(run):
        connections.before_fork()
        connections.after_fork_in_parent()
        assert caplog.messages == []


def test_no_thread_begins_with_the_store_while_a_fork_is_due(
    stores: dict[str, SqliteStore],
) -> None:
    ended: list[bool] = []
    connections.before_fork()
    thread = threading.Thread(target=lambda: ended.append(is_revoked(stores["memory"], NOBODY)))
    thread.start()
    thread.join(0.1)
    assert ended == []
    connections.after_fork_in_parent()
    thread.join(PATIENCE)
    assert ended == [False]


def test_a_thread_that_ends_during_a_fork_leaves_no_connection(
    stores: dict[str, SqliteStore],
) -> None:
    held = set(connections._SLOTS)

    def run(busy: Busy) -> None:
        is_revoked(stores["file"], NOBODY)
        busy.wait()

    with Busy(run):
        connections.before_fork()
    assert connections._SLOTS - held
    connections.after_fork_in_parent()
    assert not connections._SLOTS - held


def test_a_store_that_is_gone_is_not_held(tmp_path: Path) -> None:
    held = set(connections._SLOTS)
    store = SqliteStore(tmp_path / "store.db")
    assert not is_revoked(store, NOBODY)
    assert connections._SLOTS - held
    del store
    gc.collect()
    assert not connections._SLOTS - held


def test_a_child_forgets_what_a_thread_of_its_parent_was_using() -> None:
    held = set(connections._SLOTS)
    lease = connections.Lease(0.05)
    slot = lease.slot

    def run(busy: Busy) -> None:
        with slot.lock:
            busy.wait()

    with Busy(run):
        connections.before_fork()
        del lease
        connections.after_fork_in_child()
    assert not connections._SLOTS - held
