"""Connections by psycopg on which nothing outlasts the operation that it is part of.

A server that is stopped keeps libpq waiting, whatever timeouts it is given. Here a wait looks at
the deadline of its thread's operation ten times a second.
"""

from collections.abc import Generator
from typing import Any

import psycopg
from psycopg.errors import ConnectionTimeout

from .. import waiting

_PORT = 5432
# Older ones do not wake up a wait that goes on for ever.
_OLDEST = (3, 2, 13)
Waits = Generator[Any, Any, Any]


def check_version(version: str) -> None:
    """Refuse a psycopg whose waits cannot be bounded.

    Raises:
        ImportError: It is too old.
    """
    if tuple(map(int, version.split(".")[:3])) < _OLDEST:
        raise ImportError(f"psycopg is too old: {version}")


check_version(psycopg.__version__)


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose waits end with the operation."""

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """Wait for an answer."""
        try:
            return super().wait(_bounded(gen), *args, **options)
        except ConnectionTimeout:
            # What the server may still answer must not be taken for the next answer.
            self.pgconn.finish()
            raise

    @classmethod
    def _connect_gen(cls, *args: Any, **options: Any) -> Any:
        # psycopg waits for two seconds at least.
        return _bounded(super()._connect_gen(*args, **options))


def connect(*args: Any, **options: Any) -> BoundedConnection:
    """Connect as `psycopg.connect` does."""
    return BoundedConnection.connect(*args, **_with_addresses(options))


def _bounded(waits: Waits) -> Waits:
    """Go on with what waits, for as long as there is time."""
    _check()
    try:
        awaited = next(waits)
        while True:
            ready = yield awaited
            if not ready:
                _check()
            awaited = waits.send(ready)
    except StopIteration as end:
        return end.value


def _check() -> None:
    try:
        waiting.time_left()
    except TimeoutError as error:
        raise ConnectionTimeout(str(error)) from None


def _with_addresses(options: dict[str, Any]) -> dict[str, Any]:
    """Look up the names of servers, which psycopg would do without bounds."""
    hosts = str(options.get("host") or "").split(",")
    if "hostaddr" in options or any(not host or host.startswith(("/", "@")) for host in hosts):
        return options
    ports = str(options.get("port") or _PORT).split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    found = [
        (host, str(address[0]), port)
        for host, port in zip(hosts, ports, strict=True)
        for _, address in waiting.look_up(host, int(port))
    ]
    names = ("host", "hostaddr", "port")
    return options | dict(zip(names, map(",".join, zip(*found, strict=True)), strict=True))
