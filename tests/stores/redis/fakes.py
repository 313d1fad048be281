"""A server of real sockets that answers each command as a test wants, however badly."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from ...kit.listening import Listening

Command = list[bytes]
Answer = Callable[[Command], bytes]

# Between octets that are dripped: well within any timeout.
_DRIP = 0.02


def bulk(*octets: bytes) -> bytes:
    """Write an array of texts."""
    texts = [b"$%d\r\n%s\r\n" % (len(each), each) for each in octets]
    return b"*%d\r\n%s" % (len(texts), b"".join(texts))


def slots(*nodes: "FakeServer") -> bytes:
    """Write which node has which slot: an equal part each."""
    rows = [
        b"*3\r\n:%d\r\n:%d\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n"
        % (16384 * place // len(nodes), 16384 * (place + 1) // len(nodes) - 1, node.port)
        for place, node in enumerate(nodes)
    ]
    return b"*%d\r\n%s" % (len(rows), b"".join(rows))


class FakeServer(Listening):
    """A server that is its own sentinel and its own cluster."""

    def __init__(self, answer: Answer, *, certificate: Path | None = None) -> None:
        super().__init__()
        self.answer = answer
        self.is_dripping = False
        self.echoes = True
        self.repeats: Literal["at once", "later"] | None = None
        self.swallows = False
        self.delay = 0.0
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._query = f"?ssl_ca_certs={certificate}" if certificate else ""
        self._connections: list[socket.socket] = []

    def uri(self, kind: str, *, host: str = "127.0.0.1") -> str:
        """Write the URI of a kind of link: `server`, `sentinel` or `cluster`."""
        scheme = f"redis{'s' if self._tls else ''}{'' if kind == 'server' else f'+{kind}'}"
        service = "/tokens" if kind == "sentinel" else ""
        return f"{scheme}://{host}:{self.port}{service}{self._query}"

    def _hang_up(self) -> None:
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def topology(self, command: Command) -> bytes | None:
        """Answer who is the master, and who has which slot, as one that is all of them."""
        if command[0] == b"CLUSTER":
            return slots(self)
        if command[0] == b"SENTINEL":
            fields = (
                *(b"name", b"tokens", b"ip", b"127.0.0.1", b"port", b"%d" % self.port),
                *(b"flags", b"master", b"num-other-sentinels", b"0"),
            )
            return b"*1\r\n" + bulk(*fields)
        return None

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(connection)
            if self.swallows:
                connection.recv(1)
                return self._wait()
            if self._tls is not None:
                connection = stack.enter_context(
                    self._tls.wrap_socket(connection, server_side=True)
                )
                self._connections.append(connection)
            self._converse(connection)
        return None

    def _wait(self) -> None:
        while self._is_open:
            time.sleep(_DRIP)

    def _converse(self, connection: socket.socket) -> None:
        received = last = b""
        while self._is_open:
            came = connection.recv(65536)
            if not came:
                return
            received += came
            answers = []
            while (found := _command(received)) is not None:
                command, received = found
                echo = _echo(command) if self.echoes else None
                answers.append(echo or self.answer(command))
                if self.delay:
                    time.sleep(self.delay)
                    self._send(connection, answers.pop())
            # As a server does for commands that came together.
            answer = b"".join(answers)
            again = {"at once": answer + answer, "later": last + answer, None: answer}
            self._send(connection, again[self.repeats])
            last = answer

    def _send(self, connection: socket.socket, octets: bytes) -> None:
        if not self.is_dripping:
            connection.sendall(octets)
            return
        for octet in octets:
            if not self._is_open:
                return
            connection.sendall(bytes([octet]))
            time.sleep(_DRIP)


def _echo(command: Command) -> bytes | None:
    name, *arguments = command
    return b"$%d\r\n%s\r\n" % (len(arguments[0]), arguments[0]) if name == b"ECHO" else None


def _command(received: bytes) -> tuple[Command, bytes] | None:
    """Take the first command of what came, and leave the rest."""
    head, end, rest = received.partition(b"\r\n")
    command: Any = []
    for _ in range(int(head[1:] or 0) if end else 0):
        size, end, rest = rest.partition(b"\r\n")
        if not end or len(rest) < int(size[1:]) + 2:
            return None
        command.append(rest[: int(size[1:])])
        rest = rest[int(size[1:]) + 2 :]
    return (command, rest) if command else None
