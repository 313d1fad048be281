"""Whatever happens in which order, sessions and revocation do as docs/sessions.md has it.

The long form takes minutes on each store, or hours with a larger number in SESSION_ROUNDS.
"""

import os
from pathlib import Path

import pytest

from ..servers import RealServer
from .runs import on, run
from .stores import Memory, Sqlite, Valkey

# A hundred runs a store take a minute and more of every run of the tests.
pytestmark = pytest.mark.soak
MANY = int(os.environ.get("SESSION_ROUNDS", "30"))
# Of 100 runs each: hypothesis holds all runs of a round in memory.
each_length = pytest.mark.parametrize("rounds", [1, MANY], ids=["ordinary", "long"])


@each_length
def test_sessions_in_memory_keep_their_contract(folder: Path, rounds: int) -> None:
    for _ in range(rounds):
        run(lambda _: Memory(), folder)


@each_length
def test_sessions_in_sqlite_keep_their_contract(folder: Path, rounds: int) -> None:
    for _ in range(rounds):
        run(Sqlite, folder)


@each_length
def test_sessions_in_valkey_keep_their_contract(
    folder: Path, valkey: RealServer, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    Valkey.make_clock_movable(monkeypatch)
    new_stores = on(valkey)
    for _ in range(rounds):
        run(new_stores, folder)
