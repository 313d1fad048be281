"""A key server of real sockets, which answers as a test wants, however badly."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator

from ..kit.listening import Listening

Send = Callable[[bytes], None]
Answer = Callable[[Send], None]
Raw = Callable[[socket.socket], None]

SET = b'{"keys": []}'


class KeyServer(Listening):
    """A key server that counts what it got and what it sent."""

    def __init__(
        self, answer: Answer, *, tls: ssl.SSLContext | None = None, raw: Raw | None = None
    ) -> None:
        super().__init__()
        self._answer = answer
        self._tls = tls
        self._raw = raw
        self.requests: list[bytes] = []
        self.sent = 0

    def url(self, scheme: str = "http", host: str = "127.0.0.1", path: str = "/jwks") -> str:
        """Write the URL of the key set."""
        return f"{scheme}://{host}:{self.port}{path}"

    def send_slowly(self, send: Send, octets: bytes) -> None:
        """Send one octet after another, each well within any timeout."""
        for octet in octets:
            if not self._is_open:
                return
            send(bytes([octet]))
            time.sleep(0.02)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            if self._raw is not None:
                self._raw(connection)
            elif self._tls is not None:
                with self._tls.wrap_socket(connection, server_side=True) as secured:
                    self._converse(secured)
            else:
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            received = connection.recv(65536)
            if not received:
                return
            request += received
        self.requests.append(request)

        def send(octets: bytes) -> None:
            connection.sendall(octets)
            self.sent += len(octets)

        self._answer(send)
        connection.shutdown(socket.SHUT_WR)


def good(send: Send) -> None:
    """Answer with a key set, and what caches need."""
    send(head("Cache-Control: public, max-age=600", 'ETag: "v1"', size=len(SET)) + SET)


def head(*headers: str, status: str = "200 OK", size: int | None = None) -> bytes:
    """Write the head of an answer."""
    sized = [] if size is None else [f"Content-Length: {size}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, *sized, "", ""]).encode()


def answering(octets: bytes) -> Answer:
    """Make an answer of these octets."""
    return lambda send: send(octets)


def endless(start: bytes, repeated: bytes) -> Answer:
    """Make an answer that never ends; 300 MB are as good as that."""

    def answer(send: Send) -> None:
        send(start)
        for _ in range(300_000_000 // len(repeated)):
            send(repeated)

    return answer


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Demand that what happens here takes no longer."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds
