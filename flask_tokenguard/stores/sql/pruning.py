"""Pruning: drop the rows that expired, a few after every few writes, and all by a command."""

import itertools
from contextlib import suppress
from typing import TYPE_CHECKING

from ...clock import Clock
from ...errors import Unavailable
from ..base import KEPT_AFTER_EXPIRY, OnProgress

if TYPE_CHECKING:
    from .link import Link
    from .rows import Rows

# A write adds a row or two; of each table, so many that expired go after so many writes.
_WRITES = 32
_AT_ONCE = 64
_AT_ONCE_BY_COMMAND = 1000
_TABLES = ("revoked", "subjects", "sessions")


class Pruner:
    """Drops what expired by the earlier one of two clocks: one that is wrong drops nothing."""

    def __init__(self, clock: Clock) -> None:
        """Count no writes yet.

        Args:
            clock: Seconds since the epoch, UTC; the other clock is the server's.
        """
        self._clock = clock
        self._writes = itertools.count(1)

    def note_write(self, link: "Link") -> None:
        """Count a write, and drop a little after every few."""
        if next(self._writes) % _WRITES == 0:
            # What was asked for is done.
            with suppress(Unavailable):
                for table in _TABLES:
                    self._drop(link, table, _AT_ONCE, goes_on=True)

    def prune(self, link: "Link", on_progress: OnProgress) -> int:
        """Drop all that expired, so many rows at a time; return how many."""
        dropped = 0
        for step, table in enumerate(_TABLES, 1):
            while count := self._drop(link, table, _AT_ONCE_BY_COMMAND):
                dropped += count
            on_progress(step, len(_TABLES))
        return dropped

    def _drop(self, link: "Link", table: str, count: int, *, goes_on: bool = False) -> int:
        """Drop rows of a table that expired, in a transaction of its own."""

        def drop(rows: "Rows") -> int:
            now = min(rows.find("now")[0] // 1000, int(self._clock()))
            return rows.do(f"drop_{table}", horizon=now - KEPT_AFTER_EXPIRY, count=count)

        return link.write(drop, goes_on=goes_on)
