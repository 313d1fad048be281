"""The store of one process that forgets all when it ends: for tests, and to try things out."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..clock import Clock
from .sqlite.file import Connection, Reader, SqliteFile
from .sqlite.store import SqliteStore


class MemoryStore(SqliteStore):
    """The SQLite store without its file."""

    def __init__(
        self,
        *,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        """Begin with nothing; the arguments are those of `SqliteStore`."""
        super().__init__(Path(":memory:"), clock=clock, monotonic=monotonic)
        self._file = _OnlyConnection(Path(":memory:"), timeout=0, clock=clock, monotonic=monotonic)

    def risks(self) -> Sequence[str]:
        """Say what is lost, and when."""
        return ("Every process has its own memory, which is lost when it ends.",)


class _OnlyConnection(SqliteFile):
    """One connection for every thread; its transactions take turns."""

    def __init__(
        self,
        path: Path,
        *,
        timeout: float,
        clock: Clock,
        monotonic: Clock,
    ) -> None:
        super().__init__(path, timeout=timeout, clock=clock, monotonic=monotonic)
        self._only = self.connect(is_new=True)
        self._turn = threading.Lock()

    def check(self) -> None:
        """Memory is always there."""

    def connection(self) -> Connection:
        """Get the one connection."""
        return self._only

    def reader(self) -> Reader:
        """Make a new one, as a cursor must not be shared by threads."""
        return self._only.cursor(Reader)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Wait for the turn, then do as a file does."""
        with self._turn, super().writing() as connection:
            yield connection
