"""Times that compare: the candidates take turns, so that what slows one slows all.

A ratio within a round means something; a time by itself tells as much of the machine.
"""

import gc
import os
import platform
import random
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from statistics import quantiles
from typing import NamedTuple, TypeAlias

Batch: TypeAlias = Callable[[], object]
Prepare: TypeAlias = Callable[[], Batch]
Round: TypeAlias = dict[str, float]


class Size(NamedTuple):
    """How much is measured: rounds that count, and how often each one does the work."""

    rounds: int
    batch: int


class Spread(NamedTuple):
    """The median of some values between their quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Find the quartiles of at least two values."""
        low, median, high = quantiles(values, n=4, method="inclusive")
        return cls(low, median, high)

    def show(self, form: Callable[[float], str]) -> str:
        """Write the median, then the quartiles in brackets."""
        return f"{form(self.median)} [{form(self.low)}, {form(self.high)}]"


def settle() -> None:
    """Stay on one core where the system can say so, and take what lives by now for permanent."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    gc.collect()
    gc.freeze()


def cpu_seconds(batch: Batch) -> float:
    """Time a batch by the CPU's clock, which stands while other processes run."""
    return _seconds(batch, time.process_time)


def wall_seconds(batch: Batch) -> float:
    """Time a batch that waits for another process."""
    return _seconds(batch, time.perf_counter)


def take_turns(
    candidates: Mapping[str, Prepare],
    rounds: int,
    *,
    seconds: Callable[[Batch], float] = cpu_seconds,
) -> list[Round]:
    """Time one batch of each candidate a round, in an order that chance changes with the round.

    Each finds what the one before it left in the processor's caches, so that none may always follow
    the same one.

    Args:
        candidates: By name, what makes a batch ready; only the batch itself is timed.
        rounds: How many count, after one that warms up.
        seconds: Times a batch.

    Returns:
        For each round the seconds of each candidate.
    """
    names = list(candidates)
    chance = random.Random(1)  # noqa: S311 - no secret
    times = []
    for _ in range(rounds + 1):
        measured = {name: seconds(candidates[name]()) for name in names}
        times.append({name: measured[name] for name in candidates})
        chance.shuffle(names)
    return times[1:]


def _seconds(batch: Batch, clock: Callable[[], float]) -> float:
    gc.collect()
    start = clock()
    batch()
    return clock() - start


def as_fraction(ratio: float) -> str:
    """Write a ratio below one as `1/6.3`."""
    return f"1/{1 / ratio:.1f}" if ratio > 0 else "noise"


def environment(*packages: str) -> str:
    """Tell on what a run was made."""
    return ", ".join(
        [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    )
