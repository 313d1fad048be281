"""Key rings: several processes."""

import os
import sys
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.keys.ring_files import read_index

from ...stores.processes import CONTEXT
from ...support import SettableClock
from .support import kid_of, rotate, signing_kid_after, states


def rotate_at_once(folder: str, barrier: Barrier) -> None:
    """Rotate in a process of its own, when the other one does."""
    barrier.wait(60)
    rotate(Path(folder))


def test_two_processes_that_rotate_at_once_take_turns(folder: Path) -> None:
    barrier = CONTEXT.Barrier(2)
    processes = [
        CONTEXT.Process(target=rotate_at_once, args=(str(folder), barrier)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert states(read_index(folder)) == ["verify-only", "verify-only", "active", "next"]
    assert KeyRing(folder).signing


def follow_after_a_fork(folder: str) -> None:
    """Fork while a thread looks at the ring, and end with 0 if the child sees a rotation."""
    monotonic = SettableClock(0.0)
    ring = KeyRing(Path(folder), monotonic=monotonic)
    ring._looking.get().acquire()
    rotate(Path(folder))
    child = os.fork()
    if child == 0:
        monotonic.now = 10
        expected = kid_of(Path(folder), "active")
        os._exit(0 if signing_kid_after(ring, monotonic) == expected else 1)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def test_a_forked_worker_goes_on_looking(folder: Path) -> None:
    process = CONTEXT.Process(target=follow_after_a_fork, args=(str(folder),))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def test_a_lock_of_another_process_is_not_waited_for(
    folder: Path, ring: KeyRing, monotonic: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring._looking.get().acquire()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    rotate(folder)
    assert signing_kid_after(ring, monotonic) == kid_of(folder, "active")
