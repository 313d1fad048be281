"""The fetcher, against key servers that do all they can to hold it up or to fool it."""

import contextlib
import socket
import ssl
import struct
import threading
import tracemalloc
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from flask_tokenguard import deadline as deadlines
from flask_tokenguard.deadline import Deadline
from flask_tokenguard.fetching import Fetched, FetchError
from flask_tokenguard.fetching.fetcher import Fetcher, check_url

from .certificates import certified
from .servers import SET, Answer, KeyServer, Send, answering, endless, good, head, within

DEADLINE = 0.15
PLENTY = 5.0  # For what ends before any deadline, also on a machine that has other things to do.
SOON = 3.0  # The deadline, and time for a machine that has other things to do.
MEGABYTE = 2**20

Contexts = Callable[[str], ssl.SSLContext]
Name = Callable[..., None]


def fetcher(
    deadline: float = PLENTY,
    *,
    allow_private_addresses: bool = True,
    ssl_context: ssl.SSLContext | None = None,
) -> Fetcher:
    """Make one for loopback."""
    return Fetcher(
        deadline=deadline,
        allow_insecure_loopback=allow_private_addresses,
        allow_private_addresses=allow_private_addresses,
        ssl_context=ssl_context,
    )


def fault_of(url: str, fetch: Fetcher | None = None, *, soon: float = SOON) -> str:
    """Fetch what must not be fetched, soon, and tell why it was not."""
    with within(soon), pytest.raises(FetchError) as caught:
        (fetch or fetcher())(url)
    return str(caught.value)


def fault_with(answer: Answer) -> str:
    """Tell what is wrong with an answer, which is asked for once."""
    with KeyServer(answer) as server:
        fault = fault_of(server.url())
        assert server.connections == 1
        return fault


@pytest.fixture(scope="session")
def authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A certificate authority that nobody else trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    return key, certified(name, key, name, key)


@pytest.fixture
def serving(
    tmp_path: Path, authority: tuple[ec.EllipticCurvePrivateKey, x509.Certificate]
) -> Contexts:
    """Make the TLS of a server by a name; an empty one is signed by itself."""

    def make(name: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or "me")])
        names = (x509.DNSName(name or "id.example"), x509.IPAddress(ip_address("127.0.0.1")))
        if name:
            certificate = certified(subject, key, authority[1].subject, authority[0], *names)
        else:
            certificate = certified(subject, key, subject, key, *names)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "server.pem").write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "server.pem")
        return context

    return make


@pytest.fixture
def trusting(authority: tuple[ec.EllipticCurvePrivateKey, x509.Certificate]) -> ssl.SSLContext:
    """What trusts the test authority."""
    return ssl.create_default_context(cadata=authority[1].public_bytes(Encoding.PEM).decode())


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> Name:
    """Give addresses to the host id.example."""

    def give(*addresses: str) -> None:
        def look_up(host: str, port: int, **_: object) -> list[object]:
            assert host == "id.example"
            families = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in addresses]
            return [
                (family, socket.SOCK_STREAM, 6, "", (address, port))
                for family, address in zip(families, addresses, strict=True)
            ]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return give


# What comes.


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


# Redirects and statuses.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["file:///etc/passwd", "https://evil.example/", "/jwks"])
def test_no_redirect_is_followed(status: int, target: str) -> None:
    answer = answering(head(f"Location: {target}", status=f"{status} Moved", size=0))
    assert fault_with(answer) == f"the answer is a redirect ({status}); none is followed"


@pytest.mark.parametrize("status", [103, 201, 204, 206, 304, 400, 404, 500, 503, 999])
def test_no_other_status_is_a_key_set(status: int) -> None:
    octets = head(status=f"{status} Status", size=len(SET)) + SET
    assert fault_with(answering(octets)) == f"the answer has the status {status}"


# Time.


@pytest.mark.parametrize(
    "before",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", head(), head(size=5000), head("Transfer-Encoding: chunked")],
    ids=["the status", "a header", "the body", "a sized body", "a chunk's size"],
)
def test_a_server_that_drips_is_left_at_the_deadline(before: bytes) -> None:
    def answer(send: Send) -> None:
        send(before)
        server.send_slowly(send, b"1" * 5000)

    with KeyServer(answer) as server:
        fault = fault_of(server.url(), fetcher(DEADLINE))
        assert fault == f"no answer was complete after {DEADLINE} s"
        assert server.connections == 1
        assert server.sent < 1000


def test_a_server_that_says_nothing_is_left_at_the_deadline() -> None:
    over = threading.Event()

    def keep_silent(_: Send) -> None:
        over.wait(10)

    with KeyServer(keep_silent) as server:
        assert f"after {DEADLINE} s" in fault_of(server.url(), fetcher(DEADLINE))
        over.set()


def test_a_slow_tls_handshake_ends_at_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        server.send_slowly(connection.sendall, b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb" + b"x" * 999)

    with KeyServer(good, raw=drip) as server:
        assert f"after {DEADLINE} s" in fault_of(server.url("https"), fetcher(DEADLINE))
        assert server.connections == 1


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass on what comes until no more does."""
    with contextlib.suppress(OSError):
        while octets := source.recv(65536):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)


def test_a_tls_record_that_drips_is_left_at_the_deadline(
    serving: Contexts, trusting: ssl.SSLContext
) -> None:
    def drip(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", server.port)) as upstream:
            back = threading.Thread(target=pump, args=(connection, upstream))
            back.start()
            with contextlib.suppress(OSError):
                while octets := upstream.recv(65536):
                    # The last one is of 16 KiB; what comes before it are handshakes.
                    hurried = octets if len(octets) < 8192 else b""
                    connection.sendall(hurried)
                    slow.send_slowly(connection.sendall, octets[len(hurried) :])
            back.join(30)

    answer = answering(head(size=16_000) + b" " * 16_000)
    with (
        KeyServer(answer, tls=serving("id.example")) as server,
        KeyServer(good, raw=drip) as slow,
    ):
        fault = fault_of(slow.url("https"), fetcher(0.6, ssl_context=trusting))
        assert fault == "no answer was complete after 0.6 s"
        assert len(server.requests) == 1


def test_a_host_that_swallows_connections_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with contextlib.ExitStack() as filling:
            for _ in range(8):
                waiting = filling.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(address)
            url = f"http://127.0.0.1:{address[1]}/"
            assert f"after {DEADLINE} s" in fault_of(url, fetcher(DEADLINE))


@pytest.mark.usefixtures("hanging_names")
def test_a_name_that_takes_for_ever_is_left_at_the_deadline() -> None:
    fault = fault_of("https://id.example/", fetcher(DEADLINE))
    assert fault == f"no answer was complete after {DEADLINE} s"


@pytest.mark.usefixtures("hanging_names")
def test_lookups_that_hang_do_not_add_up() -> None:
    before = threading.active_count()
    fetch = fetcher(0.02)
    for _ in range(10):
        fault_of("https://id.example/", fetch)
    assert threading.active_count() - before <= 2


def test_a_silent_address_leaves_time_for_the_next(name: Name) -> None:
    name("::1", "127.0.0.1")
    with KeyServer(good) as server:
        assert fetcher(5)(server.url(host="id.example")).body == SET


def test_an_address_that_swallows_connections_has_its_share(
    name: Name, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[float] = []

    def refuse(_: object, __: object, timeout: float) -> socket.socket:
        shares.append(round(timeout))
        raise ConnectionRefusedError

    monkeypatch.setattr(deadlines, "_connect", refuse)
    name("127.0.0.1", "127.0.0.2", "127.0.0.3")
    fault_of("http://id.example/", fetcher(60))
    assert shares == [20, 30, 60]


def test_a_system_without_a_thread_to_spare_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    def start_nothing(thread: threading.Thread) -> None:
        raise RuntimeError(f"can't start new thread {thread.name}")

    monkeypatch.setattr(threading.Thread, "start", start_nothing)
    faults = [fault_of("https://id.example/") for _ in range(10)]
    assert set(faults) == {"the system has no thread left to look up the host's name"}


def test_a_deadline_that_has_passed_leaves_nothing() -> None:
    with pytest.raises(TimeoutError, match="no answer was complete after 0 s"):
        Deadline(0).left()


# Memory.


@pytest.mark.parametrize(
    "answer",
    [
        endless(head(size=300_000_000), b" " * 65536),
        endless(head(), b" " * 65536),
        endless(head("Transfer-Encoding: chunked"), b"10000\r\n" + b" " * 65536 + b"\r\n"),
        endless(head("Transfer-Encoding: chunked") + b"FFFFFFFFFFFFFFFF\r\n", b" " * 65536),
        endless(head("Transfer-Encoding: chunked") + b"-1\r\n", b" " * 65536),
        endless(head("Transfer-Encoding: chunked") + b"1;", b" " * 65536),
        endless(head("Transfer-Encoding: chunked"), b"1\r\n \r\n" * 9000),
        endless(head("Transfer-Encoding: chunked") + b"0\r\n", b"X: 1\r\n" * 9000),
        endless(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n" * 9000),
        endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536),
        endless(b"", b"x" * 65536),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
    ],
    ids=[
        "announced",
        "unannounced",
        "chunked",
        "one chunk",
        "a negative chunk",
        "a chunk extension",
        "small chunks",
        "trailers",
        "headers",
        "a header",
        "a status",
        "many heads",
    ],
)
def test_what_never_ends_is_not_read_to_the_end(answer: Answer) -> None:
    with KeyServer(answer) as server:
        tracemalloc.start()
        fault = fault_of(server.url(), fetcher(20), soon=20)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert fault == "the answer is too long" or fault.startswith("the connection failed: ")
        assert server.connections == 1
    assert peak < 4 * MEGABYTE
    # What the kernel took off the server's hands before we closed counts too.
    assert server.sent < 32 * MEGABYTE


def test_a_body_that_is_announced_too_long_is_not_waited_for() -> None:
    assert fault_with(answering(head(size=300_000_000))) == "the answer is too long"


def test_a_body_longer_than_allowed_is_refused() -> None:
    with KeyServer(answering(head() + b"x" * 11)) as server:
        fetch = Fetcher(max_size=10, allow_insecure_loopback=True)
        assert fault_of(server.url(), fetch) == "the answer is too long"


# What is no answer.


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


# URLs.


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://id.example/jwks", "is not https"),
        ("http://127.0.0.1/jwks", "is not https"),
        ("file:///etc/passwd", "is not https"),
        ("ftp://id.example/", "is not https"),
        ("//id.example/", "is not https"),
        ("", "is not visible ASCII"),
        ("https://id.example/a b", "is not visible ASCII"),
        ("https://id.example/\r\nX: 1", "is not visible ASCII"),
        ("https://id.exämple/", "is not visible ASCII"),
        (f"https://id.example/{'a' * 2048}", "at most 2048 characters"),
        ("https:///jwks", "has no host"),
        ("https://:443/jwks", "has no host"),
        ("https://id.example:0/", "has no host"),
        ("https://id.example\\.evil.example/", "has no host"),
        ("https://id.example:65536/", "is malformed"),
        ("https://id.example:a/", "is malformed"),
        ("https://[::1/", "is malformed"),
        ("https://me:hunter2@id.example/", "holds a user name"),
        ("https://@id.example/", "holds a user name"),
        ("https://id.example/#jwks", "has a fragment"),
    ],
)
def test_a_url_that_is_not_one_to_fetch_is_refused_unseen(url: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        check_url(url)
    assert "hunter2" not in str(caught.value)
    assert fault_of(url, Fetcher()).startswith("the URL ")


def test_plain_http_goes_to_loopback_only(name: Name) -> None:
    name("192.0.2.1")
    fault = fault_of("http://id.example/")
    assert fault == (
        "the host's address 192.0.2.1 is refused: plain http is for this machine, and for hosts"
        " that TOKENGUARD_ALLOW_INSECURE_HTTP names"
    )


@pytest.mark.parametrize("host", ["id.example", "ID.Example"])
@pytest.mark.parametrize("address", ["10.0.0.1", "100.64.0.1", "127.0.0.1", "fc00::1"])
def test_plain_http_goes_to_neighbours_that_are_named(
    name: Name, monkeypatch: pytest.MonkeyPatch, address: str, host: str
) -> None:
    tried: list[object] = []

    def refuse(_: object, address: tuple[str, int], __: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(deadlines, "_connect", refuse)
    name(address)
    fault_of(f"http://{host}/", Fetcher(insecure_hosts=["id.example"]))
    assert tried == [address]


@pytest.mark.parametrize(
    ("hosts", "address", "reason"),
    [
        (["id.example"], "8.8.8.8", "it is of the public internet, where keys come over https"),
        (["another.example"], "10.0.0.1", "plain http is for this machine, and for hosts that"),
    ],
)
def test_plain_http_goes_to_no_other_address(
    name: Name, hosts: list[str], address: str, reason: str
) -> None:
    name(address)
    fault = fault_of("http://id.example/", Fetcher(insecure_hosts=hosts))
    assert fault.startswith(f"the host's address {address} is refused: {reason}")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_plain_http_goes_to_any_loopback_address(name: Name, address: str) -> None:
    name(address)
    with KeyServer(good) as server:
        url = f"http://id.example:{server.port}/"
    assert "connection failed" in fault_of(url)


def test_a_name_of_ten_addresses_is_tried_with_eight(
    name: Name, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def refuse(_: object, address: object, __: float) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(deadlines, "_connect", refuse)
    name(*[f"127.0.0.{place}" for place in range(1, 11)])
    fault_of("http://id.example/")
    assert len(tried) == 8


# Private addresses.


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - a connection to it goes to loopback
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2001:0:1::1",
        "2002:0a00:0001::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_a_ban_on_private_addresses_holds_for_what_a_name_means(name: Name, address: str) -> None:
    name(address)
    fetch = fetcher(allow_private_addresses=False)
    fault = fault_of("https://id.example/", fetch)
    assert fault.startswith("the host's address ")
    assert fault.endswith(" is not of the public internet, and private_addresses forbids such")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_public_addresses_are_not_banned(
    name: Name, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    name(address)
    tried: list[object] = []

    def refuse(_: object, address: tuple[str, int], __: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(deadlines, "_connect", refuse)
    fault_of("https://id.example/", fetcher(allow_private_addresses=False))
    assert tried == [address]


def test_private_addresses_beside_public_ones_are_not_tried(
    name: Name, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def refuse(_: object, address: tuple[str, int], __: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(deadlines, "_connect", refuse)
    name("10.0.0.1", "8.8.8.8", "::1")
    fault_of("https://id.example/", fetcher(allow_private_addresses=False))
    assert tried == ["8.8.8.8"]


def test_loopback_and_a_ban_on_private_addresses_contradict() -> None:
    with pytest.raises(ValueError, match="loopback addresses are private"):
        Fetcher(allow_insecure_loopback=True, allow_private_addresses=False)
    with pytest.raises(ValueError, match="are private"):
        Fetcher(insecure_hosts=["keycloak"], allow_private_addresses=False)


def test_a_private_address_in_the_url_is_banned_too() -> None:
    with KeyServer(good) as server:
        fault_of(server.url("https"), fetcher(allow_private_addresses=False))
        assert server.connections == 0


def test_a_name_that_changes_its_meaning_is_looked_up_once(
    serving: Contexts, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["127.0.0.1", "192.0.2.1"]

    def rebind(_: str, port: int, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    with KeyServer(good, tls=serving("id.example")) as server:
        fetch = fetcher(5, ssl_context=trusting)
        assert fetch(server.url("https", "id.example")).body == SET
    assert answers == ["192.0.2.1"]


# Certificates.


def test_a_certificate_of_a_trusted_authority_is_good(
    serving: Contexts, trusting: ssl.SSLContext, name: Name
) -> None:
    name("127.0.0.1")
    with KeyServer(good, tls=serving("id.example")) as server:
        fetch = fetcher(5, ssl_context=trusting)
        assert fetch(server.url("https", "id.example")).body == SET
        assert b"\r\nHost: id.example:%d\r\n" % server.port in server.requests[0]


def test_a_certificate_may_be_of_an_address(serving: Contexts, trusting: ssl.SSLContext) -> None:
    with KeyServer(good, tls=serving("id.example")) as server:
        assert fetcher(5, ssl_context=trusting)(server.url("https")).body == SET


def test_a_certificate_signed_by_itself_is_refused(serving: Contexts, name: Name) -> None:
    name("127.0.0.1")
    with KeyServer(good, tls=serving("")) as server:
        fault = fault_of(server.url("https", "id.example"), fetcher(5))
        assert fault.startswith("the certificate is refused: self")
        assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(serving: Contexts) -> None:
    with KeyServer(good, tls=serving("id.example")) as server:
        assert "the certificate is refused" in fault_of(server.url("https"), fetcher(5))
        assert server.requests == []


def test_a_certificate_of_another_host_is_refused(
    serving: Contexts, trusting: ssl.SSLContext, name: Name
) -> None:
    name("127.0.0.1")
    with KeyServer(good, tls=serving("other.example")) as server:
        url = server.url("https", "id.example")
        assert "Hostname mismatch" in fault_of(url, fetcher(5, ssl_context=trusting))
        assert server.requests == []


def test_what_does_not_speak_tls_is_an_outage() -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(head(size=len(SET)) + SET)
        connection.recv(65536)

    with KeyServer(good, raw=speak) as server:
        assert "the connection failed: SSLError" in fault_of(server.url("https"))


@pytest.mark.parametrize("is_hostname_checked", [True, False])
def test_a_context_that_does_not_verify_is_refused(is_hostname_checked: bool) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    if is_hostname_checked:
        context.verify_mode = ssl.CERT_NONE
    with pytest.raises(ValueError, match="must verify certificate and hostname"):
        Fetcher(ssl_context=context)


def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, serving: Contexts, trusting: ssl.SSLContext
) -> None:
    with KeyServer(good) as proxy, KeyServer(good, tls=serving("id.example")) as server:
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("https_proxy", proxy.url(path=""))
        assert fetcher(5, ssl_context=trusting)(server.url("https")).body == SET
        assert proxy.connections == 0


# Silence.


def test_no_message_holds_a_url_or_what_came() -> None:
    octets = b"HTTP/1.1 secret-status secret\r\n\r\nsecret"
    with KeyServer(answering(octets)) as server:
        assert "secret" not in fault_of(server.url(path="/secret?key=secret"), fetcher(5))
