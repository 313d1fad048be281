"""What a server makes of requests with tokens: each probe sends some, and names what came of it."""

import json
import re
import socket
from collections.abc import Iterable
from contextlib import closing, suppress
from http.client import HTTPConnection
from urllib.parse import urlencode

_PATIENCE = 60.0
_SHORTEST, _LONGEST = 1_000, 1_000_000
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# In a body that is not read: were it left on the connection, it would be the next request.
_SMUGGLED = b"GET /seen HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLOSED = "closes"


class Client:
    """Requests to a server, with no header but those that are named."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(
        self,
        method: str,
        path: str,
        *headers: tuple[str, str],
        body: bytes | Iterable[bytes] | None = None,
    ) -> tuple[int, bytes]:
        """Send one request on a connection of its own; `(0, b"")` where it is closed instead."""
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)) as connection:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            # A server may have answered, and closed, before all was sent.
            with suppress(ConnectionError):
                connection.endheaders(body, encode_chunked=not isinstance(body, bytes | None))
            try:
                answer = connection.getresponse()
                return answer.status, answer.read()
            except ConnectionError:
                return 0, b""

    def exchange(self, octets: bytes) -> bytes:
        """Send octets, and receive until the server closes."""
        answers = bytearray()
        with socket.create_connection(("127.0.0.1", self._port), _PATIENCE) as connection:
            connection.sendall(octets)
            # One that closes with octets unread resets, when all was received.
            with suppress(ConnectionResetError):
                while part := connection.recv(65_536):
                    answers += part
        return bytes(answers)

    def token(self) -> str:
        """Log in."""
        _, body = self.ask("POST", "/login", ("Content-Length", "0"))
        token: str = json.loads(body)["access_token"]
        return token


def _seen(client: Client, *values: str) -> tuple[int, str | None]:
    """Return the status, and what of these headers came."""
    headers = [("Authorization", value) for value in values]
    status, body = client.ask("GET", "/seen", *headers)
    return status, json.loads(body)["authorization"] if status == 200 else None


def _named(status: int) -> str:
    return str(status) if status else CLOSED


def longest_token(client: Client) -> tuple[int, str]:
    """Find the longest token that arrives, and what a longer one gets."""
    arrives, fails, outcome = _SHORTEST, _LONGEST, ""
    while arrives < fails:
        length = (arrives + fails + 1) // 2
        value = "Bearer " + "x" * length
        status, came = _seen(client, value)
        if status == 200:
            assert came == value, f"{len(came or '')} of {len(value)} octets came"
            arrives = length
        else:
            fails, outcome = length - 1, _named(status)
    return arrives, outcome


def what_counts(client: Client, length: int) -> str:
    """Return whether a cookie takes from the longest token's length."""
    token = ("Authorization", "Bearer " + "x" * (length - 200))
    status, _ = client.ask("GET", "/seen", token, ("Cookie", "x" * 600))
    return "each header" if status == 200 else "all headers"


def two_headers(client: Client) -> str:
    """Return which of two headers the app gets, which refuses both."""
    status, came = _seen(client, "Bearer a", "Bearer b")
    names = {"Bearer a": "the first", "Bearer b": "the last", None: "none"}
    if status != 200 or came in names:
        return _named(status) if status != 200 else names[came]
    good = ("Authorization", f"Bearer {client.token()}")
    assert client.ask("GET", "/notes", good, good)[0] == 400
    return "both"


def blanks(client: Client) -> str:
    """Return whether blanks after a token reach the app, which accepts it either way."""
    good = ("Authorization", f"Bearer {client.token()} \t ")
    assert client.ask("GET", "/notes", good)[0] == 200
    status, came = _seen(client, "Bearer a \t ")
    return _named(status) if status != 200 else {"Bearer a": "taken off"}.get(str(came), "kept")


def body_token(client: Client) -> str:
    """Return what a token in a form gets."""
    body = urlencode({"access_token": client.token()}).encode()
    length = ("Content-Length", str(len(body)))
    return _named(client.ask("POST", "/notes", *_FORM.items(), length, body=body)[0])


def chunked_body_token(client: Client) -> str:
    """Return what a token in a form gets that comes in chunks."""
    body = urlencode({"access_token": client.token()}).encode()
    chunked = ("Transfer-Encoding", "chunked")
    answer = client.ask("POST", "/notes", *_FORM.items(), chunked, body=[body[:20], body[20:]])
    return _named(answer[0])


def _after_a_refusal(client: Client, *, is_chunked: bool = False) -> str:
    """Send a request whose body nobody reads, and a good one behind it, in one go."""
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(_SMUGGLED), _SMUGGLED)
    framing = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {len(_SMUGGLED)}"
    good = [f"Authorization: Bearer {client.token()}", "Connection: close"]
    answers = client.exchange(
        _head("POST", framing) + (chunk if is_chunked else _SMUGGLED) + _head("GET", *good)
    )
    first, *others = re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)
    assert first in {b"401", b"411"}
    if not others:
        return CLOSED
    is_answered = others == [b"200"] and b'"ada"' in answers
    return "stays open" if is_answered else "takes the body for a request"


def _head(method: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} /notes HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def connection_after_a_refusal(client: Client) -> str:
    """Return the same for a body with a length, and in chunks where that differs."""
    plain, chunked = _after_a_refusal(client), _after_a_refusal(client, is_chunked=True)
    return plain if plain == chunked else f"{plain}, {chunked} after chunks"
