"""What a store makes of a server that answers something else than what it was asked."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from flask_tokenguard import issue_token
from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.testing.stores import Family, new_id

from ...conftest import MakeApp
from ...support import bearer
from .fakes import Command, FakeServer, bulk

KINDS = ["server", "sentinel", "cluster"]
# None of these is an answer to anything that a store asks.
GARBAGE = [
    b"*-1\r\n",
    b"$-1\r\n",
    b"*0\r\n",
    b"+OK\r\n",
    b"$1\r\n1\r\n",
    b":-1\r\n",
    b":0\r\n",
    b":2\r\n",
    b":99999999999999999999\r\n",
    b":x\r\n",
    b"$x\r\n",
    b"$-7\r\n",
    b"*x\r\n",
    b"!\r\n",
    b"\r\n",
    b"$1\r\n12\r\n",
    b"$4\r\n1\r\n23\r\n",
    b"*1\r\n:1\r\n",
    b"*2\r\n:1\r\n:1\r\n",
    b"*5\r\n" + b":1\r\n" * 5,
    b"*5\r\n" + b"*0\r\n" * 5,
    b"*5\r\n" + b"-ERR no\r\n" * 5,
    b"*2\r\n$8\r\nadvanced\r\n:1\r\n",
    b"*2\r\n$6\r\nreused\r\n:-1\r\n",
    b"*2\r\n$6\r\nreused\r\n$1\r\n1\r\n",
    b"*2\r\n*0\r\n:1\r\n",
    b"*4\r\n$8\r\nadvanced\r\n:1\r\n:1\r\n:0\r\n",
    b"*4\r\n$6\r\nreused\r\n:1\r\n:-1\r\n:0\r\n",
    b"*4\r\n$6\r\nreused\r\n:1\r\n:1\r\n:2\r\n",
    b"*4\r\n$6\r\nreused\r\n:1\r\n$1\r\n1\r\n:0\r\n",
    b"*5\r\n$8\r\nadvanced\r\n:1\r\n$1\r\nj\r\n:1\r\n$0\r\n\r\n",
    b"*5\r\n$8\r\nadvanced\r\n:1\r\n$16\r\n" + b"j" * 16 + b"\r\n:-1\r\n$0\r\n\r\n",
    b"*5\r\n$8\r\nadvanced\r\n:1\r\n$16\r\n" + b"j" * 16 + b"\r\n:1\r\n$1\r\n\xff\r\n",
    b"*1\r\n*5\r\n" + b"$1\r\nx\r\n" * 5,
    b"*1\r\n*5\r\n" + b"$1\r\n1\r\n" * 4 + b"$1\r\n\xff\r\n",
    b"*1\r\n*5\r\n" + b"$15\r\n999999999999999\r\n" * 5,
    b"*1\r\n" * 5000,
    b"-MOVED\r\n",
    b"-MOVED x y:z\r\n",
    b"-ASK 1 127.0.0.1:99999\r\n",
    b"-MOVED 1 127.0.0.1:0\r\n",
    b"-NOSCRIPT \r\n",
    b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
]
# What they could be an answer to all the same, once a store knows its server.
FITTING = {
    b"*0\r\n": {"sessions_of"},
    b":0\r\n": {"end_session"},
    b":2\r\n": {"next_instant", "start_session"},
}
# A sentinel's master and a cluster's node are servers: of what they answer each third step reads
# it, another one for each garbage; in the deep run all do.
EACH = 3 if settings().max_examples < 100 else 1
each_kind = pytest.mark.parametrize("kind", KINDS)
each_garbage = pytest.mark.parametrize("garbage", GARBAGE, ids=lambda octets: repr(octets)[2:40])


class Garbler:
    """Answers as a test wants, from the start or once a store knows its epochs."""

    server: FakeServer

    def __init__(self) -> None:
        self.garbage = b""
        self.is_opened = False

    def __call__(self, command: Command) -> bytes:
        if command[0] == b"MGET" and len(command) > 200 and self.is_opened:
            return bulk(*[b"1"] * (len(command) - 1))
        if command[:1] == [b"GET"] and command[1].endswith(b"epoch") and self.is_opened:
            return b"$1\r\n1\r\n"
        if command[0] == b"PEXPIRE" and self.is_opened:
            return b":1\r\n"
        if self.is_opened:
            return self.server.topology(command) or self.garbage
        return self.garbage


@pytest.fixture
def garbler() -> Iterator[Garbler]:
    garbler = Garbler()
    with FakeServer(garbler) as garbler.server:
        yield garbler


def in_an_hour() -> int:
    return int(time.time()) + 3600


def steps_of(store: RedisStore) -> dict[str, Callable[[], Any]]:
    family = Family(store, lambda: int(time.time()))
    return {
        "standing": family.standing,
        "next_instant": lambda: store.next_instant(new_id()),
        "revoke": lambda: store.revoke(new_id(), subject=None, expires=in_an_hour()),
        "end_subject": lambda: store.end_subject(new_id(), expires=in_an_hour()),
        "start_session": family.start,
        "advance": lambda: family.present(new_id()),
        "end_session": lambda: store.end_session(new_id(), subject=None),
        "sessions_of": family.listed,
    }


@each_kind
@each_garbage
def test_a_server_that_answers_garbage_is_unavailable(
    garbler: Garbler, kind: str, garbage: bytes
) -> None:
    garbler.garbage = garbage
    store = RedisStore(garbler.server.uri(kind), timeout=0.3)
    for step in (*steps_of(store).values(), store.risks):
        with pytest.raises(Unavailable):
            step()


@each_kind
@each_garbage
def test_a_server_that_answers_garbage_later_is_unavailable(
    garbler: Garbler, kind: str, garbage: bytes
) -> None:
    garbler.garbage, garbler.is_opened = garbage, True
    store = RedisStore(garbler.server.uri(kind), timeout=0.3)
    steps = list(steps_of(store).items())
    for name, step in steps if kind == "server" else steps[GARBAGE.index(garbage) % EACH :: EACH]:
        if name not in FITTING.get(garbage, ()):
            with pytest.raises(Unavailable):
                step()


@each_kind
@pytest.mark.parametrize("garbage", GARBAGE[:12], ids=lambda octets: repr(octets)[2:40])
def test_a_login_that_is_answered_with_garbage_is_unavailable(
    garbler: Garbler, kind: str, garbage: bytes
) -> None:
    garbler.garbage, garbler.is_opened = garbage, True
    uri = garbler.server.uri(kind).replace("//", "//:secret@")
    if garbage != b"+OK\r\n":
        with pytest.raises(Unavailable):
            RedisStore(uri, timeout=0.3).next_instant(new_id())


@pytest.mark.parametrize("garbage", [b"*-1\r\n", b":1\r\n", b"*0\r\n", b"+OK\r\n"])
@pytest.mark.parametrize("is_opened", [False, True])
def test_requests_are_answered_with_503_and_not_500(
    garbler: Garbler, make_app: MakeApp, garbage: bytes, is_opened: bool
) -> None:
    with make_app(STORAGE_URI="memory://").app_context():
        token = issue_token("alice")
    garbler.garbage, garbler.is_opened = garbage, is_opened
    client = make_app(STORAGE_URI=garbler.server.uri("server")).test_client()
    answer = client.get("/claims", headers=bearer(token))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize(
    "row",
    [
        b"*0\r\n",
        b":1\r\n",
        b"*3\r\n:0\r\n:1\r\n*0\r\n",
        b"*3\r\n:0\r\n:1\r\n*1\r\n$1\r\nx\r\n",
        b"*3\r\n:0\r\n:1\r\n*2\r\n:1\r\n:1\r\n",
        b"*3\r\n:0\r\n:1\r\n*2\r\n$1\r\nx\r\n:99999\r\n",
        b"*3\r\n:0\r\n:1\r\n*2\r\n$1\r\nx\r\n$1\r\n1\r\n",
        b"*3\r\n:0\r\n:1\r\n*2\r\n$1\r\n\xff\r\n:6379\r\n",
        b"*3\r\n:0\r\n:1\r\n*2\r\n$1\r\n\x00\r\n:6379\r\n",
        b"*3\r\n:1\r\n:0\r\n*2\r\n$1\r\nx\r\n:6379\r\n",
        b"*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nx\r\n:6379\r\n",
        b"*3\r\n:0\r\n$1\r\n1\r\n*2\r\n$1\r\nx\r\n:6379\r\n",
    ],
    ids=repr,
)
def test_slots_that_are_garbage_are_unavailable(garbler: Garbler, row: bytes) -> None:
    garbler.garbage = b"*1\r\n" + row
    with pytest.raises(Unavailable):
        RedisStore(garbler.server.uri("cluster"), timeout=0.3).next_instant(new_id())


@pytest.mark.parametrize("state", ["down", "nameless", "unknown"])
def test_sentinels_without_a_usable_master_are_unavailable(
    garbler: Garbler, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = b"other" if state == "unknown" else b"tokens"
    flags = b"master,s_down" if state == "down" else b"master"
    ip = b"\x00" if state == "nameless" else b"127.0.0.1"
    garbler.garbage = b"*1\r\n" + bulk(
        *(b"name", name, b"ip", ip, b"port", b"1", b"flags", flags, b"num-other-sentinels", b"0")
    )
    with pytest.raises(Unavailable):
        RedisStore(garbler.server.uri("sentinel"), timeout=0.3).next_instant(new_id())
    assert ("the service has none that is up" in caplog.text) is (state != "nameless")


def test_a_slot_that_no_node_had_is_asked_for_again(garbler: Garbler) -> None:
    garbler.is_opened, garbler.garbage = True, b":7\r\n"
    store = RedisStore(garbler.server.uri("cluster"), timeout=0.3)
    assert store.next_instant(b"\x07" * 16) == 7
    store._opened.get().link._slots = [None] * 16384
    with pytest.raises(Unavailable):
        store.next_instant(b"\x07" * 16)
    assert store.next_instant(b"\x07" * 16) == 7


def test_options_that_a_server_does_not_have_are_no_fault(garbler: Garbler) -> None:
    garbler.is_opened, garbler.garbage = True, b"*0\r\n"
    store = RedisStore(garbler.server.uri("server"), timeout=0.3)
    assert len(store.risks()) == 2


def test_after_garbage_another_connection_is_used(garbler: Garbler) -> None:
    garbler.is_opened, garbler.garbage = True, b"+OK\r\n"
    store = RedisStore(garbler.server.uri("server"), timeout=0.3)
    with pytest.raises(Unavailable):
        store.next_instant(new_id())
    garbler.garbage = b":7\r\n"
    connections = garbler.server.connections
    assert store.next_instant(new_id()) == 7
    assert garbler.server.connections == connections + 1
