"""Whatever happens in which order, sessions and revocation do as docs/sessions.md has it.

The 100 runs of 60 steps that each change needs take 10 s a store; the long form takes minutes, or
hours with a larger number in SESSION_ROUNDS.
"""

import os
from pathlib import Path

import pytest

from ..databases import Database
from ..servers import RealServer
from .runs import RUNS, in_database, on, run
from .stores import Memory, Sqlite, Valkey

MANY = int(os.environ.get("SESSION_ROUNDS", "30"))
# Rounds, since hypothesis holds all runs of one in memory; and the runs of each.
each_length = pytest.mark.parametrize(
    ("rounds", "runs"),
    [
        pytest.param(1, 5, id="short"),
        pytest.param(1, RUNS, id="whole", marks=pytest.mark.ci),
        pytest.param(MANY, RUNS, id="long", marks=pytest.mark.soak),
    ],
)


@each_length
def test_sessions_in_memory_keep_their_contract(folder: Path, rounds: int, runs: int) -> None:
    for _ in range(rounds):
        run(lambda _: Memory(), folder, runs=runs)


@each_length
def test_sessions_in_sqlite_keep_their_contract(folder: Path, rounds: int, runs: int) -> None:
    for _ in range(rounds):
        run(Sqlite, folder, runs=runs)


@each_length
def test_sessions_in_valkey_keep_their_contract(
    folder: Path, valkey: RealServer, monkeypatch: pytest.MonkeyPatch, rounds: int, runs: int
) -> None:
    Valkey.make_clock_movable(monkeypatch)
    new_stores = on(valkey)
    for _ in range(rounds):
        run(new_stores, folder, runs=runs)


@each_length
def test_sessions_in_a_database_keep_their_contract(
    folder: Path, database: Database, rounds: int, runs: int
) -> None:
    new_stores = in_database(database)
    for _ in range(rounds):
        # Each step waits for several answers of another process.
        run(new_stores, folder, runs=max(1, runs // 5))
