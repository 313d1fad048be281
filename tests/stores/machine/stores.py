"""Stores whose clock a test moves, and which it loses: in memory, in a file, on a server."""

import hashlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from redis import Redis

from flask_tokenguard.stores.base import Store
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.stores.redis import scripts
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.stores.sql.store import SQLStore
from flask_tokenguard.stores.sqlite.store import SqliteStore

from ...support import SettableClock
from ..databases import ServerClock

_START = 1_800_000_000
_NOBODY = bytes(16)


class Clocks:
    """The store's clock, each worker's, and the machine's steady one."""

    def __init__(self, start: float) -> None:
        self.store = SettableClock(start)
        self.workers = SettableClock(int(start)), SettableClock(int(start))
        self.steady = SettableClock(50_000.0)
        self._apart = [0, 0, 0]

    def pass_time(self, seconds: int) -> None:
        for clock in (self.store, *self.workers, self.steady):
            clock.now += seconds

    def set_apart(self, which: int, seconds: int) -> None:
        """Set the store's or a worker's clock to so many seconds from the right time."""
        (self.store, *self.workers)[which].now += seconds - self._apart[which]
        self._apart[which] = seconds


class Stores(Protocol):
    """A kind of store.

    Attributes:
        keeps: For how long it keeps a session that expired, in seconds.
    """

    keeps: int
    clocks: Clocks

    def open(self) -> Callable[[], Store]:
        """Open it as a process does; return what finds it, as another may take its place."""
        ...

    def lose(self) -> None:
        """Put a new one in its place, and use it once."""
        ...

    def now(self) -> float:
        """Return the time by its clock."""
        ...

    def notice_time(self) -> None:
        """Let it notice that its clock was moved."""
        ...

    def drop(self) -> None:
        """Leave nothing behind."""
        ...


class Memory:
    """The store of one process, which both workers share."""

    keeps = 86_400

    def __init__(self) -> None:
        self.clocks = Clocks(_START)
        self.lose()

    def open(self) -> Callable[[], Store]:
        return lambda: self._store

    def lose(self) -> None:
        self._store = MemoryStore(clock=self.clocks.store, monotonic=self.clocks.steady)

    def now(self) -> float:
        return self.clocks.store()

    def notice_time(self) -> None:
        """It looks at the clock itself."""

    def drop(self) -> None:
        """It goes by itself."""


class Sqlite:
    """A file, to which each worker has a connection."""

    keeps = 86_400

    def __init__(self, folder: Path) -> None:
        self.clocks = Clocks(_START)
        self._file = folder / "store.db"
        self.lose()

    def open(self) -> Callable[[], Store]:
        clocks = self.clocks
        store = SqliteStore(self._file, timeout=60, clock=clocks.store, monotonic=clocks.steady)
        return lambda: store

    def lose(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._file}{suffix}").unlink(missing_ok=True)
        self.open()().standing(_NOBODY, None, _NOBODY)

    def now(self) -> float:
        return self.clocks.store()

    def notice_time(self) -> None:
        """It looks at the clock itself."""

    def drop(self) -> None:
        """It goes with its folder."""


class InDatabase:
    """Tables of a database, which go by a clock of the tests."""

    keeps = 86_400

    def __init__(self, clock: ServerClock) -> None:
        self._start = time.time()
        self._clock = clock
        self._opened: list[SQLStore] = []
        self.clocks = Clocks(self._start)
        self.notice_time()
        self.lose()

    def open(self) -> Callable[[], Store]:
        store = self._clock.open()
        self._opened.append(store)
        return lambda: store

    def lose(self) -> None:
        self._clock.drop_rows()
        self.open()().standing(_NOBODY, None, _NOBODY)

    def now(self) -> float:
        return self._clock()

    def notice_time(self) -> None:
        self._clock.set_ahead(round(self.clocks.store() - self._start))

    def drop(self) -> None:
        for store in self._opened:
            store.engine.dispose()


class Valkey:
    """A server whose scripts go by a moved clock, and which drops what expires by that."""

    keeps = 0
    # Of each process its own: several may share a server.
    _MOVED = f"moved:{secrets.token_hex(8)}"
    _CLOCK = f"""
        local function moved_time()
          local time = redis.call('TIME')
          return {{time[1] + redis.call('GET', '{_MOVED}'), time[2]}}
        end
    """
    _DROP = f"""
        {_CLOCK}
        local prefix, all = unpack(ARGV)
        local now = moved_time()[1] * 1000
        for _, key in ipairs(redis.call('KEYS', prefix .. '*')) do
          local expires = redis.call('PEXPIRETIME', key)
          if all == 'all' or (expires > 0 and expires <= now) then
            redis.call('DEL', key)
          end
        end
    """

    def __init__(self, uri: str, client: Redis) -> None:
        self._uri = uri
        self._client = client
        self._prefix = f"{secrets.token_hex(8)}:"
        self._start = time.time()
        self._opened: list[RedisStore] = []
        self.clocks = Clocks(self._start)
        self.notice_time()
        self.lose()

    @classmethod
    def make_clock_movable(cls, patch: pytest.MonkeyPatch) -> None:
        """Let the package's scripts go by a clock that can be moved."""
        for name, script in list(vars(scripts).items()):
            if isinstance(script, scripts.Script):
                assert "redis.call('TIME')" in script.text
                text = cls._CLOCK + script.text.replace("redis.call('TIME')", "moved_time()")
                sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
                patch.setattr(scripts, name, script._replace(text=text, sha=sha))

    def open(self) -> Callable[[], Store]:
        store = RedisStore(self._uri, prefix=self._prefix, timeout=60)
        self._opened.append(store)
        return lambda: store

    def lose(self) -> None:
        self._drop_keys()
        self.open()().standing(_NOBODY, None, _NOBODY)

    def now(self) -> float:
        return time.time() + self._offset

    def notice_time(self) -> None:
        self._client.set(self._MOVED, self._offset)
        self._client.eval(self._DROP, 0, self._prefix, "expired")

    def drop(self) -> None:
        self._drop_keys()
        # What failed is held with all that it used, and its sockets must not be found open.
        for store in self._opened:
            store._opened.forget()

    def _drop_keys(self) -> None:
        # The server looks at all its keys to find these, so that none must be left by earlier runs.
        self._client.eval(self._DROP, 0, self._prefix, "all")

    @property
    def _offset(self) -> int:
        return round(self.clocks.store() - self._start)
