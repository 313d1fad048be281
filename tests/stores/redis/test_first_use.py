"""The first use of a store by several threads of one process."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.redis import link
from flask_tokenguard.stores.redis.store import RedisStore

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
