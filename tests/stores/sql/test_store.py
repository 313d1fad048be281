"""The contract on PostgreSQL and MariaDB, whose clock is moved by a table of the tests."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import pytest

from flask_tokenguard.stores.base import Store
from flask_tokenguard.stores.sql.store import SQLStore
from flask_tokenguard.testing.stores import SettableClockContract
from flask_tokenguard.testing.stores.family import new_id

from ..databases import Database, ServerClock


class Opened(NamedTuple):
    """Tables with a clock, and two stores on them."""

    clock: ServerClock
    store: SQLStore
    beside: SQLStore


OpenOnce = Callable[[Database], Opened]


@pytest.fixture(scope="module")
def open_once() -> OpenOnce:
    """Open stores on a database; tests share them with their tables, and have ids of their own."""

    @cache
    def open_once(database: Database) -> Opened:
        clock = ServerClock(database)
        opened = Opened(clock, clock.open(), clock.open())
        # Its epoch must not be that of a test which has moved the clock.
        opened.store.next_instant(new_id())
        return opened

    return open_once


class SQLContract(SettableClockContract):
    """The contract in a database."""

    @pytest.fixture
    def opened(self, open_once: OpenOnce) -> Opened:
        raise NotImplementedError

    @pytest.fixture
    def clock(self, opened: Opened) -> Iterator[ServerClock]:
        yield opened.clock
        opened.clock.set_ahead(0)

    @pytest.fixture
    def store(self, opened: Opened) -> Store:
        return opened.store

    @pytest.fixture
    def beside(self, opened: Opened) -> Store:
        return opened.beside


class TestPostgreSQL(SQLContract):
    @pytest.fixture
    def opened(self, open_once: OpenOnce, postgresql: Database) -> Opened:
        return open_once(postgresql)


class TestMariaDB(SQLContract):
    @pytest.fixture
    def opened(self, open_once: OpenOnce, mariadb: Database) -> Opened:
        return open_once(mariadb)
