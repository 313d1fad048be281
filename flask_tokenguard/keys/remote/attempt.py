"""Attempt: one fetch of a key set under way, and how long requests wait for it.

A provider that answers is waited for by all. One that hangs must not hold every thread of a server.
"""

import threading

from ...clock import Clock

# In seconds: longer than a good provider takes.
PATIENCE = 1.0
MOST_PATIENT = 4


class Attempt:
    """One fetch under way.

    Attributes:
        is_over: Set when it has ended, well or badly.
        wait_until: The instant at which the last request goes on without it.
        seeks_key: Whether it was begun for a key that the set lacked.
    """

    def __init__(self, now: float, *, deadline: float, most_patient: int, seeks_key: bool) -> None:
        """Begin now.

        Args:
            now: The instant, by the clock that `wait` gets.
            deadline: For how many seconds a request waits, at most.
            most_patient: How many requests wait longer than `PATIENCE`.
            seeks_key: As the attribute.
        """
        self.is_over = threading.Event()
        self.wait_until = now + deadline
        self.seeks_key = seeks_key
        self._late_at = now + min(PATIENCE, deadline)
        self._patient = threading.Semaphore(most_patient)

    def wait(self, monotonic: Clock) -> None:
        """Wait until it is over, or for as long as this request may; not at all once it is late."""
        left = self._late_at - monotonic()
        if left <= 0 or self.is_over.wait(left):
            return
        if self._patient.acquire(blocking=False):
            self.is_over.wait(max(0.0, self.wait_until - monotonic()))


class Gate:
    """A lock around the one attempt that a process may have under way."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running: Attempt | None = None
