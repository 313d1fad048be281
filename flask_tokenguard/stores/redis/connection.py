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
from redis.retry import Retry

from ...deadline import connect
from .. import waiting
from ..waiting import time_left
from .address import RedisAddress

# Of what is left. To be early by so little spares the usual reply a system call.
_CLOSE_ENOUGH = 0.98
_BETWEEN = 0.99

# In the same trip, and taken off before redis-py looks at what came: 1.5 us of 27.
_ECHO = b"*2\r\n$4\r\nECHO\r\n"
_numbers = itertools.count()

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


class OutOfStep(Disconnected):
    """A connection of no more use: what comes on it is not the reply to what was sent last."""

    def __init__(self) -> None:
        super().__init__("a reply is one to something else")


class TimedConnection(Connection):
    """A connection by TCP, or by TLS where `tls_files` is given, even if it is empty."""

    _sock: Any

    def __init__(self, *, tls_files: Files | None = None, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call] # redis-py's
        self._tls_files = tls_files

    def send_with_echo(self, commands: Sequence[tuple[str | bytes | int, ...]]) -> None:
        """Send commands after a number that must be echoed; connect if need be."""
        echo = b"$16\r\n%016x\r\n" % next(_numbers)
        whole = b"".join((_ECHO, echo, *map(_pack, commands)))
        self.send_packed_command((whole,))  # type: ignore[no-untyped-call] # redis-py's
        self._sock.echo = echo

    @property
    def awaits_echo(self) -> bool:
        """Whether nothing was read of what answers the commands that were sent last."""
        return self._sock is not None and self._sock.echo is not None

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


def _pack(command: tuple[str | bytes | int, ...]) -> bytes:
    """Write a command as an array of bulk strings.

    redis-py does it with more instructions: 6 % of those of a whole refresh.
    """
    packed = [b"*%d\r\n" % len(command)]
    for part in command:
        octets = part if type(part) is bytes else str(part).encode()
        packed.append(b"$%d\r\n%b\r\n" % (len(octets), octets))
    return b"".join(packed)


class _TimedSocket:
    """A socket that waits no longer than the operation may.

    Attributes:
        echo: What must come next, and is not handed on; None where it came.
    """

    def __init__(self, connected: socket.socket | ssl.SSLSocket) -> None:
        self._socket = connected
        self.echo: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def recv(self, size: int, flags: int = 0) -> bytes:
        self._set_timeout()
        octets = self._socket.recv(size, flags)
        return octets if self.echo is None else self._take_echo(octets, self.echo, size)

    def recv_into(self, buffer: bytearray) -> int:
        """Receive for the parser that redis-py takes where hiredis is installed."""
        octets = self.recv(len(buffer))
        buffer[: len(octets)] = octets
        return len(octets)

    def sendall(self, octets: bytes) -> None:
        self._set_timeout()
        self._socket.sendall(octets)

    def _take_echo(self, octets: bytes, echo: bytes, size: int) -> bytes:
        while octets and echo.startswith(octets):
            # What follows comes in another piece.
            self._set_timeout()
            came = self._socket.recv(size)
            octets = octets + came if came else b""
        if octets.startswith(echo):
            self.echo = None
            return octets[len(echo) :]
        if octets and not octets.startswith(b"-"):
            raise OutOfStep
        # The end of the connection, or the reason why there is no echo.
        return octets

    def _set_timeout(self) -> None:
        left = time_left()
        timeout = self._socket.gettimeout()
        # With a timeout of 0, redis-py asks what is there already.
        if timeout and not left * _CLOSE_ENOUGH <= timeout <= left:
            self._socket.settimeout(left * _BETWEEN)
