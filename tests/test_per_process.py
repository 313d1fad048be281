"""What each process makes for itself: once, whichever of its threads comes first."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import pytest

from flask_tokenguard.per_process import PerProcess

from .stores.processes import result_of

_THREADS = 8


def test_threads_that_come_first_together_make_one_value() -> None:
    start = threading.Barrier(_THREADS)
    made: list[object] = []

    def make() -> object:
        time.sleep(0.01)
        made.append(object())
        return made[-1]

    values = PerProcess(make)

    def get(_: int) -> object:
        start.wait()
        return values.get()

    with ThreadPoolExecutor(_THREADS) as threads:
        assert [*threads.map(get, range(_THREADS))] == made * _THREADS


def test_a_value_that_cannot_be_made_is_made_at_the_next_call() -> None:
    answers = iter([OSError("no"), "value"])

    def make() -> str:
        match next(answers):
            case OSError() as error:
                raise error
            case value:
                return str(value)

    values = PerProcess(make)
    with pytest.raises(OSError, match="no"):
        values.get()
    assert values.get() == "value"


def test_what_a_finalizer_asks_for_while_it_is_made_is_made_once() -> None:
    got: list[object] = []

    def make() -> object:
        # As a finalizer may, within the making.
        if not got:
            got.append(None)
            got[:] = [values.get()]
        return object()

    values = PerProcess(make)
    maker = threading.Thread(target=lambda: got.append(values.get()), daemon=True)
    maker.start()
    maker.join(5)
    assert not maker.is_alive()
    assert got == [values.get()] * 2


def get_under_the_number_of_an_ancestor(tell: Connection) -> None:
    """Fork, and tell what a child gets that has the number of its parent, which has ended."""
    values = PerProcess(object)
    inherited, number = values.get(), os.getpid()
    child = os.fork()
    if child == 0:
        os.getpid = lambda: number
        os._exit(values.get() is inherited)
    tell.send(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_shares_nothing_with_an_ancestor_of_its_number() -> None:
    assert result_of(get_under_the_number_of_an_ancestor) == 0


def get_while_the_parent_makes(tell: Connection) -> None:
    """Fork while a thread makes the value, and tell how the child fared."""
    is_making, may_end = threading.Event(), threading.Event()
    parent = os.getpid()

    def make() -> int:
        if os.getpid() == parent:
            is_making.set()
            may_end.wait()
        return os.getpid()

    values = PerProcess(make)
    maker = threading.Thread(target=values.get)
    maker.start()
    is_making.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        os._exit(0 if values.get() == os.getpid() else 1)
    tell.send(os.waitpid(child, 0)[1])
    may_end.set()
    maker.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_does_not_wait_for_what_its_parent_was_making() -> None:
    assert result_of(get_while_the_parent_makes) == 0
