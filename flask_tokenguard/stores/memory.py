"""The store of one process that forgets all when it ends: for tests, and to try things out."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from ..clock import Clock, Steady, wall_clock
from .sqlite.connections import Lease, Slot, Stamp
from .sqlite.file import SqliteFile
from .sqlite.store import SqliteStore


class MemoryStore(SqliteStore):
    """The SQLite store without its file."""

    def __init__(
        self,
        *,
        clock: Clock = wall_clock,
        monotonic: Clock = Steady.now,
    ) -> None:
        """Begin with nothing; the arguments are those of `SqliteStore`."""
        nowhere = Path(":memory:")
        super().__init__(nowhere, clock=clock, monotonic=monotonic)
        self._use(_OnlyConnection(nowhere, timeout=1.0, clock=clock, monotonic=monotonic))

    def risks(self) -> Sequence[str]:
        """Return the one risk: all is lost with the process."""
        return ("Every process has its own memory, which is lost when it ends.",)


class _OnlyConnection(SqliteFile):
    """One connection for every thread; they take turns."""

    def __init__(
        self,
        path: Path,
        *,
        timeout: float,
        clock: Clock,
        monotonic: Clock,
    ) -> None:
        super().__init__(path, timeout=timeout, clock=clock, monotonic=monotonic)
        self.slots = Lease(timeout, is_kept=True)
        self.look(self.slots.slot)

    def check(self) -> None:
        """Memory is always there."""

    def _is_replaced(self, slot: Slot, stamp: Stamp | None) -> bool:  # noqa: ARG002 - no file
        return False

    def _open(self) -> sqlite3.Connection:
        return self.connect(is_new=True)
