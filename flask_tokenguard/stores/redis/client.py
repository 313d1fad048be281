"""The door to redis-py: opens the link that an address asks for."""

from contextlib import suppress

from redis import VERSION

from .address import RedisAddress
from .cluster import ClusterLink
from .connection import begin, tls_context
from .link import Link, SentinelLink, ServerLink
from .risks import find_risks
from .server import FAULTS, unavailable

__all__ = ["FAULTS", "begin", "find_risks", "open_link", "prepare", "unavailable"]

_LINKS: dict[str, type[ServerLink | ClusterLink]] = {
    "server": ServerLink,
    "sentinel": SentinelLink,
    "cluster": ClusterLink,
}

if VERSION < (8,):
    raise ImportError("redis-py is too old")


def prepare(address: RedisAddress) -> None:
    """Read certificates now, so that no request waits for it; one that is bad is logged later."""
    if address.is_tls:
        with suppress(OSError):
            tls_context(address.files)


def open_link(address: RedisAddress, timeout: float) -> Link:
    """Make a link for this process; it connects when it is first used.

    Args:
        address: Where to.
        timeout: For a whole operation, in seconds.
    """
    return _LINKS[address.kind](address, timeout)
