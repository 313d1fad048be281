"""Clocks: functions without arguments that return seconds; no other module looks at the time.

A parameter `clock` takes the time of day, since the epoch in UTC, as in tokens. A parameter
`monotonic` takes seconds since any moment, for durations: such a clock is never set.
"""

import time
from collections.abc import Callable
from functools import partial
from operator import methodcaller
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]

# Looked up at each call, so that a test's tool that replaces `time.time` is followed; without a
# frame of Python's, since every request asks.
wall_clock: Clock = partial(methodcaller("time"), time)
# A tool that stops time would stop deadlines too, and what is remembered under a time far ahead
# would be good for years after: freezegun replaces what a module calls its own, not what is held.
monotonic: Clock = partial(time.monotonic)
