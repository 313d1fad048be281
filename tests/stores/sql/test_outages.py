"""Databases that are killed, stopped and started again, and what a request waits for."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.base import Store
from flask_tokenguard.stores.sql.store import SQLStore
from flask_tokenguard.testing.stores import Family, new_id

from ..crowd import Load, now
from ..databases import Database
from ..servers import wait_until

TIMEOUT = 0.5
# What a busy machine may add.
SLACK = 5.0
soak = pytest.mark.soak

OPERATIONS: dict[str, Callable[[Store], object]] = {
    "standing": lambda store: store.standing(new_id(), None, new_id()),
    "next_instant": lambda store: store.next_instant(new_id()),
    "revoke": lambda store: store.revoke(new_id(), subject=None, expires=now() + 60),
    "end_subject": lambda store: store.end_subject(new_id(), expires=now() + 60),
    "advance": lambda store: Family(store, now).present(new_id()),
    "end_session": lambda store: store.end_session(new_id(), subject=None),
    "sessions_of": lambda store: store.sessions_of(new_id()),
    "risks": lambda store: store.risks(),
}


@contextmanager
def takes_at_most(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.fixture
def store(database: Database) -> SQLStore:
    """A store with a connection."""
    store = SQLStore(database.uri, timeout=TIMEOUT)

    def answers() -> bool:
        with suppress(Unavailable):
            return store.next_instant(new_id()) > 0
        return False

    wait_until(answers)
    return store


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_server_that_is_stopped_is_not_waited_for(
    database: Database, store: SQLStore, operation: str
) -> None:
    with database.stopped(), takes_at_most(TIMEOUT + SLACK), pytest.raises(Unavailable):
        OPERATIONS[operation](store)


def test_a_server_stopped_before_it_is_met_is_not_waited_for(database: Database) -> None:
    store = SQLStore(database.uri, timeout=TIMEOUT)
    with database.stopped(), takes_at_most(TIMEOUT + SLACK), pytest.raises(Unavailable):
        store.standing(new_id(), None, new_id())


def test_a_resolver_that_hangs_is_not_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        is_over.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    store = SQLStore(database.uri.replace("127.0.0.1", "db.example"), timeout=TIMEOUT)
    with takes_at_most(TIMEOUT + SLACK), pytest.raises(Unavailable):
        store.standing(new_id(), None, new_id())
    is_over.set()


def test_after_a_timeout_nobody_waits_for_a_moment(
    database: Database, store: SQLStore, short_pauses: float
) -> None:
    with database.stopped():
        with pytest.raises(Unavailable):
            store.next_instant(new_id())
        with takes_at_most(TIMEOUT), pytest.raises(Unavailable):
            store.next_instant(new_id())
    time.sleep(short_pauses)
    assert store.next_instant(new_id()) > 0


def test_a_session_that_another_locks_is_waited_for_no_longer(
    database: Database, store: SQLStore
) -> None:
    family = Family(store, now)
    family.start()
    with database.engine().connect() as other:
        other.exec_driver_sql("BEGIN")
        other.exec_driver_sql("SELECT id FROM tokenguard_sessions FOR UPDATE")
        with takes_at_most(TIMEOUT + SLACK), pytest.raises(Unavailable):
            family.present(family.first.jti)
        # The server answers, so that others ask it on.
        assert not family.standing().is_revoked
        other.exec_driver_sql("ROLLBACK")
    assert family.present(family.first.jti).outcome == "advanced"


def test_a_server_that_was_started_again_needs_no_new_store(
    database: Database, store: SQLStore
) -> None:
    jti = new_id()
    store.revoke(jti, subject=None, expires=now() + 60)
    database.kill()
    with takes_at_most(TIMEOUT + SLACK), pytest.raises(Unavailable):
        store.standing(jti, None, new_id())
    database.start()
    assert store.standing(jti, None, new_id()).is_revoked
    assert store.next_instant(new_id()) > 0


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=soak)])
def test_a_server_killed_under_load_keeps_what_it_acknowledged(
    database: Database, kills: int
) -> None:
    store = SQLStore(database.uri, timeout=3)
    load = Load(store)
    with load.going_on():
        for _ in range(kills):
            time.sleep(0.3)
            database.kill()
            time.sleep(0.05)
            database.start()
        time.sleep(0.1)
        with database.stopped():
            time.sleep(0.1)
        time.sleep(0.3)
    assert set(load.seen) <= {"revoked", "advanced", "unavailable"}
    assert load.seen["revoked"] > kills
    assert load.seen["advanced"] > kills
    standings = [store.standing(jti, None, subject) for jti, subject in load.revoked]
    assert all(standing.is_revoked for standing in standings)
    assert len({standing.epoch for standing in standings}) == 1
