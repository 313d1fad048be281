"""What a forked worker must not share with its parent: locks, and threads that were left behind."""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class PerProcess(Generic[Made]):
    """A value that each process makes for itself when it first asks.

    A lock that a thread of the parent held at the fork stays locked in the child for ever.
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._made: dict[int, Made] = {}

    def get(self) -> Made:
        """Tell this process's own value, the same for all of its threads."""
        pid = os.getpid()
        made = self._made.get(pid)
        # setdefault is atomic, so that of two threads that come first both get the same.
        return self._made.setdefault(pid, self._make()) if made is None else made
