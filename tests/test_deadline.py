"""Look-ups of names, each in a thread that may hang: how many, and what they keep out."""

import socket
import threading

import pytest

from flask_tokenguard.deadline import Deadline, Lookups, Reserve


@pytest.fixture(autouse=True)
def released(hanging_names: threading.Event) -> threading.Event:
    """What lets every look-up go on; until then each hangs, but that of `works.example`."""
    return hanging_names


class Brief(Deadline):
    """One that leaves little for each step, but on a slow machine too."""

    def left(self) -> float:
        return 0.01


def hang(lookups: Lookups, *, times: int = 1) -> None:
    """Look up a name that hangs."""
    for _ in range(times):
        with pytest.raises(TimeoutError):
            lookups.resolve("hangs.example", 80, Brief(0))


def works(lookups: Lookups) -> bool:
    """Return whether a name is found that works."""
    return bool(lookups.resolve("works.example", 80, Deadline(30)))


def end_all() -> None:
    """Wait for the end of what was released."""
    for thread in threading.enumerate():
        if thread.name == "tokenguard-lookup":
            thread.join(30)


def hanging() -> int:
    """Count the look-ups under way."""
    return sum(thread.name == "tokenguard-lookup" for thread in threading.enumerate())


def test_two_lookups_of_one_issuer_may_hang() -> None:
    hang(Lookups(), times=10)
    assert hanging() == 2


def test_one_that_hangs_leaves_a_place_for_one_that_works() -> None:
    lookups = Lookups()
    hang(lookups)
    assert works(lookups)


def test_lookups_that_hang_keep_out_none_of_others() -> None:
    for _ in range(8):
        hang(Lookups(), times=2)
    assert works(Lookups())


def test_lookups_work_again_when_those_that_hung_have_ended(released: threading.Event) -> None:
    lookups = Lookups(reserve=Reserve(1))
    hang(lookups, times=3)
    released.set()
    assert works(lookups)


def test_a_reserve_bounds_those_of_many_together() -> None:
    reserve = Reserve(3)
    for _ in range(8):
        hang(Lookups(reserve=reserve), times=2)
    assert hanging() == 6


def test_those_that_hung_before_take_no_place_of_those_that_work(
    released: threading.Event,
) -> None:
    reserve = Reserve(2)
    known = [Lookups(reserve=reserve) for _ in range(2)]
    for lookups in known:
        hang(lookups)
    released.set()
    end_all()
    released.clear()
    for lookups in known:
        hang(lookups, times=2)
    assert hanging() == 2
    assert all(works(Lookups(reserve=reserve)) for _ in range(2))


def test_who_hung_is_among_the_others_again_once_it_works(
    released: threading.Event,
) -> None:
    reserve = Reserve(1)
    mended = Lookups(reserve=reserve)
    hang(mended)
    released.set()
    end_all()
    assert works(mended)
    released.clear()
    other = Lookups(reserve=reserve)
    hang(other)
    with pytest.raises(TimeoutError):
        mended.resolve("works.example", 80, Brief(0))


def test_a_name_without_an_address_frees_its_place(released: threading.Event) -> None:
    released.set()
    lookups = Lookups(reserve=Reserve(1))
    for _ in range(5):
        with pytest.raises(socket.gaierror, match="no address"):
            lookups.resolve("unknown.example", 80, Deadline(30))
