"""Values per process: what a forked worker must not share, such as locks and threads."""

import os
import threading
from collections.abc import Callable
from typing import ClassVar, Generic, TypeAlias, TypeVar

Value = TypeVar("Value")
Process: TypeAlias = tuple[int, int]


class _Forks:
    """How many forks lie before this process.

    A system gives the number of a process that has ended to a new one, which may be its descendant.
    """

    number: ClassVar[int] = 0


def _count_fork() -> None:  # pragma: no cover - runs in the child
    _Forks.number += 1


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_count_fork)


def this_process() -> Process:
    """Return what no process of this one's ancestors has.

    The number alone would do but for a server that forks without Python, such as uWSGI.
    """
    return os.getpid(), _Forks.number


class PerProcess(Generic[Value]):
    """A value that each process makes once, at its first `get`.

    A lock that a thread of the parent held at the fork stays locked in the child for ever.
    """

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._values: dict[Process, Value] = {}
        self._locks: dict[Process, threading.RLock] = {}

    def get(self) -> Value:
        """Return this process's own value, the same for all of its threads."""
        value = self._values.get(this_process())
        return self._make_once() if value is None else value

    def forget(self) -> None:
        """Let this process make its value anew."""
        self._values.pop(this_process(), None)

    def _make_once(self) -> Value:
        process = this_process()
        # setdefault is atomic: of two threads that come first, both get the same lock. A finalizer
        # runs at any point, and may ask for the value of whose making it is part.
        with self._locks.setdefault(process, threading.RLock()):
            value = self._values.get(process)
            if value is None:
                value = self._values.setdefault(process, self._make())
            return value
