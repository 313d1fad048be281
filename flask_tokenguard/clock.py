"""Clocks: functions without arguments that return seconds; no other module looks at the time.

A parameter `clock` takes the time of day, since the epoch in UTC, as in tokens. A parameter
`monotonic` takes seconds since any moment, for durations: such a clock is never set.
"""

import time
from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]


def wall_clock() -> float:
    """Return the time of day; looked up late, so that a test's tool can replace `time.time`."""
    return time.time()


class Steady:
    """The monotonic clock, which tools that stop the time must not stop.

    Deadlines would never be over, and what is remembered under a time far ahead would be good for
    years after. freezegun replaces what a module calls its own, and not what a class does.
    """

    now = time.monotonic
