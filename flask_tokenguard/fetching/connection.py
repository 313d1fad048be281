"""Connections to addresses that were checked, and reading from them within bounds."""

import io
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeAlias

from ..deadline import Deadline, SocketAddress
from ..deadline import connect as connect_to_first
from .document import FetchError

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

IPAddress: TypeAlias = IPv4Address | IPv6Address


def connect(
    addresses: Sequence[SocketAddress], fault: Callable[[IPAddress], str], deadline: Deadline
) -> socket.socket:
    """Connect to the first allowed address that answers, and to no other.

    The name is not looked up again, so that its answer cannot change after the check.

    Args:
        addresses: At least one.
        fault: Returns why an address is refused; empty for one that is allowed.
        deadline: When all must be over.

    Raises:
        FetchError: None is allowed.
        OSError: None answers.
    """
    faults = {address: fault(_ip_of(address)) for address in addresses}
    allowed = [address for address in addresses if not faults[address]]
    if not allowed:
        first = addresses[0]
        raise FetchError(f"the host's address {_ip_of(first)} is refused: {faults[first]}")
    return connect_to_first(allowed, deadline)


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
            TimeoutError: The deadline has passed.
            FetchError: Too much came.
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
