"""Values per process: what a forked worker must not share, such as locks and threads."""

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class PerProcess(Generic[Value]):
    """A value that each process makes once, at its first `get`.

    A lock that a thread of the parent held at the fork stays locked in the child for ever.
    """

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._values: dict[int, Value] = {}
        self._locks: dict[int, threading.Lock] = {}

    def get(self) -> Value:
        """Return this process's own value, the same for all of its threads."""
        value = self._values.get(os.getpid())
        return self._make_once() if value is None else value

    def forget(self) -> None:
        """Let this process make its value anew."""
        self._values.pop(os.getpid(), None)

    def _make_once(self) -> Value:
        pid = os.getpid()
        # setdefault is atomic: of two threads that come first, both get the same lock.
        with self._locks.setdefault(pid, threading.Lock()):
            value = self._values.get(pid)
            if value is None:
                value = self._values[pid] = self._make()
            return value
