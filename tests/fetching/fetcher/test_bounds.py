"""The fetcher: time, memory."""

import contextlib
import socket
import ssl
import threading
import tracemalloc

import pytest

from flask_tokenguard import deadline as deadlines
from flask_tokenguard.deadline import Deadline
from flask_tokenguard.fetching.fetcher import Fetcher

from ..servers import SET, Answer, KeyServer, Send, answering, endless, good, head
from .support import Contexts, Name, fault_of, fault_with, fetcher

DEADLINE = 0.15
MEGABYTE = 2**20


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
