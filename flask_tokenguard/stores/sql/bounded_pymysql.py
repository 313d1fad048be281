"""Connections by PyMySQL on which a wait for the next octets ends with the operation.

PyMySQL's look-up of a server's name knows no timeout, and its others are those of one statement.
For each connection it reads certificates, which many threads that connect at once would wait for.
"""

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymysql

from ... import deadline
from ...per_process import PerProcess
from .. import waiting

# By PyMySQL's options for TLS, with when their files were written.
_contexts: dict[tuple[Any, ...], tuple[list[int], ssl.SSLContext]] = {}
_reading = PerProcess(threading.Lock)


class BoundedConnection(pymysql.connections.Connection):
    """A connection whose timeouts are what is left of the operation."""

    def connect(self, sock: socket.socket | None = None) -> None:
        """Log in."""
        self._bound()
        super().connect(sock)

    def query(self, sql: Any, unbuffered: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyMySQL's
        """Send a statement, and read its answer."""
        self._bound()
        return super().query(sql, unbuffered)

    def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext:
        """Return the context of these options; it takes 26 ms of CPU to make one."""
        # Its stubs leave it out.
        pymysqls: Any = super()
        create: Callable[[Any], ssl.SSLContext] = pymysqls._create_ssl_ctx  # noqa: SLF001 - PyMySQL has no other way
        if not isinstance(sslp, dict):
            return create(sslp)
        options = tuple(sorted(sslp.items()))
        with _reading.get():
            written_at = [_written_at(sslp.get(name)) for name in ("ca", "capath", "cert", "key")]
            known_at, context = _contexts.get(options, (None, None))
            if context is None or known_at != written_at:
                context = create(sslp)
                _contexts[options] = written_at, context
            return context

    def _bound(self) -> None:
        self._read_timeout = self._write_timeout = self.connect_timeout = waiting.time_left()


def _written_at(path: str | None) -> int:
    return 0 if path is None else Path(path).stat().st_mtime_ns


def connect(*args: Any, **options: Any) -> BoundedConnection:
    """Connect as `pymysql.connect` does."""
    waiting.time_left()
    connection = BoundedConnection(*args, **options, defer_connect=True)
    if connection.unix_socket:
        connection.connect()
    else:
        connection.connect(_connected(connection.host, connection.port))
    return connection


def _connected(host: str, port: int) -> socket.socket:
    connected = deadline.connect(waiting.look_up(host, port), waiting.deadline())
    # As PyMySQL sets them.
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connected
