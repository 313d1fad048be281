"""One SQLite file, and the connections to it: one for each thread of each process.

The write ahead log lets readers go on while one process writes. A file that is not ours is never
written to; one that was put in its place is noticed within a second.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ...arguments.files import missing
from ...clock import Clock, Steady
from ...errors import ConfigurationError, Reason, Unavailable
from ..base import Standing
from .connections import Lease, Slot, Stamp, ThreadSlots, let_fork, opening
from .schema import begin, check_is_whole, check_mark, is_ours, read_epoch, read_first_epoch

FAULTS = (sqlite3.Error, OSError, ValueError)
_LOOK_EVERY = 1.0
_PAST_LOG = "mode=ro&immutable=1"
_BETWEEN_TRIES = 0.01
# A checkpoint writes a page in microseconds; a copy that is under way is not waited for.
_MOST_TRIES = 20
_BETWEEN_LOOKS = 0.002
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_logger = logging.getLogger("flask_tokenguard")


class SqliteFile:
    """Opens the file when it is needed; see `SqliteStore` for the arguments."""

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
        self.slots: ThreadSlots | Lease = ThreadSlots(timeout)

    def check(self) -> None:
        """Make the file if there is none, and leave no connection open, as before a fork.

        Raises:
            ConfigurationError: The file is damaged, not ours, or cannot be made.
        """
        lease = Lease(self._timeout)
        try:
            with lease.slot.lock:
                lease.slot.connection = connection = self._open()
                try:
                    check_is_whole(connection)
                finally:
                    lease.slot.close()
        except FileNotFoundError:
            fault = missing(self.path.parent.absolute())
            raise ConfigurationError(f"TOKENGUARD_STORAGE_URI: {fault}") from None
        except FAULTS as error:
            raise ConfigurationError(f"TOKENGUARD_STORAGE_URI: {self.path}: {error}") from None

    def look(self, slot: Slot) -> None:
        """Notice a file that was put in the old one's place, and read the epoch again."""
        let_fork(self._timeout)
        with slot.lock:
            stamp = _stamp(self.path)
            if slot.connection is not None:
                if self._is_replaced(slot, stamp):
                    # Where the new file cannot be opened, the old one must not be used on.
                    slot.close()
                slot.stamp = stamp
            self._read_epoch(slot, self.connection(slot))
            slot.next_look = self._monotonic() + _LOOK_EVERY

    def reader(self, slot: Slot) -> sqlite3.Cursor:
        """Make the cursor of a slot whose lock is held, for what is read to its end at once."""
        reader = slot.reader = self.connection(slot).cursor()
        return reader

    def connection(self, slot: Slot) -> sqlite3.Connection:
        """Return the connection of a slot whose lock is held."""
        if slot.connection is None:
            stamp = _stamp(self.path)
            slot.connection = self._open()
            # As it was before, so that a file put there meanwhile is noticed the next time.
            slot.stamp = stamp or _stamp(self.path)
            slot.first_epoch = read_first_epoch(slot.connection)
            self._read_epoch(slot, slot.connection)
        return slot.connection

    def _read_epoch(self, slot: Slot, connection: sqlite3.Connection) -> None:
        slot.untouched = Standing(read_epoch(connection), is_revoked=False, ended_at=None)

    def _is_replaced(self, slot: Slot, stamp: Stamp | None) -> bool:
        if _inode(stamp) != _inode(slot.stamp):
            return True
        is_overwritten = self._is_overwritten(slot.first_epoch)
        if is_overwritten:
            self._set_aside(slot.stamp)
        return is_overwritten

    def _is_overwritten(self, first_epoch: int) -> bool:
        """Return whether another file was copied over ours, of which SQLite notices nothing.

        It goes on with what it remembers of the old one and with the old one's log, so that the
        epoch of the new one is read past both. That of a file never changes.

        What is read past all locks may be half written by a checkpoint, so that another epoch
        counts only if it is read twice.

        Raises:
            sqlite3.Error, ValueError: It is no file of ours, or not copied to its end.
        """
        epochs: list[int] = []
        for tries_left in reversed(range(_MOST_TRIES)):
            try:
                epochs.append(self._read_epoch_past_log())
            except (sqlite3.Error, ValueError):
                if not tries_left:
                    raise
            if epochs[-1:] == [first_epoch]:
                return False
            if len(epochs) > 1 and epochs[-1] == epochs[-2]:
                return True
            time.sleep(_BETWEEN_LOOKS)
        raise ValueError("the file changes too fast")

    def _read_epoch_past_log(self) -> int:
        with closing(
            sqlite3.connect(f"{self.path.absolute().as_uri()}?{_PAST_LOG}", uri=True)
        ) as one:
            check_mark(one)
            return read_first_epoch(one)

    def _set_aside(self, stamp: Stamp | None) -> None:
        """Begin anew in the place of a mixture: closing what was moved writes nothing to it."""
        aside = self.path.with_name(f"{self.path.name}.overwritten")
        with opening():
            if _inode(_stamp(self.path)) == _inode(stamp):
                self.path.replace(aside)
                for name in ("-wal", "-shm"):
                    self.path.with_name(self.path.name + name).unlink(missing_ok=True)
                _logger.warning("a file was copied over the store's; see %s", aside.name)

    def _open(self) -> sqlite3.Connection:
        """Open the file, waiting for others that make it or recover its log."""
        deadline = Steady.now() + self._timeout
        while True:
            try:
                return self._try_to_open()
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF in _BUSY
                if not is_busy or Steady.now() > deadline:
                    raise
                time.sleep(_BETWEEN_TRIES)

    def _try_to_open(self) -> sqlite3.Connection:
        # Closing a file drops every lock that the process has on it, those of the threads'
        # connections too (https://www.sqlite.org/howtocorrupt.html section 2.2), so that another
        # process would take the log away from them. We open it ourselves before there are any.
        with opening():
            is_new = False
            if _inode(_stamp(self.path)) not in _OURS:
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
                is_new = not is_ours(self.path)
            connection, stamp = self.connect(is_new=is_new), _stamp(self.path)
            _OURS.add(_inode(stamp))
            # A log that was left by a process that was killed may be that of another file.
            if self._is_overwritten(read_first_epoch(connection)):
                self._set_aside(stamp)
                connection.close()
                return self._try_to_open()
            return connection

    def connect(self, *, is_new: bool) -> sqlite3.Connection:
        """Connect, and make the tables of a new file."""
        connection = sqlite3.connect(
            self.path,
            timeout=self._timeout,
            isolation_level=None,
            # Before a fork it is closed by the thread that forks.
            check_same_thread=False,
        )
        try:
            self._prepare(connection, is_new=is_new)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, *, is_new: bool) -> None:
        if not is_new:
            check_mark(connection)
        else:
            begin(connection, now=int(self._clock() * 1000), monotonic=self._monotonic())
        connection.execute("PRAGMA journal_mode = WAL")
        # A revocation that was answered must survive a power cut.
        connection.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read with this thread's connection."""
        slot = self.slots.slot
        try:
            if self._monotonic() >= slot.next_look:
                self.look(slot)
            with slot.lock:
                yield slot.connection or self.connection(slot)
        except FAULTS as error:
            raise unavailable(error, self.path) from None

    @contextmanager
    def writing(
        self, at_begin: Callable[[sqlite3.Connection], None] = lambda _: None
    ) -> Iterator[sqlite3.Connection]:
        """Perform a whole transaction or nothing of it.

        Args:
            at_begin: Called first within it.
        """
        slot = self.slots.slot
        # What is written into a mixture could make it look like the file that it was.
        if not slot.is_kept and _stamp(self.path) != slot.stamp:
            slot.next_look = 0.0
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                at_begin(connection)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


_OURS: set[tuple[int, int] | None] = set()


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size


def _inode(stamp: Stamp | None) -> tuple[int, int] | None:
    return stamp and stamp[:2]


def unavailable(error: Exception, path: Path) -> Unavailable:
    """Log what happened, and return the refusal for the client."""
    _logger.warning("the store %s cannot be used: %s", path, type(error).__name__)
    return Unavailable("The token store is out of reach", reason=Reason.STORE_UNAVAILABLE)
