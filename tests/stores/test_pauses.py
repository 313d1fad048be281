"""Pauses after a server that timed out, as several threads see them."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from flask_tokenguard.stores.waiting import Pause, Paused


def test_an_answer_ends_a_pause_that_another_thread_looks_at() -> None:
    pause = Pause(lambda: 0.0)
    pause.begin()
    is_looking, is_answered = threading.Event(), threading.Event()

    def look() -> float:
        is_looking.set()
        # With a lock it cannot be answered before the look is over.
        is_answered.wait(0.2)
        return 60.0

    pause._monotonic = look
    with ThreadPoolExecutor(1) as asker:
        asked = asker.submit(pause.check)
        is_looking.wait(10)
        pause.end()
        is_answered.set()
        asked.result()
    assert not pause.is_on


def test_of_threads_that_come_after_a_pause_one_asks() -> None:
    pause = Pause(lambda: 0.0)
    pause.begin()
    together = threading.Barrier(2)

    def look() -> float:
        with suppress(threading.BrokenBarrierError):
            together.wait(0.2)
        return 60.0

    pause._monotonic = look

    def ask(_: int) -> bool:
        try:
            pause.check()
        except Paused:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(ask, range(2))) == [False, True]


def test_a_pause_that_was_ended_meanwhile_is_not_begun_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pause = Pause(lambda: 60.0)
    pause._over_at = 1.0

    @contextmanager
    def waited_for() -> Iterator[None]:
        pause._over_at = 0.0
        yield

    monkeypatch.setattr(pause, "_changing", waited_for())
    pause.check()
    assert not pause.is_on
