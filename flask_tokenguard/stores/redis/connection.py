"""Connections to a Redis or Valkey on which nothing outlasts the operation that it is part of.

A timeout of redis-py starts anew with each piece of a reply, and its look-up of a name knows none.
Here whatever waits gets what is left of the operation that its thread performs.

What is sent begins with a number that the server must echo before it answers. A reply that came
twice would else be taken for the one to the next request, so that a token that was revoked had the
standing of another.
"""

import itertools
import socket
import ssl
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from redis import Connection
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as TimedOut
from redis.retry import Retry

from ...deadline import connect
from .. import waiting
from ..waiting import time_left
from .address import RedisAddress
from .resp import Command, ReplyParser, pack

# Of what is left. To be early by so little spares the usual reply a system call.
_CLOSE_ENOUGH = 0.98
_BETWEEN = 0.99

# In the same trip: 1.5 us of 27.
_ECHO = b"*2\r\n$4\r\nECHO\r\n$16\r\n%b\r\n"
_numbers = itertools.count()
_NOTHING_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

# Paths, under redis-py's names for them.
Files: TypeAlias = tuple[tuple[str, str], ...]


def connection_options(address: RedisAddress, timeout: float) -> dict[str, Any]:
    """Return the arguments of every connection.

    RESP2 and no client name spare the round trips of a handshake. Retrying is up to `Server`. The
    socket's timeout is close enough to that of a whole operation.
    """
    return {
        "username": address.username,
        "password": address.password,
        "socket_timeout": timeout * _BETWEEN,
        "protocol": 2,
        "driver_info": None,
        "retry": Retry(NoBackoff(), 0),
        "tls_files": address.files if address.is_tls else None,
    }


class TimedConnection(Connection):
    """A connection by TCP, or by TLS where `tls_files` is given, even if it is empty."""

    _sock: Any
    _parser: ReplyParser
    _echo = b""

    def __init__(self, *, tls_files: Files | None = None, **options: Any) -> None:
        super().__init__(parser_class=ReplyParser, **options)  # type: ignore[no-untyped-call] # redis-py's
        self._tls_files = tls_files

    def send_with_echo(self, commands: Sequence[Command]) -> None:
        """Send commands after a number that must be echoed; connect if need be."""
        self._echo = b"%016x" % next(_numbers)
        whole = _ECHO % self._echo + pack(commands)
        self.send_packed_command((whole,), check_health=False)  # type: ignore[no-untyped-call] # redis-py's

    def read_echoed(self, count: int) -> list[Any]:
        """Read the replies to what was sent last, errors among them, or close the connection.

        Raises:
            OutOfStep: They are not the replies to that.
            RedisError: There are none, for this reason.
        """
        try:
            return self._parser.read_echoed(self._echo, count)
        except BaseException as error:
            self.disconnect()  # type: ignore[no-untyped-call] # redis-py's
            if isinstance(error, TimeoutError):
                raise TimedOut from error
            if isinstance(error, OSError):
                raise Disconnected from error
            raise

    def _connect(self) -> socket.socket:
        deadline = waiting.deadline()
        connected = connect(waiting.look_up(self.host, self.port), deadline)
        try:
            # As redis-py sets them.
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            keepalive: Any = self.socket_keepalive_options
            for option, value in keepalive.items():
                connected.setsockopt(socket.IPPROTO_TCP, option, value)
            if self._tls_files is None:
                return connected
            context = tls_context(self._tls_files)
            # To the ssl module a handshake is one wait, however many pieces it comes in.
            connected.settimeout(deadline.left())
            return context.wrap_socket(connected, server_hostname=self.host)
        except BaseException:
            connected.close()
            raise

    def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        """Log in, by a socket that knows the deadline."""
        self._sock = _TimedSocket(self._sock)
        super().on_connect_check_health(check_health)


def tls_context(files: Files) -> ssl.SSLContext:
    """Return what TLS is begun with; files are read once, and anew when they change.

    redis-py reads the system's certificates for each connection, which takes 30 ms and more.
    """
    return _read_context(files, tuple(Path(path).stat().st_mtime_ns for _, path in files))


@lru_cache(maxsize=8)
def _read_context(files: Files, _written_at: tuple[int, ...]) -> ssl.SSLContext:
    paths = dict(files)
    context = ssl.create_default_context()
    if "ssl_ca_certs" in paths:
        context.load_verify_locations(paths["ssl_ca_certs"])
    if "ssl_certfile" in paths or "ssl_keyfile" in paths:
        context.load_cert_chain(paths.get("ssl_certfile", ""), paths.get("ssl_keyfile"))
    return context


class _TimedSocket:
    """A socket that waits no longer than the operation may."""

    def __init__(self, connected: socket.socket | ssl.SSLSocket) -> None:
        self._socket = connected

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def recv(self, size: int) -> bytes:
        self._set_timeout()
        return self._socket.recv(size)

    def sendall(self, octets: bytes) -> None:
        self._set_timeout()
        self._socket.sendall(octets)

    def can_read(self) -> bool:
        """Return whether anything came by now, be it the end; it is not kept."""
        timeout = self._socket.gettimeout()
        self._socket.settimeout(0)
        try:
            self._socket.recv(1)
        except _NOTHING_YET:
            return False
        finally:
            self._socket.settimeout(timeout)
        return True

    def _set_timeout(self) -> None:
        left = time_left()
        timeout = self._socket.gettimeout() or 0.0
        if not left * _CLOSE_ENOUGH <= timeout <= left:
            self._socket.settimeout(left * _BETWEEN)
