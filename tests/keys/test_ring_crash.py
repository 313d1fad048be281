"""A ring whose writer is killed at any instant is the old ring or the new one."""

import random
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.keys.ring_files import make, prune, read_index, rotate

from ..stores.processes import started

# A ring's seconds are milliseconds here, so that keys come and go while a process lives.
KEEP = 30


def now() -> int:
    """Return the time in milliseconds, the same in every process."""
    return time.time_ns() // 1_000_000


def rotate_on_and_on(folder: str, tell: Connection) -> None:
    """Rotate and prune until killed."""
    tell.send("started")
    while True:
        rotate(Path(folder), alg="EdDSA", password=None, now=now(), least_age=0)
        prune(Path(folder), now=now(), keep=KEEP)


def kill_a_rotation(folder: Path) -> None:
    """Start to rotate in a process, and kill it when it may be anywhere in that."""
    with started(rotate_on_and_on, str(folder)) as (process, pipe):
        assert pipe.poll(60)
        time.sleep(random.uniform(0, 0.05))  # noqa: S311 - no secret
        assert process.is_alive()
        process.kill()
        process.join(60)
        assert process.exitcode == -9


def check_ring(folder: Path) -> None:
    """Check that a ring is whole, and rotates on."""
    entries = read_index(folder)
    states = [entry.state for entry in entries]
    assert (states.count("active"), states.count("next")) == (1, 1)
    ring = KeyRing(folder)
    assert [key.kid for key in ring] == [entry.kid for entry in entries]
    assert ring.signing is not None
    assert ring.signing.verify(b"message", ring.signing.sign(b"message"))
    waiting = next(entry.kid for entry in entries if entry.state == "next")
    rotate(folder, alg="EdDSA", password=None, now=now(), least_age=0)
    signing = KeyRing(folder).signing
    assert signing is not None
    assert signing.kid == waiting
    prune(folder, now=now(), keep=KEEP)
    assert {path.name for path in folder.glob("*.pem")} == {
        entry.file for entry in read_index(folder)
    }


@pytest.mark.parametrize("kills", [8, pytest.param(300, marks=pytest.mark.soak)])
def test_a_ring_is_whole_whenever_its_writer_is_killed(tmp_path: Path, kills: int) -> None:
    make(tmp_path, alg="EdDSA", password=None, now=now())
    for _ in range(kills):
        kill_a_rotation(tmp_path)
        check_ring(tmp_path)
