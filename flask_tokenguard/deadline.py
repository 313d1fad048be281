"""Deadlines: the moment at which a whole is over, with the look-up of its host's name.

A timeout of a socket starts anew with each byte, and `getaddrinfo` knows none at all; here each
wait gets what is left of the whole. What fails raises what a socket raises: an `OSError`.
"""

import queue
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, TypeAlias

from .clock import Steady
from .per_process import PerProcess

_MOST_ADDRESSES = 8

SocketAddress: TypeAlias = tuple[socket.AddressFamily, Any]


class Deadline:
    """The moment at which all that it is passed to must be over.

    Attributes:
        seconds: How far away it was when it was set.
    """

    __slots__ = ("_end", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = Steady.now() + seconds

    def left(self) -> float:
        """Return how many seconds are left, more than none.

        Raises:
            TimeoutError: None are.
        """
        left = self._end - Steady.now()
        if left <= 0:
            raise TimeoutError(f"no answer was complete after {self.seconds:g} s")
        return left

    def is_over(self) -> bool:
        """Return whether none are."""
        return self._end <= Steady.now()


class Reserve:
    """Places for look-ups that many share, apart from those whose last look-up hung.

    One that hangs takes a single place of the others, once, and from then on places of its like.
    """

    def __init__(self, most: int = 32) -> None:
        """Set up both parts, each with this many places."""
        self._answering = _places(most)
        self._hanging = _places(most)

    def places(self, *, hangs: bool) -> threading.Semaphore:
        """Return this process's places for who hung last, or for all others."""
        return (self._hanging if hangs else self._answering).get()


class Lookups:
    """A bounded number of look-ups at a time, each in a thread that is left behind if it hangs."""

    def __init__(self, most: int = 2, *, reserve: Reserve | None = None) -> None:
        """Take places of its own, so that no other's look-up that hangs keeps out one of these.

        Args:
            most: How many may run, or hang: a look-up that hangs cannot be ended. Further ones
                wait for a place.
            reserve: Bounds those of many together as well.
        """
        self._own = _places(most)
        self._reserve = reserve
        self._hangs = False

    def resolve(self, host: str, port: int, deadline: Deadline) -> list[SocketAddress]:
        """Look up the addresses of a host; at least one.

        Raises:
            TimeoutError: No answer came in time.
            socket.gaierror: There is none; `strerror` gives the reason, without the host.
        """
        taken = self._take_places(deadline)
        answer: queue.SimpleQueue[list[SocketAddress]] = queue.SimpleQueue()

        def look_up() -> None:
            with taken:
                found = _look_up(host, port)
                if found:
                    self._hangs = False
                answer.put(found)

        try:
            threading.Thread(target=look_up, name="tokenguard-lookup", daemon=True).start()
        except RuntimeError:
            taken.close()
            raise socket.gaierror(
                socket.EAI_AGAIN, "the system has no thread left to look up the host's name"
            ) from None
        try:
            found = answer.get(timeout=deadline.left())
        except (queue.Empty, TimeoutError):
            self._hangs = True
            raise TimeoutError from None
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "the host's name has no address")
        return found[:_MOST_ADDRESSES]

    def _take_places(self, deadline: Deadline) -> ExitStack:
        places = [self._own.get()]
        if self._reserve is not None:
            places.append(self._reserve.places(hangs=self._hangs))
        with ExitStack() as taken:
            for each in places:
                if not each.acquire(timeout=deadline.left()):
                    raise TimeoutError
                taken.callback(each.release)
            return taken.pop_all()


def _places(most: int) -> PerProcess[threading.Semaphore]:
    return PerProcess(lambda: threading.Semaphore(most))


def _look_up(host: str, port: int) -> list[SocketAddress]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError, OverflowError):
        # A label that is empty or too long is a UnicodeError, a NUL a ValueError.
        return []
    return [(family, address) for family, _, _, _, address in answers]


def connect(addresses: Sequence[SocketAddress], deadline: Deadline) -> socket.socket:
    """Connect to the first of these addresses that answers.

    Raises:
        OSError: None answers.
    """
    for place, (family, address) in enumerate(addresses, 1):
        # One address that swallows everything must not take the time of the others.
        timeout = deadline.left() / (len(addresses) - place + 1)
        try:
            return _connect(family, address, timeout)
        except OSError:
            if place == len(addresses):
                raise
    raise AssertionError  # pragma: no cover - the last address returns or raises


def _connect(family: socket.AddressFamily, address: Any, timeout: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection
