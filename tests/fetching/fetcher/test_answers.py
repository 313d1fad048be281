"""The fetcher: what comes, redirects and statuses, what is no answer."""

import socket
import struct

import pytest

from flask_tokenguard.fetching import Fetched
from flask_tokenguard.fetching.fetcher import Fetcher

from ..servers import SET, KeyServer, answering, good, head
from .support import fault_of, fault_with, fetcher


def test_a_key_set_comes_with_what_caches_need() -> None:
    with KeyServer(good) as server:
        assert fetcher(5)(server.url()) == Fetched(SET, 200, 600, '"v1"')


def test_a_request_says_what_it_wants_and_nothing_else() -> None:
    with KeyServer(good) as server:
        fetcher(5)(server.url(path="/a/jwks?p=B2C_1"))
        assert server.requests == [
            b"GET /a/jwks?p=B2C_1 HTTP/1.1\r\n"
            b"Host: 127.0.0.1:%d\r\n"
            b"Accept: application/json, application/jwk-set+json\r\n"
            b"Accept-Encoding: identity\r\n"
            b"User-Agent: flask-tokenguard\r\n"
            b"Connection: close\r\n\r\n" % server.port
        ]


def test_a_url_without_a_path_asks_for_the_root() -> None:
    with KeyServer(good) as server:
        fetcher(5)(server.url(path=""))
        assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")


def test_a_version_that_is_known_is_not_sent_again() -> None:
    answer = answering(head("Cache-Control: max-age=60", status="304 Not Modified"))
    with KeyServer(answer) as server:
        assert fetcher(5)(server.url(), '"v1"') == Fetched(b"", 304, 60, '"v1"')
        assert b'\r\nIf-None-Match: "v1"\r\n' in server.requests[0]


@pytest.mark.parametrize("etag", ['"a\r\nX: 1"', "v1", '"a"b"', f'"{"a" * 1001}"'])
def test_an_etag_that_is_none_is_not_sent(etag: str) -> None:
    with KeyServer(good) as server:
        fetcher(5)(server.url(), etag)
        assert b"If-None-Match" not in server.requests[0]


def test_an_etag_that_is_none_is_not_kept() -> None:
    with KeyServer(answering(head("ETag: v1", size=2) + b"{}")) as server:
        assert fetcher(5)(server.url()).etag is None


@pytest.mark.parametrize(
    ("headers", "max_age"),
    [
        ([], None),
        (["Cache-Control: public"], None),
        (["Cache-Control: max-age=soon"], None),
        (["Cache-Control: max-age=-1"], None),
        (["Cache-Control: public, MAX-AGE=60 , must-revalidate"], 60),
        (['Cache-Control: max-age="60"'], 60),
        (["Cache-Control: max-age=600", "Cache-Control: max-age=60"], 60),
        (["Cache-Control: max-age=600, no-store"], 0),
        (["Cache-Control: no-cache"], 0),
        (["Cache-Control: max-age=600", "Age: 200"], 400),
        (["Cache-Control: max-age=600", "Age: 700"], 0),
        (["Cache-Control: max-age=600", "Age: old"], 600),
    ],
)
def test_freshness_is_what_the_headers_say(headers: list[str], max_age: int | None) -> None:
    with KeyServer(answering(head(*headers, size=2) + b"{}")) as server:
        assert fetcher(5)(server.url()).max_age == max_age


@pytest.mark.parametrize(
    "octets",
    [
        head("Transfer-Encoding: chunked") + b"c\r\n%b\r\n0\r\n\r\n" % SET,
        head() + SET,
        b"HTTP/1.0 200 OK\r\n\r\n" + SET,
        b"HTTP/1.1 100 Continue\r\n\r\n" + head(size=len(SET)) + SET,
    ],
    ids=["chunked", "until the end", "HTTP/1.0", "after 100"],
)
def test_every_way_to_send_a_body_is_understood(octets: bytes) -> None:
    with KeyServer(answering(octets)) as server:
        assert fetcher(5)(server.url()).body == SET


def test_a_content_type_is_not_looked_at() -> None:
    with KeyServer(answering(head("Content-Type: text/html", size=len(SET)) + SET)) as server:
        assert fetcher(5)(server.url()).body == SET


def test_a_body_as_long_as_allowed_comes() -> None:
    with KeyServer(answering(head(size=10) + b"x" * 10)) as server:
        fetch = Fetcher(max_size=10, allow_insecure_loopback=True)
        assert fetch(server.url()).body == b"x" * 10


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["file:///etc/passwd", "https://evil.example/", "/jwks"])
def test_no_redirect_is_followed(status: int, target: str) -> None:
    answer = answering(head(f"Location: {target}", status=f"{status} Moved", size=0))
    assert fault_with(answer) == f"the answer is a redirect ({status}); none is followed"


@pytest.mark.parametrize("status", [103, 201, 204, 206, 304, 400, 404, 500, 503, 999])
def test_no_other_status_is_a_key_set(status: int) -> None:
    octets = head(status=f"{status} Status", size=len(SET)) + SET
    assert fault_with(answering(octets)) == f"the answer has the status {status}"


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (head(size=100) + SET, "the answer ends early"),
        (head("Transfer-Encoding: chunked") + b"ff\r\n{", "connection failed: IncompleteRead"),
        (head("Transfer-Encoding: chunked") + b"zz\r\n", "connection failed: IncompleteRead"),
        (b"", "the connection failed: RemoteDisconnected"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "the connection failed: BadStatusLine"),
        (b"HTTP/1.1 2OO OK\r\n\r\n", "the connection failed: BadStatusLine"),
        (b"HTTP/2 200 OK\r\n\r\n", "the connection failed: UnknownProtocol"),
    ],
)
def test_what_is_not_a_whole_http_answer_is_refused(octets: bytes, fault: str) -> None:
    assert fault in fault_with(answering(octets))


def test_a_reset_is_an_outage() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with KeyServer(good, raw=reset) as server:
        fault = fault_of(server.url())
        assert fault == "the connection failed: ConnectionResetError"
        assert server.connections == 1


def test_a_closed_port_is_an_outage() -> None:
    with KeyServer(good) as server:
        url = server.url()
    assert fault_of(url) == "the connection failed: ConnectionRefusedError"


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), UnicodeError])
def test_a_name_without_an_address_is_an_outage(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def look_up(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert fault_of("https://id.example/") == "the host's name has no address"
