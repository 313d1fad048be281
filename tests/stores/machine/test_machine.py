"""Whatever happens in which order, sessions and revocation do as docs/sessions.md has it.

The long form takes minutes on each store, or hours with a larger number in SESSION_RUNS.
"""

import os
from pathlib import Path

import pytest

from ..servers import RealServer
from .runs import RUNS, on, run
from .stores import Memory, Sqlite, Valkey

# A hundred runs a store take a minute and more of every run of the tests.
pytestmark = pytest.mark.soak
MANY = int(os.environ.get("SESSION_RUNS", "3000"))
each_length = pytest.mark.parametrize("runs", [RUNS, MANY], ids=["ordinary", "long"])


@each_length
def test_sessions_in_memory_keep_their_contract(folder: Path, runs: int) -> None:
    run(lambda _: Memory(), folder, runs=runs)


@each_length
def test_sessions_in_sqlite_keep_their_contract(folder: Path, runs: int) -> None:
    run(Sqlite, folder, runs=runs)


@each_length
def test_sessions_in_valkey_keep_their_contract(
    folder: Path, valkey: RealServer, monkeypatch: pytest.MonkeyPatch, runs: int
) -> None:
    Valkey.make_clock_movable(monkeypatch)
    run(on(valkey), folder, runs=runs)
