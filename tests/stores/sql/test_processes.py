"""Many processes on one database: rotating at once, making the tables at once, and forked."""

import os
import secrets
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

import pytest

from flask_tokenguard.stores.sql import link
from flask_tokenguard.stores.sql.store import SQLStore
from flask_tokenguard.testing.stores import Family, new_id

from ..crowd import PROCESSES, now, rotate_in_all
from ..databases import Database
from ..processes import PATIENCE, result_of, results_of

NOBODY = bytes(16)
FOR_EVER = 2**40

soak = pytest.mark.soak


def open_patiently(uri: str, prefix: str = "tokenguard_") -> SQLStore:
    return SQLStore(uri, prefix=prefix, timeout=PATIENCE)


@pytest.mark.parametrize("rounds", [5, pytest.param(500, marks=soak)])
def test_of_many_processes_that_rotate_one_token_one_wins(database: Database, rounds: int) -> None:
    family = Family(open_patiently(database.uri), now)
    family.start()
    for outcomes in rotate_in_all(database.uri, family, rounds):
        assert outcomes == {"advanced": 1, "repeated": PROCESSES - 1}


def make_tables(uri: str, prefixes: list[str], together: Barrier, tell: Connection) -> None:
    epochs = []
    for prefix in prefixes:
        store = open_patiently(uri, prefix)
        together.wait(PATIENCE)
        instant = store.next_instant(NOBODY)
        epochs.append(store.standing(NOBODY, None, NOBODY).epoch)
        assert instant > epochs[-1]
    tell.send(epochs)


@pytest.mark.parametrize("times", [2, pytest.param(50, marks=soak)])
def test_processes_that_make_the_tables_at_once_make_one_store(
    database: Database, times: int
) -> None:
    prefixes = [f"many{secrets.token_hex(6)}_" for _ in range(times)]
    answers = results_of(PROCESSES, make_tables, database.uri, prefixes)
    assert all(epochs == answers[0] for epochs in answers)


def is_revoked(store: SQLStore, jti: bytes) -> bool:
    return store.standing(jti, None, NOBODY).is_revoked


def _in_child(act: Callable[[], bool]) -> int:
    """Fork, and return the child's exit status: 0 where it came true."""
    child = os.fork()
    if not child:
        try:
            os._exit(0 if act() else 1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1]


def fork_while_in_use(uri: str, tell: Connection) -> None:
    """Fork while other threads have connections, and use the store in both."""
    store = open_patiently(uri)
    before, in_child, after = (secrets.token_bytes(16) for _ in range(3))
    store.revoke(before, subject=None, expires=FOR_EVER)
    is_over = threading.Event()

    def use() -> None:
        while not is_over.is_set():
            is_revoked(store, before)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()

    def act() -> bool:
        seen = is_revoked(store, before)
        store.revoke(in_child, subject=None, expires=FOR_EVER)
        return seen and is_revoked(store, in_child)

    statuses = [_in_child(act) for _ in range(5)]
    is_over.set()
    for thread in threads:
        thread.join()
    store.revoke(after, subject=None, expires=FOR_EVER)
    tell.send((statuses, [is_revoked(store, jti) for jti in (before, in_child, after)]))


def test_forked_children_and_their_parent_use_the_store_on(database: Database) -> None:
    assert result_of(fork_while_in_use, database.uri) == ([0] * 5, [True, True, True])


def end_a_child(uri: str, tell: Connection) -> None:
    """Let a child end as a program does, with all that it inherited."""
    store = open_patiently(uri)
    store.next_instant(NOBODY)
    (engine,) = store._engines.values()
    child = os.fork()
    if not child:
        store.next_instant(NOBODY)
        raise SystemExit
    os.waitpid(child, 0)
    with engine.connect() as connection:
        tell.send(connection.exec_driver_sql("SELECT 1").scalar())
    os._exit(0)


def test_a_child_that_ends_leaves_its_parents_connections(database: Database) -> None:
    assert result_of(end_a_child, database.uri) == 1


def test_a_childs_engine_is_not_its_parents(database: Database) -> None:
    store = open_patiently(database.uri)
    store.next_instant(new_id())
    (inherited,) = store._engines.values()
    store._engines = {(0, 0): inherited}
    pool = inherited.pool
    store._links.forget()
    store.next_instant(new_id())
    assert inherited.pool is not pool
    own = store._links.get()
    store._links.forget()
    assert store._links.get() is not own
    assert own.engine.pool.checkedin() == 1  # type: ignore[attr-defined] # of a queue
    pool.dispose()


def test_a_child_closes_nothing_of_its_parents(database: Database) -> None:
    store = open_patiently(database.uri)
    store.next_instant(NOBODY)
    engine = store.engine
    link._close(engine, (os.getpid() + 1, 0))
    assert engine.pool.checkedin() == 1  # type: ignore[attr-defined] # of a queue
