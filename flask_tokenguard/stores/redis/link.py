"""Links by redis-py: how a process reaches the servers that an address names, and their risks.

An address names one server, a sentinels' master or a cluster. With what it imports this is the part
that needs redis-py, imported only once a store is made.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from redis import VERSION, ConnectionPool, Redis
from redis.exceptions import NoScriptError, ResponseError

from ..waiting import begin, part_of_the_time, time_left
from .address import RedisAddress
from .cluster import ClusterLink
from .connection import TimedConnection, connection_options, tls_context
from .replies import Garbled, Node, flag, integer, node, option, values
from .resp import Command
from .scripts import Argument, Script
from .server import FAULTS, NoMaster, Server, describe, let_go, renewals, unavailable

__all__ = ["FAULTS", "begin", "find_risks", "open_link", "prepare", "unavailable"]

_logger = logging.getLogger("flask_tokenguard")
_OPTIONS = ("maxmemory-policy", "appendonly", "appendfsync", "save")

_CLOSED = (
    "The server does not let us read its configuration (CONFIG GET): make sure that it has"
    " maxmemory-policy noeviction, appendonly yes and appendfsync always."
)

if VERSION < (8,):
    raise ImportError("redis-py is too old")


class Link(Protocol):
    """What a store asks of the servers; raises redis-py's errors."""

    def read(self, here: Sequence[bytes], there: Sequence[bytes]) -> list[bytes | None]:
        """Read keys of one tag, and of another, in one trip."""
        ...

    def run(self, script: Script, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
        """Run a script on keys of one tag; what a write script did is on its way to a replica."""
        ...

    def set_epochs(self, script: Script, keys: Sequence[bytes]) -> bool:
        """Read epochs, and run the script that sets those that are missing, if any.

        Returns:
            Whether one may have been missing.
        """
        ...

    def renew(self, keys: Sequence[bytes], expiry: int) -> None:
        """Set the expiry of keys, in milliseconds, where that can be done."""
        ...

    def ask_each(self, *commands: Command) -> list[list[Any]]:
        """Ask every server that holds data."""
        ...


class ServerLink:
    """A link to one server."""

    def __init__(self, address: RedisAddress, timeout: float) -> None:
        """Connect to nothing yet."""
        self._address = address
        # No method of its own: a link in a circle would be collected with its sockets still open.
        self._server = Server(self._connector(address, timeout))
        self._known: set[str] = set()

    def read(self, here: Sequence[bytes], there: Sequence[bytes]) -> list[bytes | None]:
        """Read all keys by one command."""
        return values(self._server.ask(("MGET", *here, *there))[0], len(here) + len(there))

    def run(self, script: Script, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
        """Run a script, by its digest once the server knows it."""
        rest = (len(keys), *keys, *args)
        if script.sha in self._known:
            try:
                return self._ask_once(script, ("EVALSHA", script.sha, *rest))
            except NoScriptError:
                # The server was restarted.
                self._known.clear()
        reply = self._ask_once(script, ("EVAL", script.text, *rest))
        self._known.add(script.sha)
        return reply

    def set_epochs(self, script: Script, keys: Sequence[bytes]) -> bool:
        """Read all at once, and set all at once."""
        found = values(self._server.ask(("MGET", *keys))[0], len(keys))
        missing = [key for key, epoch in zip(keys, found, strict=True) if epoch is None]
        return bool(missing) and flag(self.run(script, missing, ()))

    def renew(self, keys: Sequence[bytes], expiry: int) -> None:
        """Renew all at once."""
        self._server.try_each(renewals(keys, expiry))

    def ask_each(self, *commands: Command) -> list[list[Any]]:
        """Ask the one server."""
        return [self._server.ask(*commands)]

    @staticmethod
    def _connector(address: RedisAddress, timeout: float) -> Callable[[], TimedConnection]:
        (host, port), options = address.hosts[0], _data_options(address, timeout)
        return partial(TimedConnection, host=host, port=port, **options)

    def _ask_once(self, script: Script, command: Command) -> Any:  # noqa: ARG002 - sentinels need it
        return self._server.ask_once(command)[0]


class SentinelLink(ServerLink):
    """A link to the master of a service, wherever its sentinels see it."""

    @staticmethod
    def _connector(address: RedisAddress, timeout: float) -> Callable[[], TimedConnection]:
        return _Master(address, timeout)

    def _ask_once(self, script: Script, command: Command) -> Any:
        if not script.must_last:
            return super()._ask_once(script, command)
        # It must end before the operation does, and 0 would be for ever.
        wait = max(1, int(time_left() * 500))
        reply, replicas = self._server.ask_once(command, ("WAIT", 1, wait))
        if not integer(replicas):
            _logger.warning(
                "no replica of %s has acknowledged a write: a failover now would lose it",
                self._address,
            )
        return reply


class _Master:
    """Connects to the master of a service; the sentinel that named it last is asked first."""

    def __init__(self, address: RedisAddress, timeout: float) -> None:
        self._service = address.service
        self._options = _data_options(address, timeout)
        options: dict[str, Any] = connection_options(address, timeout) | {
            "username": address.sentinel_username,
            "password": address.sentinel_password,
        }
        self._sentinels = [
            Redis(
                connection_pool=ConnectionPool(
                    connection_class=TimedConnection, host=host, port=port, **options
                )
            )
            for host, port in address.hosts
        ]

    def __call__(self) -> TimedConnection:
        sentinels = self._sentinels
        why = ""
        for place, sentinel in enumerate(sentinels):
            try:
                with part_of_the_time(len(sentinels) - place):
                    host, port = _master_of(self._service, sentinel)
            except FAULTS as error:
                why = describe(let_go(error))
            except Exception:  # noqa: BLE001 - redis-py takes apart what may be anything
                why = describe(Garbled())
            else:
                self._sentinels = [sentinel, *sentinels[:place], *sentinels[place + 1 :]]
                return TimedConnection(host=host, port=port, **self._options)
        # They may all hang; nothing else should wait to find that out.
        raise NoMaster(f"no sentinel names a master: {why}")


def _data_options(address: RedisAddress, timeout: float) -> dict[str, Any]:
    return {**connection_options(address, timeout), "db": address.database}


def _master_of(service: str, sentinel: Redis) -> Node:
    masters: Any = sentinel.sentinel_masters()
    state = masters.get(service)
    if not state or not state["is_master"] or state["is_sdown"] or state["is_odown"]:
        raise NoMaster("the service has none that is up")
    return node(state["ip"], state["port"], "")


_LINKS: dict[str, type[ServerLink | ClusterLink]] = {
    "server": ServerLink,
    "sentinel": SentinelLink,
    "cluster": ClusterLink,
}


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
    """List what endangers the data, a sentence each; a risk of several nodes only once."""
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
