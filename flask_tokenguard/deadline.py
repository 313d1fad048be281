"""Deadlines: the moment at which a whole is over, with the look-up of its host's name.

A timeout of a socket starts anew with each byte, and `getaddrinfo` knows none at all; here each
wait gets what is left of the whole. What fails raises what a socket raises: an `OSError`.
"""

import queue
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any, TypeAlias

from .per_process import PerProcess

_MOST_LOOKUPS = 8
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
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return how many seconds are left, more than none.

        Raises:
            TimeoutError: None are.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer was complete after {self.seconds:g} s")
        return left


class Lookups:
    """A bounded number of look-ups at a time, each in a thread that is left behind if it hangs."""

    def __init__(self) -> None:
        # A look-up that hangs cannot be ended; this many may, and further ones wait for a place.
        self._places = PerProcess(lambda: threading.Semaphore(_MOST_LOOKUPS))

    def resolve(self, host: str, port: int, deadline: Deadline) -> list[SocketAddress]:
        """Look up the addresses of a host; at least one.

        Raises:
            TimeoutError: No answer came in time.
            socket.gaierror: There is none; `strerror` gives the reason, without the host.
        """
        places = self._places.get()
        if not places.acquire(timeout=deadline.left()):
            raise TimeoutError
        answer: queue.SimpleQueue[list[SocketAddress]] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                answer.put(_look_up(host, port))
            finally:
                places.release()

        try:
            threading.Thread(target=look_up, name="tokenguard-lookup", daemon=True).start()
        except RuntimeError:
            places.release()
            raise socket.gaierror(
                socket.EAI_AGAIN, "the system has no thread left to look up the host's name"
            ) from None
        try:
            found = answer.get(timeout=deadline.left())
        except queue.Empty:
            raise TimeoutError from None
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "the host's name has no address")
        return found[:_MOST_ADDRESSES]


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
