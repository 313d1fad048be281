"""The clock of tests: it stands still until a test moves it, and the apps here go by it.

It moves what goes by this process's time: the app, its cache of tokens, the keys that it fetched,
and a store in memory or in SQLite. A store on a server keeps its server's time.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

from flask import Flask

from ..clock import Clock, Steady, wall_clock
from ..errors import ConfigurationError
from .apps import parts_under_test


class SettableClock:
    """Seconds since the epoch, UTC, which stand still until a test moves them.

    Attributes:
        now: The time; set it, or call `move`.
    """

    def __init__(self, now: float) -> None:
        """Begin at an instant."""
        self._now = now
        self._passed = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self._now

    @property
    def now(self) -> float:
        """The time."""
        return self._now

    @now.setter
    def now(self, instant: float) -> None:
        self._passed += max(0.0, instant - self._now)
        self._now = instant

    def move(self, by: timedelta | float) -> None:
        """Let so much time pass: a timedelta, or seconds."""
        self.now += by.total_seconds() if isinstance(by, timedelta) else by

    def monotonic(self) -> float:
        """Return the monotonic clock's seconds and those that were moved; they never go back."""
        # It does not stand still: a wait for a server would never end.
        return time.monotonic() + self._passed


@contextmanager
def settable_clock(app: Flask) -> Iterator[SettableClock]:
    """Let an app, and every other one in this process, go by a clock that stands at the present.

    Raises:
        ConfigurationError: The app is not in testing mode, or its guard has a clock of its own.
    """
    if parts_under_test(app).clock is not wall_clock:
        raise ConfigurationError(
            "The app's TokenGuard was given clock=, which nothing else can move; move that one"
        )
    clock = SettableClock(wall_clock())
    with (
        _answered_by(wall_clock, clock),
        _answered_by(Steady.now, clock.monotonic),
        _answered_by(Steady.since_start, clock.monotonic),
    ):
        yield clock


@contextmanager
def _answered_by(clock: Clock, other: Clock) -> Iterator[None]:
    """Let one clock answer in place of another, wherever that one is kept."""
    # Every part of an app holds the object itself, a functools.partial, whose state can be set.
    target = cast("Any", clock)
    before = target.__reduce__()[2]
    target.__setstate__((other, (), {}, {}))
    try:
        yield
    finally:
        target.__setstate__(before)
