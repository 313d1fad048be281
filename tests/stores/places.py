"""Places: stores that a test holds up, and whose clock it sets, for the table of interleavings."""

import hashlib
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from threading import Event
from typing import Any

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.base import Store
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.stores.redis import scripts
from flask_tokenguard.stores.redis.scripts import Script
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.stores.sqlite.store import SqliteStore

from ..support import SettableClock
from .databases import Database, ServerClock
from .servers import RealServer, wait_until

_START = 1_800_000_000
Act = Callable[[], Any]


def ahead(script: Script, seconds: float) -> Script:
    """Change a script so that it adds to the server's time."""
    clock = "local NOW = read_clock()"
    assert clock in script.text
    text = script.text.replace(clock, f"{clock} + {seconds * 1000:.0f}", 1)
    return script._replace(text=text, sha=hashlib.sha1(text.encode()).hexdigest())  # noqa: S324 - as servers name scripts


class Place(ABC):
    """Where a store is kept.

    Attributes:
        began: The time by the store's clock as the test begins, in whole seconds.
    """

    began: int

    @abstractmethod
    def open(self) -> Store:
        """Open the store, as one more worker does."""

    def open_hasty(self) -> Store:
        """Open the store for a worker that soon gives up, where it would have to wait for long."""
        return self.open()

    @abstractmethod
    def set_clock(self, seconds: float) -> None:
        """Set the store's clock so many seconds forward, or back."""

    @abstractmethod
    def perform_late(self, act: Act) -> float:
        """Let the store be held up while it is asked, and go on.

        Args:
            act: Asks a hasty store once, and gets no answer in time.

        Returns:
            When it went on, by `time.monotonic`.
        """


class _OwnClock(Place):
    """A store that goes by a clock of the test, which passes while it is held up."""

    began = _START

    def __init__(self) -> None:
        self.clock: SettableClock = SettableClock(float(_START))

    def set_clock(self, seconds: float) -> None:
        self.clock.now += seconds

    @abstractmethod
    def locked(self) -> AbstractContextManager[object]:
        """Let every writer wait."""

    def perform_late(self, act: Act) -> float:
        is_asking = Event()

        def ask() -> None:
            is_asking.set()
            act()

        with ThreadPoolExecutor(1) as thread:
            with self.locked():
                late = thread.submit(ask)
                assert is_asking.wait(10)
                # Long enough to come to where it waits.
                time.sleep(0.05)
                self.clock.now += 60
                went_on = time.monotonic()
            late.result()
        return went_on


class MemoryPlace(_OwnClock):
    """The memory of this process."""

    def __init__(self) -> None:
        super().__init__()
        self._store = MemoryStore(clock=self.clock, monotonic=self.clock)

    def open(self) -> Store:
        return self._store

    def locked(self) -> AbstractContextManager[object]:
        return self._store._slots.slot.lock


class SqlitePlace(_OwnClock):
    """A file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._file = folder / "store.db"
        self._open().check()

    def open(self) -> Store:
        return self._open()

    def _open(self) -> SqliteStore:
        return SqliteStore(self._file, timeout=60, clock=self.clock, monotonic=self.clock)

    @contextmanager
    def locked(self) -> Iterator[None]:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield


class DatabasePlace(_OwnClock):
    """A database whose sessions another transaction locks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # A clock that is set back must not be at a time before the store began.
        self.clock: ServerClock = ServerClock(database, ahead=-3600)
        self.open().next_instant(bytes(16))
        self.clock.set_ahead(0)
        self.began = int(self.clock())

    def open(self) -> Store:
        return self.clock.open()

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._database.engine().connect() as other:
            other.exec_driver_sql("BEGIN")
            other.exec_driver_sql(f"SELECT * FROM {self.clock.prefix}sessions FOR UPDATE")  # noqa: S608 - our own names
            yield
            other.exec_driver_sql("COMMIT")


class ServerPlace(Place):
    """Servers, all of which are stopped at once."""

    def __init__(
        self, uri: str, servers: Sequence[RealServer], *, prefix: str, patch: pytest.MonkeyPatch
    ) -> None:
        self.began = int(time.time())
        self._uri = uri
        self._servers = servers
        self._prefix = prefix
        self._patch = patch
        # A clock that is set back must not be at a time before the store began.
        with patch.context() as an_hour_ago:
            an_hour_ago.setattr(scripts, "EPOCHS", ahead(scripts.EPOCHS, -3600))
            self.open().next_instant(bytes(16))

    def open(self) -> Store:
        return RedisStore(self._uri, prefix=self._prefix, timeout=60)

    def open_hasty(self) -> Store:
        store = RedisStore(self._uri, prefix=self._prefix, timeout=0.3)
        wait_until(lambda: _answers(store))
        return store

    def set_clock(self, seconds: float) -> None:
        for name, script in list(vars(scripts).items()):
            if isinstance(script, Script):
                self._patch.setattr(scripts, name, ahead(script, seconds))

    def perform_late(self, act: Act) -> float:
        try:
            for server in self._servers:
                server.signal(SIGSTOP)
            act()
        finally:
            went_on = time.monotonic()
            for server in self._servers:
                server.signal(SIGCONT)
        for server in self._servers:
            # It reads first what came before.
            server.ask("PING")
        return went_on


def _answers(store: Store) -> bool:
    """Try a store, which has a connection from then on; a busy machine may take its time."""
    try:
        return store.next_instant(bytes(16)) > 0
    except Unavailable:
        return False
