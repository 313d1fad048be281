"""Clocks: functions without arguments that return seconds.

A parameter `clock` takes the time of day, since the epoch in UTC, as in tokens. A parameter
`monotonic` takes seconds since any moment, for durations: such a clock is never set.
"""

from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]
