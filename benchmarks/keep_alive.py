"""Clients that keep their connections: each asks, reads the answer, and asks again."""

import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_PATIENCE = 20.0


class Answer(NamedTuple):
    """The status line's number, and the body."""

    status: int
    body: bytes


class Client:
    """One connection to a server on loopback."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> Answer:
        """Send a request and read its whole answer."""
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        assert length is not None, head
        while len(body) < int(length[1]):
            body += self._receive()
        return Answer(int(head[9:12]), body)

    def _receive(self) -> bytes:
        received = self._socket.recv(65536)
        assert received, "the server hung up"
        return received

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def get(path: str, token: str) -> bytes:
    """Write a request that brings a token."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )


@contextmanager
def connected(port: int, count: int) -> Iterator[list[Client]]:
    """Open some connections, and close them in the end."""
    clients: list[Client] = []
    try:
        clients += (Client(port) for _ in range(count))
        yield clients
    finally:
        for client in clients:
            client.close()


def rate(
    clients: Sequence[Client], asked: Sequence[tuple[bytes, Answer]], requests: int
) -> tuple[float, int]:
    """Let every client, in a thread of its own, ask the same thing over and over.

    Args:
        clients: The connections.
        asked: For each client its request, and the answer that is right.
        requests: How many each client sends.

    Returns:
        Answers a second, and how many of them were wrong.
    """
    wrong: list[Answer] = []

    def ask(client: Client, request: bytes, right: Answer) -> None:
        for _ in range(requests):
            answer = client.ask(request)
            if answer != right:
                wrong.append(answer)

    threads = [
        threading.Thread(target=ask, args=(client, *what))
        for client, what in zip(clients, asked, strict=True)
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(clients) * requests / (time.perf_counter() - start), len(wrong)
