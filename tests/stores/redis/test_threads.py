"""What several threads of one process see of a server: its first use, and connections that go."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import redis

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.redis import link
from flask_tokenguard.stores.redis.server import Server
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.stores.waiting import begin

_JTI = bytes(16)


class Prepared:
    """A link to a server that has all epochs, and takes a while to be asked for them."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = threading.Barrier(2)

    def set_epochs(self, *_: Any) -> bool:
        """Return that all are there."""
        self.asked += 1
        with suppress(threading.BrokenBarrierError):
            self.may_answer.wait(0.2)
        return False

    def renew(self, *_: Any) -> None:
        """Renew them."""

    def run(self, *_: Any) -> int:
        """Return that a token was revoked."""
        return 1


def revoke(store: RedisStore) -> None:
    """Revoke a token."""
    store.revoke(_JTI, subject=None, expires=0)


def test_threads_that_come_first_together_prepare_once(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = Prepared()
    monkeypatch.setattr(link, "open_link", lambda *_: prepared)
    store = RedisStore("valkey://127.0.0.1")
    with ThreadPoolExecutor(2) as threads:
        assert [*threads.map(revoke, [store] * 2)] == [None, None]
    assert prepared.asked == 1


def test_a_thread_waits_for_another_ones_preparation_in_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "open_link", lambda *_: Prepared())
    store = RedisStore("valkey://127.0.0.1", timeout=0.05)
    with (
        ThreadPoolExecutor(1) as other,
        store._opened.get().preparing,
        pytest.raises(Unavailable),
    ):
        other.submit(revoke, store).result()


class Dropped:
    """A connection that the server has dropped."""

    def send_with_echo(self, _: Any) -> None:
        """Send into the void."""

    def read_echoed(self, _: int) -> list[Any]:
        """Find that it is gone."""
        raise redis.ConnectionError


class Answering(Dropped):
    """A connection that works."""

    def read_echoed(self, count: int) -> list[Any]:
        """Read the replies."""
        return [b"reply"] * count


class Shared(list[Any]):
    """Idle connections, to which another thread adds one as soon as they are cleared."""

    def clear(self) -> None:
        """Clear the list, as another thread has just been answered."""
        self[:] = [Dropped()]


def test_connections_dropped_together_give_way_to_a_new_one() -> None:
    connect: Any = Answering
    server = Server(connect)
    server._idle = Shared([Dropped()])
    begin(1)
    assert server.ask(("PING",)) == [b"reply"]
