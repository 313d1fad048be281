"""Values per process: what a forked worker must not share, such as locks and threads."""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class PerProcess(Generic[Value]):
    """A value that each process makes at its first `get`.

    A lock that a thread of the parent held at the fork stays locked in the child for ever.
    """

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._values: dict[int, Value] = {}

    def get(self) -> Value:
        """Return this process's own value, the same for all of its threads."""
        pid = os.getpid()
        value = self._values.get(pid)
        # setdefault is atomic, so that of two threads that come first both get the same.
        return self._values.setdefault(pid, self._make()) if value is None else value

    def forget(self) -> None:
        """Let this process make its value anew."""
        self._values.pop(os.getpid(), None)
