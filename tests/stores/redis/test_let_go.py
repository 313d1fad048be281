"""Connections that are let go of: closed at once, not when Python next collects circles."""

import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.testing.stores import new_id

from ...kit.loopback import free_port
from ..conftest import PASSWORD
from .fakes import FakeServer


def uri_of(request: pytest.FixtureRequest, kind: str) -> str:
    server = request.getfixturevalue(kind)
    login = f":{quote(PASSWORD, safe='')}@" if kind == "valkey" else ""
    return f"redis://{login}127.0.0.1:{server.port}" if login else str(server.uri)


def after_one_that_is_away(uri: str) -> str:
    return uri.replace("//", f"//127.0.0.1:{free_port()},", 1)


def link_of_one_that_was_used(store: RedisStore) -> "weakref.ref[Any]":
    store.next_instant(new_id())
    return weakref.ref(store._opened.get().link)


@pytest.mark.parametrize("kind", ["valkey", "sentinels", "cluster"])
@pytest.mark.usefixtures("no_collection")
def test_a_store_that_is_let_go_of_closes_its_connections(
    kind: str, request: pytest.FixtureRequest, prefix: str
) -> None:
    link = link_of_one_that_was_used(RedisStore(uri_of(request, kind), prefix=prefix))
    assert link() is None


@pytest.mark.parametrize("kind", ["sentinels", "cluster"])
@pytest.mark.usefixtures("no_collection")
def test_a_first_host_that_is_away_keeps_no_connection_open(
    kind: str, request: pytest.FixtureRequest, prefix: str
) -> None:
    uri = after_one_that_is_away(uri_of(request, kind))
    link = link_of_one_that_was_used(RedisStore(uri, prefix=prefix))
    assert link() is None


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with FakeServer(lambda _: b"") as server:
        yield server


FAULTS = {
    "an error": (True, b"-LOADING it reads its file\r\n"),
    "an error in place of the echo": (False, b"-NOAUTH Authentication required.\r\n"),
    "another kind of reply": (True, b"$-1\r\n"),
    "no reply at all": (True, b"?\r\n"),
    "silence": (True, b""),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["server", "sentinel", "cluster"])
@pytest.mark.usefixtures("no_collection")
def test_a_fault_keeps_no_connection_open(fake: FakeServer, kind: str, fault: str) -> None:
    fake.echoes, reply = FAULTS[fault]
    fake.answer = lambda command: (fake.topology(command) if fake.echoes else None) or reply
    store = RedisStore(fake.uri(kind), timeout=0.1)
    link = weakref.ref(store._opened.get().link)
    for _ in range(2):
        with suppress(Unavailable):
            store.standing(new_id(), None, new_id())
    del store
    assert link() is None


@pytest.mark.parametrize("kind", ["server", "sentinel", "cluster"])
@pytest.mark.usefixtures("hanging_names", "no_collection")
def test_a_name_that_hangs_keeps_no_connection_open(fake: FakeServer, kind: str) -> None:
    store = RedisStore(fake.uri(kind, host="redis.example"), timeout=0.01)
    link = weakref.ref(store._opened.get().link)
    with suppress(Unavailable):
        store.standing(new_id(), None, new_id())
    del store
    assert link() is None
