"""A part of the fleet of docs/scale.md in real processes, which backs its arithmetic.

Eight of its 50 workers serve 200 requests a second each, by the clock on the wall, of users by
Zipf's law. The server counts what they ask it and how much time of a processor it needs. In the end
a token is revoked that all of them go on getting: how long after the answer one still accepts it.
"""

import os
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from flask_tokenguard.errors import InvalidToken

from . import revocation_server
from .fleet import DELAY, OWN_TIME, REQUESTS_A_SECOND, USERS, WORKERS, requests_that_ask
from .pairing import Spread
from .peers import ours
from .report import Comparison, Row, Table, run
from .signing_keys import SigningKey

RATE = REQUESTS_A_SECOND / WORKERS
MOST_OFF = 1.1
_PATIENCE = 120.0
_EACH = 0.005
# As servers start their workers.
_PROCESSES = get_context("fork")


class Load(NamedTuple):
    """How much is measured.

    Attributes:
        workers: How many processes.
        users: How many there are.
        warm, counted: For how long they serve before and while it is counted, in seconds.
    """

    workers: int
    users: int
    warm: float
    counted: float


FULL = Load(8, USERS, warm=3, counted=10)
SHORT = Load(2, 1_000, warm=0.1, counted=0.2)


class Part(NamedTuple):
    """What a worker does.

    Attributes:
        load: How much.
        settings: Its app's.
        watched: A token that is revoked in the end.
        seed: What its users depend on.
    """

    load: Load
    settings: dict[str, Any]
    watched: str
    seed: int


class Counted(NamedTuple):
    """What was counted while all workers served, of one request each, and what came after it.

    Attributes:
        trips: How often it asked.
        microseconds: What the server's processes needed.
        late: For how long the revoked token was accepted, in seconds.
    """

    trips: float
    microseconds: float
    late: float


class Watch(ABC):
    """What a server counts."""

    @abstractmethod
    def trips(self) -> int:
        """Count the questions so far."""

    @abstractmethod
    def seconds(self) -> float:
        """Ask for how long its processes have run so far."""


class OfValkey(Watch):
    """A Valkey's INFO."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def trips(self) -> int:
        """Count reads from connections, one for what comes in one trip."""
        return int(self._client.info("stats")["total_reads_processed"])

    def seconds(self) -> float:
        """Take its own count."""
        found = self._client.info("cpu")
        return float(found["used_cpu_user"] + found["used_cpu_sys"])


class OfDatabase(Watch):
    """A PostgreSQL's statistics: each question is a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def trips(self) -> int:
        """Count transactions, once each worker has had its own counted."""
        return int(
            self._ask("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        )

    def seconds(self) -> float:
        """Add up what the system says of the processes that serve clients."""
        pids = self._ask("SELECT array_agg(pid) FROM pg_stat_activity WHERE client_port > 0")
        ticks = 0
        for pid in pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def _ask(self, statement: str) -> Any:
        return self._connection.exec_driver_sql(statement).scalar_one()


def main() -> None:
    """Print a row for each server and delay."""
    run(__doc__, measure, full=FULL, short=SHORT)


def measure(load: Load) -> Iterator[Table]:
    """Measure with each server that is here."""
    rows = []
    for name, opened in (("Valkey", on_valkey), ("PostgreSQL", on_postgresql)):
        with opened() as server:
            if server is not None:
                rows += [row(name, load, delay, *server) for delay in (0, DELAY)]
    title = (
        f"{load.workers} processes that serve {RATE:.0f} requests a second each for"
        f" {load.counted:g} s, {load.users:,} users by Zipf's law: how often a request asks"
    )
    notes = [] if rows else ["Neither Valkey nor PostgreSQL is installed."]
    yield Table("fleet-processes", title, "fraction", rows, notes)


def row(name: str, load: Load, delay: int, uri: str, watch: Watch) -> Row:
    """Compare what is counted with what is worked out."""
    counted = serve(load, {"STORAGE_URI": uri, "REVOCATION_DELAY": delay}, watch)
    expected = requests_that_ask(load.users, RATE, delay)
    figures = {"counted": exactly(counted.trips), "worked out": exactly(expected)}
    comparisons = [
        Comparison("what is worked out", exactly(counted.trips / expected), "ratio", MOST_OFF),
        Comparison(
            "a revocation's bound, in ms",
            exactly(counted.late * 1000),
            "milliseconds",
            delay * 1000,
        ),
        Comparison(OWN_TIME, exactly(counted.microseconds), "microseconds"),
    ]
    return Row(f"{name}, delay {delay} s", figures, comparisons)


def serve(load: Load, settings: dict[str, Any], watch: Watch) -> Counted:
    """Let the processes serve, count, and revoke a token."""
    settings = {"KEY": SigningKey.generate("HS256").text, "STORAGE_TIMEOUT": 10, **settings}
    app = ours.make_app(**settings)
    with app.app_context():
        watched = ours.issue()
    own = app.extensions["tokenguard"]
    claims = own.verifier.verify(watched).claims
    meet = _PROCESSES.Barrier(load.workers + 1, timeout=_PATIENCE)
    accepted = _PROCESSES.Queue()
    workers = [
        _PROCESSES.Process(
            target=work, args=(Part(load, settings, watched, seed), meet, accepted), daemon=True
        )
        for seed in range(load.workers)
    ]
    for worker in workers:
        worker.start()
    meet.wait()
    before = watch.trips(), watch.seconds()
    meet.wait()
    meet.wait()
    asked, spent = watch.trips() - before[0], watch.seconds() - before[1]
    meet.wait()
    # All of them have got it by now, the last one just before.
    time.sleep(DELAY)
    own.revocation.revoke(claims)
    answered = time.monotonic()
    last = max(accepted.get(timeout=_PATIENCE) for _ in workers)
    for worker in workers:
        worker.join()
    requests = load.workers * round(RATE * load.counted)
    return Counted(asked / requests, spent / requests * 1e6, max(0.0, last - answered))


def work(part: Part, meet: Any, accepted: Any) -> None:
    """Serve as one worker, and tell when the watched token was accepted for the last time."""
    load, chance = part.load, random.Random(part.seed)  # noqa: S311 - users, not secrets
    app = ours.make_app(**part.settings)
    own = app.extensions["tokenguard"]
    with app.app_context():
        # It knows the epochs before the tokens are issued.
        ours.issue()
    shares = list(accumulate(1 / rank for rank in range(1, load.users + 1)))
    counts = [round(RATE * seconds) for seconds in (load.warm, load.counted)]
    users = [chance.choices(range(load.users), cum_weights=shares, k=count) for count in counts]
    tokens = issue_to({user for some in users for user in some}, part.settings["KEY"])
    warm, counted = ([tokens[user] for user in some] for some in users)
    at_pace(own.verifier, warm)
    flush(own.store)
    meet.wait()
    meet.wait()
    at_pace(own.verifier, counted)
    flush(own.store)
    meet.wait()
    meet.wait()
    # One after the other, so that they know answers of every age.
    time.sleep(DELAY * part.seed / load.workers)
    accepted.put(accepts_until(own.verifier, part.watched))


def issue_to(users: set[int], key: str) -> dict[int, str]:
    """Issue a token to each, without a store, which would write for each."""
    with ours.make_app(KEY=key).app_context():
        return {user: ours.issue(str(user)) for user in users}


def at_pace(verifier: Any, tokens: list[str]) -> None:
    """Bring tokens, each at its time, or at once where that has passed."""
    began = time.monotonic()
    for number, token in enumerate(tokens):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        verifier.verify(token)


def accepts_until(verifier: Any, token: str) -> float:
    """Bring a token until it is refused; return when the last one that was accepted came."""
    last = 0.0
    while True:
        came = time.monotonic()
        try:
            verifier.verify(token)
        except InvalidToken:
            return last
        last = came
        time.sleep(_EACH)


def flush(store: Any) -> None:
    """Have a database's process count what it did, which it does now and then by itself."""
    if hasattr(store, "engine"):
        with store.engine.connect() as connection:
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")


@contextmanager
def on_valkey() -> Iterator[tuple[str, Watch] | None]:
    """Start a Valkey, if there is one."""
    if not revocation_server.is_here():
        yield None
        return
    from redis import Redis  # noqa: PLC0415 - an extra

    with revocation_server.server() as port, Redis(port=port) as client:
        yield f"valkey://127.0.0.1:{port}", OfValkey(client)


@contextmanager
def on_postgresql() -> Iterator[tuple[str, Watch] | None]:
    """Start a PostgreSQL, if there is one."""
    with ExitStack() as opened:
        uri = opened.enter_context(revocation_server.postgresql())
        if uri is None:
            yield None
            return
        from sqlalchemy import NullPool, create_engine  # noqa: PLC0415 - an extra

        engine = create_engine(uri, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        yield uri, OfDatabase(opened.enter_context(engine.connect()))


def exactly(value: float) -> Spread:
    """Write a figure that does not spread."""
    return Spread(value, value, value)


if __name__ == "__main__":
    main()
