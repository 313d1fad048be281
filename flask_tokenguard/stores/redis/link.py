"""How a process reaches the servers that an address names: one, a sentinels' master, a cluster.

With `redis_server` and `redis_cluster` this imports redis-py, only once a store is made.
"""

import logging
from collections.abc import Sequence
from typing import Any, Protocol

from redis import Connection, SSLConnection
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.exceptions import TimeoutError as TimedOut
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from .address import RedisAddress
from .scripts import Argument, Script
from .server import Command, Server

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
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "protocol": 2,
        "driver_info": None,
        "retry": Retry(NoBackoff(), 0),
        **dict(address.files),
    }


class ServerLink:
    """A link to one server."""

    def __init__(self, address: RedisAddress, timeout: float) -> None:
        """Connect to nothing yet."""
        self._options = {**connection_options(address, timeout), "db": address.database}
        self._class = SSLConnection if address.is_tls else Connection
        self._address = address
        self._server = Server(self._connect)
        self._known: set[str] = set()

    def read(self, here: Sequence[bytes], there: Sequence[bytes]) -> list[bytes | None]:
        """Read all keys by one command."""
        replies: list[list[bytes | None]] = self._server.ask(("MGET", *here, *there))
        return replies[0]

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
        found = self._server.ask(("MGET", *keys))[0]
        missing = [key for key, epoch in zip(keys, found, strict=True) if epoch is None]
        return bool(missing and self.run(script, missing, ()))

    def renew(self, keys: Sequence[bytes], expiry: int) -> None:
        """Renew all at once."""
        self._server.try_each(renewals(keys, expiry))

    def ask_each(self, *commands: Command) -> list[list[Any]]:
        """Ask the one server."""
        return [self._server.ask(*commands)]

    def _connect(self) -> Connection:
        host, port = self._address.hosts[0]
        return self._class(host=host, port=port, **self._options)

    def _tell(self, script: Script, command: Command) -> Any:  # noqa: ARG002 - sentinels need it
        return self._server.tell(command)[0]


class SentinelLink(ServerLink):
    """A link to the master of a service, wherever its sentinels say that it is."""

    def __init__(self, address: RedisAddress, timeout: float) -> None:
        """Share the timeout among sentinels, so that those that hang do not add up."""
        super().__init__(address, timeout)
        sentinel_options = connection_options(address, timeout / len(address.hosts)) | {
            "username": address.sentinel_username,
            "password": address.sentinel_password,
            "ssl": address.is_tls,
        }
        self._sentinel = Sentinel(address.hosts, sentinel_kwargs=sentinel_options)
        # It must end before the connection's own timeout does, and 0 would be for ever.
        self._wait: Command = ("WAIT", 1, max(1, int(timeout * 500)))

    def _connect(self) -> Connection:
        try:
            host, port = self._sentinel.discover_master(self._address.service)
        except MasterNotFoundError:
            # They may all hang; nothing else should wait to find that out.
            raise TimedOut from None
        return self._class(host=host, port=port, **self._options)

    def _tell(self, script: Script, command: Command) -> Any:
        if not script.must_last:
            return super()._tell(script, command)
        reply, replicas = self._server.tell(command, self._wait)
        if not replicas:
            _logger.warning(
                "no replica of %s has acknowledged a write: a failover now would lose it",
                self._address,
            )
        return reply


def renewals(keys: Sequence[bytes], expiry: int) -> list[Command]:
    """Write the commands that set an expiry, in milliseconds."""
    return [("PEXPIRE", key, expiry) for key in keys]
