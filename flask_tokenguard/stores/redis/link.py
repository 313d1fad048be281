"""How a process reaches the servers that an address names: one, a sentinels' master, a cluster.

With `server` and `cluster` this imports redis-py, only once a store is made.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from redis import Connection, ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry

from .address import RedisAddress
from .connection import (
    TimedConnection,
    initial_timeout,
    part_of_the_time,
    time_left,
)
from .replies import Garbled, Node, flag, integer, node, values
from .scripts import Argument, Script
from .server import FAULTS, Command, NoMaster, Server, describe

_logger = logging.getLogger("flask_tokenguard")


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


def connection_options(address: RedisAddress, timeout: float) -> dict[str, Any]:
    """Give what redis-py must know of every connection.

    RESP2 and no client name spare the round trips of a handshake. Retrying is up to `Server`.
    """
    return {
        "username": address.username,
        "password": address.password,
        "socket_timeout": initial_timeout(timeout),
        "protocol": 2,
        "driver_info": None,
        "retry": Retry(NoBackoff(), 0),
        "tls_files": address.files if address.is_tls else None,
    }


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
                return self._tell(script, ("EVALSHA", script.sha, *rest))
            except NoScriptError:
                # The server was restarted.
                self._known.clear()
        reply = self._tell(script, ("EVAL", script.text, *rest))
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
    def _connector(address: RedisAddress, timeout: float) -> Callable[[], Connection]:
        (host, port), options = address.hosts[0], _data_options(address, timeout)
        return partial(TimedConnection, host=host, port=port, **options)

    def _tell(self, script: Script, command: Command) -> Any:  # noqa: ARG002 - sentinels need it
        return self._server.tell(command)[0]


class SentinelLink(ServerLink):
    """A link to the master of a service, wherever its sentinels say that it is."""

    @staticmethod
    def _connector(address: RedisAddress, timeout: float) -> Callable[[], Connection]:
        return _Master(address, timeout)

    def _tell(self, script: Script, command: Command) -> Any:
        if not script.must_last:
            return super()._tell(script, command)
        # It must end before the operation does, and 0 would be for ever.
        wait = max(1, int(time_left() * 500))
        reply, replicas = self._server.tell(command, ("WAIT", 1, wait))
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

    def __call__(self) -> Connection:
        sentinels = self._sentinels
        fault: Exception = NoMaster("")
        for place, sentinel in enumerate(sentinels):
            try:
                with part_of_the_time(len(sentinels) - place):
                    host, port = _master_of(self._service, sentinel)
            except FAULTS as error:
                fault = error
            except Exception:  # noqa: BLE001 - redis-py takes apart what may be anything
                fault = Garbled()
            else:
                self._sentinels = [sentinel, *sentinels[:place], *sentinels[place + 1 :]]
                return TimedConnection(host=host, port=port, **self._options)
        # They may all hang; nothing else should wait to find that out.
        raise NoMaster(f"no sentinel names a master: {describe(fault)}")


def _data_options(address: RedisAddress, timeout: float) -> dict[str, Any]:
    return {**connection_options(address, timeout), "db": address.database}


def _master_of(service: str, sentinel: Redis) -> Node:
    masters: Any = sentinel.sentinel_masters()
    state = masters.get(service)
    if not state or not state["is_master"] or state["is_sdown"] or state["is_odown"]:
        raise NoMaster("the service has none that is up")
    return node(state["ip"], state["port"], "")


def renewals(keys: Sequence[bytes], expiry: int) -> list[Command]:
    """Write the commands that set an expiry, in milliseconds."""
    return [("PEXPIRE", key, expiry) for key in keys]
