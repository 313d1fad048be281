"""Runs of the state machine, each on a new store."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ..conftest import PASSWORD
from ..databases import Database, ServerClock
from ..servers import RealServer
from .machine import SessionMachine
from .stores import InDatabase, Stores, Valkey

RUNS = 100
STEPS = 60
# Without `explain`, whose tracing lets CPython 3.11.7 crash when a `threading.local` goes.
PHASES = (Phase.reuse, Phase.generate, Phase.shrink)
NewStores = Callable[[Path], Stores]


def on(server: RealServer) -> NewStores:
    """Make stores on a server, each with a prefix of its own."""
    uri = f"valkey://:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}"
    client = server.client()
    return lambda _: Valkey(uri, client)


def in_database(database: Database) -> NewStores:
    """Make stores in a database, one after the other in the same tables."""
    clock = ServerClock(database)
    clock.open().next_instant(bytes(16))
    return lambda _: InDatabase(clock)


def run(
    new_stores: NewStores,
    folder: Path,
    *,
    runs: int = RUNS,
    phases: Sequence[Phase] = PHASES,
    **options: Any,
) -> None:
    """Run the machine, 60 steps at a time.

    Args:
        new_stores: Makes a store in a folder of its own, for each run.
        folder: Where these folders are made.
        runs: How often.
        phases: Those of hypothesis.
        options: Further ones of hypothesis.
    """

    def new_machine() -> SessionMachine:
        own = Path(tempfile.mkdtemp(dir=folder))
        return SessionMachine(new_stores(own), own)

    run_state_machine_as_test(
        new_machine,  # type: ignore[arg-type] # what makes a machine is as good as its class
        settings=settings(
            max_examples=runs,
            phases=phases,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            **options,
        ),
    )
