"""One SQLite file, and the connections to it: one for each thread of each process.

The write ahead log lets readers go on while one process writes. A file that is not ours is never
written to; one that was put in its place is noticed within a second.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from weakref import WeakSet

from ...clock import Clock
from ...errors import ConfigurationError, Unavailable
from ..base import Standing
from .schema import begin, check_is_whole, check_mark, is_ours, read_epoch

FAULTS = (sqlite3.Error, OSError, ValueError)
_LOOK_EVERY = 1.0
_BETWEEN_TRIES = 0.01
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_logger = logging.getLogger("flask_tokenguard")


class Connection(sqlite3.Connection):
    """A connection that is closed with the thread that it belonged to.

    Attributes:
        untouched: What is known of a token that nothing was said of.
    """

    untouched: Standing

    def __del__(self) -> None:
        self.close()

    def read_epoch(self) -> None:
        """Read what is known of all tokens."""
        self.untouched = Standing(read_epoch(self), is_revoked=False, ended_at=None)


class Reader(sqlite3.Cursor):
    """A cursor that is used again and again, as a new one takes time."""

    connection: Connection


class SqliteFile:
    """Opens the file for whoever asks; see `SqliteStore` for the arguments."""

    def __init__(
        self,
        path: Path,
        *,
        timeout: float,
        clock: Clock,
        monotonic: Clock,
    ) -> None:
        self.path = path
        self._timeout = timeout
        self._clock = clock
        self._monotonic = monotonic
        self._own = _Connections()

    def check(self) -> None:
        """Make the file if there is none, and leave no connection open, as before a fork.

        Raises:
            ConfigurationError: The file is damaged, not ours, or cannot be made.
        """
        try:
            with closing(self._open()) as connection:
                check_is_whole(connection)
        except FAULTS as error:
            raise ConfigurationError(f"TOKENGUARD_STORAGE_URI: {self.path}: {error}") from None

    def reader(self) -> Reader:
        """Get the cursor of this thread's connection."""
        own = self._own
        reader = own.reader
        if reader is None or self._monotonic() >= own.next_look:
            own.reader = reader = self.connection().cursor(Reader)
        return reader

    def connection(self) -> Connection:
        """Get this thread's connection; a file that was put in the old one's place is noticed."""
        own = self._own
        connection, now = own.connection, self._monotonic()
        if connection is not None and now < own.next_look:
            return connection
        inode = _inode(self.path)
        if connection is None or inode != own.inode:
            # Where the new file cannot be opened, the old one must not be used on.
            own.close()
            own.connection = connection = self._open()
            # As it was before, so that a file put there meanwhile is noticed the next time.
            own.inode = inode or _inode(self.path)
        else:
            connection.read_epoch()
        own.next_look = now + _LOOK_EVERY
        return connection

    def _open(self) -> Connection:
        """Open the file, waiting for others that make it or recover its log."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return self._try_to_open()
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF in _BUSY
                if not is_busy or time.monotonic() > deadline:
                    raise
                time.sleep(_BETWEEN_TRIES)

    def _try_to_open(self) -> Connection:
        # Whoever closes a file drops every lock that his process has on it, those of the threads'
        # connections too (https://www.sqlite.org/howtocorrupt.html section 2.2), so that another
        # process would take the log away from them. We open it ourselves before there are any.
        with _OPENING:
            is_new = False
            if _inode(self.path) not in _OURS:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
                is_new = not is_ours(self.path)
            connection = self.connect(is_new=is_new)
            _OURS.add(_inode(self.path))
            return connection

    def connect(self, *, is_new: bool) -> Connection:
        """Connect, make the tables of a new file, and read what never changes."""
        connection = sqlite3.connect(
            self.path,
            timeout=self._timeout,
            isolation_level=None,
            # It may be closed by whichever thread collects it.
            check_same_thread=False,
            factory=Connection,
        )
        try:
            self._prepare(connection, is_new=is_new)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: Connection, *, is_new: bool) -> None:
        if not is_new:
            check_mark(connection)
        else:
            begin(connection, now=int(self._clock() * 1000), monotonic=self._monotonic())
        connection.execute("PRAGMA journal_mode = WAL")
        # A revocation that was answered must survive a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.read_epoch()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Perform a whole transaction or nothing of it."""
        try:
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except FAULTS as error:
            raise unavailable(error) from None


class _Connections(threading.local):
    """What a thread has of a store."""

    connection: Connection | None = None
    reader: Reader | None = None
    inode: tuple[int, int] | None = None
    next_look = 0.0

    def __init__(self) -> None:
        with _OPENING:
            _ALL.add(self)

    def close(self) -> None:
        # Its cache of statements refers to a connection, so that letting it go is not enough.
        if self.connection is not None:
            self.connection.close()
            self.connection = self.reader = None


_OPENING = threading.RLock()
_OURS: set[tuple[int, int] | None] = set()
_ALL: WeakSet[_Connections] = WeakSet()


def _before_fork() -> None:
    """Close what the forking thread has: SQLite's locks are lost on a child that inherits it."""
    _OPENING.acquire()
    for own in _ALL:
        own.close()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_OPENING.release,
        after_in_child=_OPENING.release,
    )


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def unavailable(error: Exception) -> Unavailable:
    """Say in the log what happened, and to the client that we cannot tell."""
    _logger.warning("the store cannot be used: %s", type(error).__name__)
    return Unavailable("The token store is out of reach")
