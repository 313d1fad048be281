"""Clocks: functions without arguments that return seconds; no other module looks at the time.

A parameter `clock` takes the time of day, since the epoch in UTC, as in tokens. A parameter
`monotonic` takes seconds since any moment, for durations: such a clock is never set.

Both clocks here are objects that every part of an app keeps, so that `testing.clock` can let
another clock answer in their place.
"""

import time
from collections.abc import Callable
from functools import partial
from operator import methodcaller
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]

# The time of day, looked up at each call, so that a test's tool can replace `time.time`. It is done
# in C, since every request asks for it.
wall_clock: Clock = partial(methodcaller("time"), time)


class Steady:
    """The monotonic clock, which tools that stop the time must not stop.

    Deadlines would never be over, and what is remembered under a time far ahead would be good for
    years after. freezegun replaces what a module calls its own, and not what a class does.
    """

    now = staticmethod(partial(time.monotonic))
    # It goes on while the machine is suspended, where there is such a clock.
    since_start = staticmethod(
        partial(time.clock_gettime, time.CLOCK_BOOTTIME)
        if hasattr(time, "CLOCK_BOOTTIME")
        else partial(time.monotonic)
    )
