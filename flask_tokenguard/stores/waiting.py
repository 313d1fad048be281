"""Waiting: for how long an operation of a store on a server may take, and when nobody waits at all.

A thread performs one operation at a time, so that its deadline is found wherever something waits.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from ..clock import Clock, Steady
from ..deadline import Deadline, Lookups, SocketAddress

_PAUSE = 1.0
# Of one server's name, so that threads that connect at once do not wait for each other.
_MOST_LOOKUPS = 8


class _Operation(threading.local):
    deadline = Deadline(0)


_operation = _Operation()


def begin(seconds: float) -> Deadline:
    """Begin an operation of this thread, for all of which there are this many seconds."""
    deadline = _operation.deadline = Deadline(seconds)
    return deadline


def deadline() -> Deadline:
    """Return when this thread's operation must be over."""
    return _operation.deadline


def time_left() -> float:
    """Return how many seconds are left of this thread's operation, more than none.

    Raises:
        TimeoutError: None are.
    """
    return _operation.deadline.left()


@contextmanager
def part_of_the_time(others: int) -> Iterator[None]:
    """Take a part of what is left, so that something of it stays for others.

    Args:
        others: How many come after this; at least a quarter may be taken.

    Raises:
        TimeoutError: Nothing is left.
    """
    whole = _operation.deadline
    _operation.deadline = Deadline(whole.left() / min(others + 1, 4))
    try:
        yield
    finally:
        _operation.deadline = whole


def look_up(host: str, port: int) -> list[SocketAddress]:
    """Look up the addresses of a server, within this thread's operation; at least one.

    Raises:
        OSError: There is none, or none in time.
    """
    return _lookups_of(host).resolve(host, port, _operation.deadline)


@lru_cache(maxsize=64)
def _lookups_of(_host: str) -> Lookups:
    # A name that hangs must not keep out another one's server, such as the next sentinel.
    return Lookups(_MOST_LOOKUPS)


class Paused(OSError):
    """The server did not answer in time a moment ago, and is not asked now."""


class Pause:
    """A moment in which nobody waits for what did not answer in time; of one process."""

    def __init__(self, monotonic: Clock = Steady.now) -> None:
        """Begin without one.

        Args:
            monotonic: Seconds.
        """
        self._monotonic = monotonic
        self._over_at = 0.0
        self._changing = threading.RLock()

    @property
    def is_on(self) -> bool:
        """Whether it was begun, and not ended by an answer."""
        return self._over_at > 0

    def check(self) -> None:
        """Let one caller through when the pause is over, and all once it was answered.

        Raises:
            Paused: It is not over.
        """
        if not self._over_at:
            return
        with self._changing:
            # An answer to another thread may have ended it by now.
            if self._over_at:
                if self._monotonic() < self._over_at:
                    raise Paused
                self.begin()

    def begin(self) -> None:
        """Begin a pause, or begin it anew."""
        with self._changing:
            self._over_at = self._monotonic() + _PAUSE

    def end(self) -> None:
        """End it, since there was an answer."""
        if self._over_at:
            with self._changing:
                self._over_at = 0.0
