"""The door to redis-py: open the link that an address asks for, and look for risks behind it."""

from collections.abc import Iterator
from contextlib import suppress

from redis import VERSION
from redis.exceptions import ResponseError

from .address import RedisAddress
from .cluster import ClusterLink
from .connection import begin, tls_context
from .link import Link, SentinelLink, ServerLink
from .replies import option
from .server import FAULTS, unavailable

__all__ = ["FAULTS", "begin", "find_risks", "open_link", "prepare", "unavailable"]

_LINKS: dict[str, type[ServerLink | ClusterLink]] = {
    "server": ServerLink,
    "sentinel": SentinelLink,
    "cluster": ClusterLink,
}

_OPTIONS = ("maxmemory-policy", "appendonly", "appendfsync", "save")

_CLOSED = (
    "The server does not let us read its configuration (CONFIG GET): make sure that it has"
    " maxmemory-policy noeviction, appendonly yes and appendfsync always."
)

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


def find_risks(link: Link) -> list[str]:
    """Say, a sentence each, what endangers the data; the same of several nodes only once."""
    try:
        answers = link.ask_each(*(("CONFIG", "GET", name) for name in _OPTIONS))
    except ResponseError:
        return [_CLOSED]
    found = [[option(reply) for reply in replies] for replies in answers]
    return list(dict.fromkeys(risk for options in found for risk in _risks_of(*options)))


def _risks_of(policy: str, appendonly: str, appendfsync: str, save: str) -> Iterator[str]:
    if policy != "noeviction":
        yield (
            f"The server drops entries when its memory is full (maxmemory-policy is {policy}):"
            " revoked tokens are accepted again, and where an epoch goes, people are logged out;"
            " set noeviction."
        )
    if appendonly != "yes":
        yield (
            "The server only saves snapshots (appendonly is no): a restart forgets what was"
            " revoked since the last one, and those tokens are accepted again; set appendonly yes."
            if save
            else "The server keeps nothing on disk (appendonly is no): a restart logs everybody"
            " out; set appendonly yes."
        )
    elif appendfsync != "always":
        yield (
            f"The server may lose the last second or more in a crash (appendfsync is"
            f" {appendfsync}), and tokens revoked then are accepted again; set appendfsync always."
        )
