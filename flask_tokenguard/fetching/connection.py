"""Connections on which nothing outlasts one deadline, to addresses that were checked.

A timeout of a socket starts anew with each byte, and `getaddrinfo` knows none at all; here each
wait gets what is left of the whole.
"""

import io
import queue
import socket
import threading
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeAlias

from ..per_process import PerProcess
from .document import FetchError

_MOST_LOOKUPS = 8
_MOST_ADDRESSES = 8
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

IPAddress: TypeAlias = IPv4Address | IPv6Address
SocketAddress: TypeAlias = tuple[socket.AddressFamily, Any]

# A lookup that hangs cannot be ended; this many may, and further ones wait for a place.
_lookups = PerProcess(lambda: threading.Semaphore(_MOST_LOOKUPS))


class Deadline:
    """The moment at which all that it is passed to must be over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Tell how many seconds are left, more than none.

        Raises:
            FetchError: None are.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.error()
        return left

    def error(self) -> FetchError:
        """Make the error that tells of its passing."""
        return FetchError(f"no answer was complete after {self._seconds:g} s")


def resolve(host: str, port: int, deadline: Deadline) -> list[SocketAddress]:
    """Look up the addresses of a host, in a thread that is left behind if it hangs.

    Raises:
        FetchError: There is none, or it was not told in time.
    """
    places = _lookups.get()
    if not places.acquire(timeout=deadline.left()):
        raise deadline.error()
    answer: queue.SimpleQueue[list[SocketAddress] | None] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(_look_up(host, port))
        finally:
            places.release()

    try:
        threading.Thread(target=look_up, name="tokenguard-lookup", daemon=True).start()
    except RuntimeError:
        places.release()
        raise FetchError("the system has no thread left to look up the host's name") from None
    try:
        found = answer.get(timeout=deadline.left())
    except queue.Empty:
        raise deadline.error() from None
    if not found:
        raise FetchError("the host's name has no address")
    return found[:_MOST_ADDRESSES]


def _look_up(host: str, port: int) -> list[SocketAddress] | None:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # A label that is empty or too long is a UnicodeError.
        return None
    return [(family, address) for family, _, _, _, address in answers]


def connect(
    addresses: list[SocketAddress], is_allowed: Callable[[IPAddress], bool], deadline: Deadline
) -> socket.socket:
    """Connect to the first allowed address that answers, and to no other.

    The name is not looked up again, so that its answer cannot change after the check.

    Raises:
        FetchError: None is allowed.
        OSError: None answers.
    """
    allowed = [each for each in addresses if is_allowed(_ip_of(each))]
    if not allowed:
        raise FetchError("the host's address is not one that is allowed")
    for place, (family, address) in enumerate(allowed, 1):
        # One address that swallows everything must not take the time of the others.
        timeout = deadline.left() / (len(allowed) - place + 1)
        try:
            return _connect(family, address, timeout)
        except OSError:
            if place == len(allowed):
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


def _ip_of(address: SocketAddress) -> IPAddress:
    ip = ip_address(address[1][0])
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


def is_public(ip: IPAddress) -> bool:
    """Return whether an address is of the public internet, not private, local or special."""
    if isinstance(ip, IPv6Address):
        if ip in _NAT64:
            return is_public(IPv4Address(int(ip) & 0xFFFFFFFF))
        # A 6to4 address hides another one, which could be private; Teredo's are not global.
        if ip not in _GLOBAL_UNICAST or ip.sixtofour:
            return False
    return ip.is_global and not ip.is_multicast


class BoundedReader(io.RawIOBase):
    """A socket's input, up to a number of octets and until a deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline, most: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._left = most

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Receive the octets that are there.

        Raises:
            FetchError: The deadline has passed, or too much came.
        """
        self._connection.settimeout(self._deadline.left())
        count = self._connection.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise FetchError("the answer is too long")
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the file that `http.client.HTTPResponse` asks its socket for."""
        return io.BufferedReader(self)
