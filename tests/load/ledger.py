"""What was answered under load, and what was away meanwhile: from it follows what may be answered.

Instants are seconds of the machine's steady clock.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

What = Literal["store", "provider"]
# What goes on to be answered with 503: a server that timed out is not asked for a second, and a
# provider that failed for as long as its back-off.
_AFTERWARDS: dict[What, float] = {"store": 5.0, "provider": 20.0}


class Asked(NamedTuple):
    """A request and its status; `needs` is what may be away for it."""

    name: str
    needs: set[What]
    status: int
    began: float
    ended: float


class Ledger:
    """Counts answers, and those that must not be."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.wrong: Counter[str] = Counter()
        self.revoked: deque[str] = deque(maxlen=5000)
        self._away: list[tuple[What, float, float]] = []
        self._lock = threading.Lock()

    @contextmanager
    def away(self, what: What) -> Iterator[None]:
        """Note that something is away."""
        began = time.monotonic()
        self._away.append((what, began, float("inf")))
        place = len(self._away) - 1
        try:
            yield
        finally:
            self._away[place] = (what, began, time.monotonic() + _AFTERWARDS[what])

    def note(self, asked: Asked) -> None:
        """Count an answer; a 5xx is wrong unless what it needs was away."""
        with self._lock:
            self.answers[asked.name, asked.status] += 1
        if asked.status >= 500 and not (asked.status == 503 and self._was_away(asked)):
            self.complain(f"{asked.name} was answered with {asked.status}")

    def complain(self, fault: str) -> None:
        """Count what must not be."""
        self.wrong[fault] += 1

    def _was_away(self, asked: Asked) -> bool:
        return any(
            what in asked.needs and began <= asked.ended and asked.began <= ended
            for what, began, ended in self._away
        )
