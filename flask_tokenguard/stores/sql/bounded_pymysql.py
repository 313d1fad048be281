"""Connections by PyMySQL on which a wait for the next octets ends with the operation.

PyMySQL's look-up of a server's name knows no timeout, and its others are those of one statement.
"""

import socket
from typing import Any

import pymysql

from ... import deadline
from .. import waiting


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

    def _bound(self) -> None:
        self._read_timeout = self._write_timeout = self.connect_timeout = waiting.time_left()


def connect(*args: Any, **options: Any) -> BoundedConnection:
    """Connect as `pymysql.connect` does."""
    # To make one reads certificates, and takes 26 ms of CPU where TLS is not disabled.
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
