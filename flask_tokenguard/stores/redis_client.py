"""The door to redis-py: opens the link that an address asks for."""

from .redis_link import Link, ServerLink
from .redis_risks import find_risks
from .redis_server import FAULTS, unavailable
from .redis_uri import RedisAddress

__all__ = ["FAULTS", "find_risks", "open_link", "unavailable"]

_LINKS: dict[str, type[ServerLink]] = {
    "server": ServerLink,
}


def open_link(address: RedisAddress, timeout: float) -> Link:
    """Make a link for this process; it connects when it is first used.

    Args:
        address: Where to.
        timeout: For a connection and for a reply, in seconds.
    """
    return _LINKS[address.kind](address, timeout)
