"""Connections to a Redis or Valkey on which nothing outlasts the operation that it is part of.

A timeout of redis-py starts anew with each piece of a reply, and its look-up of a name knows none.
Here whatever waits gets what is left of the operation that its thread performs.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from redis import Connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from ...deadline import Deadline, Lookups, connect
from .address import RedisAddress

# Of what is left. To be early by so little spares the usual reply a system call.
_CLOSE_ENOUGH = 0.98
_BETWEEN = 0.99

# Paths, under redis-py's names for them.
Files: TypeAlias = tuple[tuple[str, str], ...]

# Of one server's name, so that threads that connect at once do not wait for each other.
_MOST_LOOKUPS = 8


class _Operation(threading.local):
    deadline = Deadline(0)


_operation = _Operation()


def begin(seconds: float) -> None:
    """Begin an operation of this thread, for all of which there are this many seconds."""
    _operation.deadline = Deadline(seconds)


def time_left() -> float:
    """Return how many seconds are left of this thread's operation, more than none.

    Raises:
        TimeoutError: None are.
    """
    return _operation.deadline.left()


@contextmanager
def part_of_the_time(others: int) -> Iterator[None]:
    """Take a part of what is left, so that something of it stays for others.

    Args:
        others: How many come after this; at least a quarter may be taken.

    Raises:
        TimeoutError: Nothing is left.
    """
    whole = _operation.deadline
    _operation.deadline = Deadline(whole.left() / min(others + 1, 4))
    try:
        yield
    finally:
        _operation.deadline = whole


def connection_options(address: RedisAddress, timeout: float) -> dict[str, Any]:
    """Give what redis-py must know of every connection.

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

    def __init__(self, *, tls_files: Files | None = None, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call] # redis-py's
        self._tls_files = tls_files

    def _connect(self) -> socket.socket:
        deadline = _operation.deadline
        connected = connect(
            _lookups_of(self.host).resolve(self.host, self.port, deadline), deadline
        )
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


@lru_cache(maxsize=64)
def _lookups_of(_host: str) -> Lookups:
    # A name that hangs must not keep out another one's server, such as the next sentinel.
    return Lookups(_MOST_LOOKUPS)


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

    def recv(self, size: int, flags: int = 0) -> bytes:
        self._set_timeout()
        return self._socket.recv(size, flags)

    def recv_into(self, buffer: bytearray) -> int:
        self._set_timeout()
        return self._socket.recv_into(buffer)

    def sendall(self, octets: bytes) -> None:
        self._set_timeout()
        self._socket.sendall(octets)

    def _set_timeout(self) -> None:
        left = time_left()
        timeout = self._socket.gettimeout()
        # With a timeout of 0, redis-py asks what is there already.
        if timeout and not left * _CLOSE_ENOUGH <= timeout <= left:
            self._socket.settimeout(left * _BETWEEN)
