"""The door to redis-py: opens the link that an address asks for."""

from redis import VERSION

from .address import RedisAddress
from .cluster import ClusterLink
from .link import Link, SentinelLink, ServerLink
from .risks import find_risks
from .server import FAULTS, unavailable

__all__ = ["FAULTS", "find_risks", "open_link", "unavailable"]

_LINKS: dict[str, type[ServerLink | ClusterLink]] = {
    "server": ServerLink,
    "sentinel": SentinelLink,
    "cluster": ClusterLink,
}

if VERSION < (8,):
    raise ImportError("redis-py is too old")


def open_link(address: RedisAddress, timeout: float) -> Link:
    """Make a link for this process; it connects when it is first used.

    Args:
        address: Where to.
        timeout: For a connection and for a reply, in seconds.
    """
    return _LINKS[address.kind](address, timeout)
