"""RESP2, what Redis and Valkey speak: commands are written, and replies read.

redis-py takes `ReplyParser` in place of its own parsers, by its `parser_class`. Those make several
calls for each value that came, and as many for the whole: 6 us of the 36 of a look-up.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

from redis.connection import DefaultParser
from redis.exceptions import ConnectionError as Disconnected

from .replies import Garbled

Command = tuple[str | bytes | int, ...]

_NOTHING = (b"$-1", b"*-1")


class OutOfStep(Disconnected):
    """A connection of no more use: what comes on it is not the reply to what was sent last."""

    def __init__(self) -> None:
        super().__init__("a reply is one to something else")


def pack(commands: Sequence[Command]) -> bytes:
    """Write commands, each as an array of bulk strings.

    redis-py does it with more instructions: 6 % of those of a whole refresh.
    """
    packed = []
    for command in commands:
        packed.append(b"*%d\r\n" % len(command))
        for part in command:
            octets = part if type(part) is bytes else str(part).encode()
            packed.append(b"$%d\r\n%b\r\n" % (len(octets), octets))
    return b"".join(packed)


class ReplyParser:
    """Reads the replies that come on a connection of redis-py."""

    _socket: Any = None

    def __init__(self, socket_read_size: int) -> None:
        """Read from nothing yet.

        Args:
            socket_read_size: How many octets are received at most at a time.
        """
        self._most = socket_read_size
        # What ended with CRLF and was not read yet, and what came after it.
        self._lines: deque[bytes] = deque()
        self._rest = b""

    def on_connect(self, connection: Any) -> None:
        """Begin to read from the socket of a connection that is open."""
        self.on_disconnect()
        self._socket = connection._sock  # noqa: SLF001 - as redis-py's parsers do

    def on_disconnect(self) -> None:
        """Let go of the socket, and of what came."""
        self._socket = None
        self._lines.clear()
        self._rest = b""

    def can_read(self, _timeout: float = 0) -> bool:
        """Return whether anything came by now, be it the connection's end."""
        return bool(self._lines or self._rest) or self._socket.can_read()

    def read_response(self, **_options: object) -> Any:
        """Read a reply, for redis-py; an error of the server is returned, unless all is over."""
        return self._read()

    def read_echoed(self, number: bytes, count: int) -> list[Any]:
        """Read what a server echoes, and after it the replies; errors are among them.

        Args:
            number: What it must echo before it answers.
            count: How many replies come.

        Raises:
            OutOfStep: Something else came.
            RedisError: It does not echo, for this reason.
        """
        line = self._read_line()
        if line[:1] == b"-":
            raise _error(line)
        if line != b"$%d" % len(number) or self._read_line() != number:
            raise OutOfStep
        return [self._read() for _ in range(count)]

    def _read(self) -> Any:
        lines = self._lines
        line = lines.popleft() if lines else self._read_line()
        if line in _NOTHING:
            return None
        kind = line[:1]
        if kind == b"$":
            # Without a call of its own, since most of what comes are texts of one line.
            size = int(line[1:])
            text = lines.popleft() if lines else self._read_line()
            return text if len(text) == size else self._read_rest(text, size)
        if kind == b"*":
            return [self._read() for _ in range(_size(line))]
        if kind == b":":
            return int(line[1:])
        if kind == b"+":
            return line[1:]
        if kind == b"-":
            return _error(line)
        raise Garbled

    def _read_rest(self, text: bytes, size: int) -> bytes:
        """Read the further lines of a text."""
        lines, length = [text], len(text)
        while length < size:
            lines.append(self._read_line())
            length += len(lines[-1]) + 2
        if length != size:
            raise Garbled
        return b"\r\n".join(lines)

    def _read_line(self) -> bytes:
        while not self._lines:
            octets = self._socket.recv(self._most)
            if not octets:
                raise Disconnected("the server closed the connection")
            *lines, self._rest = (self._rest + octets).split(b"\r\n")
            self._lines += lines
        return self._lines.popleft()


def _size(line: bytes) -> int:
    size = int(line[1:])
    if size < 0:
        raise Garbled
    return size


def _error(line: bytes) -> Exception:
    """Return the error that a server names; raise one after which nothing more comes."""
    text = line[1:].decode(errors="replace")
    error: Exception = DefaultParser.parse_error(text)  # type: ignore[no-untyped-call] # redis-py's
    if isinstance(error, Disconnected):
        raise error
    return error
