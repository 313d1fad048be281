"""The storage timeout, which is a deadline for all that an operation waits for."""

import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from unittest.mock import Mock

import pytest
from redis.crc import key_slot

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.fetching import FetchError
from flask_tokenguard.fetching.fetcher import Fetcher
from flask_tokenguard.stores.redis import connection as redis_connection
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.testing.stores import new_id

from .fakes import Command, FakeServer, slots

TIMEOUT = 0.1
# For what a store still does in time.
PLENTY = 5.0
# What a timeout that starts anew with each piece would take, is far more.
SOON = 3.0
each_kind = pytest.mark.parametrize("kind", ["server", "sentinel", "cluster"])


def holds(store: RedisStore) -> None:
    """Demand that nothing an operation does outlasts the timeout by much."""
    began = time.monotonic()
    with pytest.raises(Unavailable):
        store.standing(new_id(), None, new_id())
    assert time.monotonic() - began < SOON


def answer(command: Command) -> bytes:
    """Answer as a server that knows every epoch, and nothing else."""
    if command[0] == b"PEXPIRE":
        return b":1\r\n"
    if command[0] in (b"AUTH", b"SELECT"):
        return b"+OK\r\n"
    values = [b"$1\r\n1\r\n" if key.endswith(b":epoch") else b"$-1\r\n" for key in command[1:]]
    return values[0] if command[0] == b"GET" else b"*%d\r\n%s" % (len(values), b"".join(values))


@pytest.fixture(params=["plain", "tls"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeServer]:
    certificate = request.getfixturevalue("certificate") if request.param == "tls" else None
    with FakeServer(lambda _: b"", certificate=certificate) as server:
        server.answer = lambda command: server.topology(command) or answer(command)
        yield server


@each_kind
def test_a_first_answer_that_is_dripped_ends_at_the_deadline(fake: FakeServer, kind: str) -> None:
    fake.is_dripping = True
    holds(RedisStore(fake.uri(kind), timeout=TIMEOUT))


@each_kind
def test_an_answer_that_is_dripped_ends_at_the_deadline(fake: FakeServer, kind: str) -> None:
    store = RedisStore(fake.uri(kind), timeout=PLENTY)
    store.standing(new_id(), None, new_id())
    store._timeout = TIMEOUT
    fake.is_dripping = True
    fake.answer = lambda _: b"$900\r\n" + b"x" * 900
    holds(store)


@each_kind
def test_a_server_that_is_silent_ends_at_the_deadline(fake: FakeServer, kind: str) -> None:
    fake.swallows = True
    holds(RedisStore(fake.uri(kind), timeout=TIMEOUT))


@each_kind
@pytest.mark.usefixtures("hanging_names")
def test_a_name_whose_look_up_hangs_ends_at_the_deadline(fake: FakeServer, kind: str) -> None:
    holds(RedisStore(fake.uri(kind, host="redis.example"), timeout=TIMEOUT))


@pytest.mark.parametrize("fake", ["plain"], indirect=True)
@pytest.mark.usefixtures("hanging_names")
def test_a_name_that_hangs_keeps_out_no_other_server(fake: FakeServer) -> None:
    for _ in range(9):
        holds(RedisStore(fake.uri("server", host="hangs.example"), timeout=0.01))
    store = RedisStore(fake.uri("server", host="works.example"), timeout=PLENTY)
    store.standing(new_id(), None, new_id())


@pytest.mark.parametrize("fake", ["plain"], indirect=True)
@pytest.mark.usefixtures("hanging_names")
def test_issuers_whose_names_hang_keep_out_no_store(fake: FakeServer) -> None:
    for number in range(9):
        with pytest.raises(FetchError):
            Fetcher(deadline=0.01)(f"https://{number}.example/keys")
    store = RedisStore(fake.uri("server", host="works.example"), timeout=PLENTY)
    store.standing(new_id(), None, new_id())


@each_kind
def test_a_name_without_an_address_is_logged_as_that(
    fake: FakeServer, kind: str, hanging_names: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    hanging_names.set()
    holds(RedisStore(fake.uri(kind, host="redis.example"), timeout=PLENTY))
    assert "the host's name has no address" in caplog.text


@each_kind
def test_steps_that_are_slow_each_do_not_add_up(fake: FakeServer, kind: str) -> None:
    timeout = 0.3
    fake.delay = timeout * 0.4
    began = time.monotonic()
    with pytest.raises(Unavailable):
        RedisStore(fake.uri(kind).replace("//", "//:secret@"), timeout=timeout).sessions_of(
            new_id()
        )
    assert time.monotonic() - began < timeout * 2


def sockets_of(store: RedisStore) -> list[Any]:
    link = store._opened.get().link
    servers = link._servers.values() if hasattr(link, "_servers") else [link._server]
    return [connection._sock for server in servers for connection in server._idle]


@each_kind
def test_the_usual_reply_sets_no_timeout(fake: FakeServer, kind: str) -> None:
    store = RedisStore(fake.uri(kind), timeout=60)
    store.standing(new_id(), None, new_id())
    watched = sockets_of(store)
    for each in watched:
        each._socket = Mock(wraps=each._socket)
    for _ in range(100):
        store.standing(new_id(), None, new_id())
    assert sum(each._socket.recv.call_count for each in watched) >= 100
    assert [each._socket.settimeout.call_count for each in watched] == [0] * len(watched)


@pytest.fixture
def nodes() -> Iterator[tuple[FakeServer, FakeServer]]:
    """A cluster of two nodes, each with half of the slots."""
    with FakeServer(answer) as one, FakeServer(answer) as other:
        for each in (one, other):
            each.answer = lambda command: (
                slots(one, other) if command[0] == b"CLUSTER" else answer(command)
            )
        yield one, other


def id_of(half: int) -> bytes:
    """Make an id whose tag has its slot in a half."""
    tags = (tag for tag in range(256) if key_slot(b"{%02x}" % tag) // 8192 == half)
    return bytes([next(tags)]) + new_id()[1:]


def connected_to(nodes: tuple[FakeServer, FakeServer]) -> RedisStore:
    """Connect to both, without haste, and wait for neither for long from then on."""
    store = RedisStore(nodes[0].uri("cluster"), timeout=PLENTY)
    store.standing(id_of(0), None, id_of(1))
    store._timeout = 0.3
    return store


def test_a_node_asked_beside_a_dripping_one_is_not_blamed(
    nodes: tuple[FakeServer, FakeServer],
) -> None:
    store = connected_to(nodes)
    nodes[0].is_dripping = True
    with pytest.raises(Unavailable):
        store.standing(id_of(0), None, id_of(0))
    nodes[0].is_dripping = False
    with pytest.raises(Unavailable):
        store.standing(id_of(1), None, id_of(0))
    assert store.standing(id_of(1), None, id_of(1)).epoch == 1


@pytest.mark.usefixtures("no_collection")
def test_a_node_beside_one_that_hangs_keeps_no_connection_open(
    nodes: tuple[FakeServer, FakeServer],
) -> None:
    store = connected_to(nodes)
    link = weakref.ref(store._opened.get().link)
    nodes[0].is_dripping = True
    with suppress(Unavailable):
        store.standing(id_of(1), None, id_of(0))
    del store
    assert link() is None


def test_a_connection_that_cannot_be_set_up_is_closed(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[socket.socket] = []

    def connect(*_: object) -> socket.socket:
        opened.append(socket.socket(socket.AF_UNIX))
        return opened[0]

    monkeypatch.setattr(redis_connection, "connect", connect)
    holds(RedisStore(fake.uri("server"), timeout=TIMEOUT))
    assert opened[0].fileno() == -1
