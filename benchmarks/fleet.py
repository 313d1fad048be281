"""A part of the fleet of docs/scale.md in real processes, which backs its arithmetic.

Eight of its 50 workers serve 200 requests a second each, by the clock on the wall, of users by
Zipf's law. The server counts what they ask it and how much time of a processor it needs. In the end
a token is revoked that all of them go on getting: how long after the answer one still accepts it.

In the second table is but one process, on a clock that it moves: how often a request asks a Valkey
stands there by its own count.
"""

import math
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

from .contenders import has_valkey, postgresql, trips_of, valkey
from .peers import ours
from .peers.signing_keys import SigningKey
from .report import Comparison, Row, Spread, Table, run

USERS, REQUESTS_A_SECOND, WORKERS = 1_000_000, 10_000, 50
# Of TOKENGUARD_REVOCATION_DELAY, in seconds.
DELAY = 1
# What a server needs for a request by itself.
OWN_TIME = "the server's own time for a request, in µs"
RATE = REQUESTS_A_SECOND / WORKERS
MOST_OFF = 1.1
# With a delay of a second, of all workers together; how often a request asks, by users and workers.
DELAYED_RATE = 2_000
MUST_DELAYED = {(1_000, 1): 1 / 4.5, (1_000, 8): None, (100_000, 1): None, (100_000, 8): None}
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
        delayed: How many requests ask a server with a delay on a clock that we move.
    """

    workers: int
    users: int
    warm: float
    counted: float
    delayed: int


FULL = Load(8, USERS, warm=3, counted=10, delayed=8_000)
SHORT = Load(2, 1_000, warm=0.1, counted=0.2, delayed=20)


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
        """Add up what the system counts of the processes that serve clients."""
        pids = self._ask("SELECT array_agg(pid) FROM pg_stat_activity WHERE client_port > 0")
        ticks = 0
        for pid in pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def _ask(self, statement: str) -> Any:
        return self._connection.exec_driver_sql(statement).scalar_one()


def main() -> None:
    """Print a row for each server and delay, then one for users and workers."""
    run(__doc__, measure, full=FULL, short=SHORT)


def requests_that_ask(users: int, rate: float, delay: float) -> float:
    """Return the share of requests that ask a store, of users by Zipf's law.

    After it asked about a token, a worker knows the answer for the delay. Of a user who sends so
    many requests a second to it, one in `1 + requests * delay` asks.

    Args:
        users: How many there are.
        rate: Requests a second of one worker.
        delay: For how long an answer is good, in seconds.
    """
    whole = math.fsum(1 / rank for rank in range(1, users + 1))
    shares = (1 / rank / whole for rank in range(1, users + 1))
    return math.fsum(share / (1 + rate * share * delay) for share in shares)


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
    yield delayed(load.delayed)


def row(name: str, load: Load, delay: int, uri: str, watch: Watch) -> Row:
    """Compare what is counted with what is worked out."""
    counted = serve(load, {"STORAGE_URI": uri, "REVOCATION_DELAY": delay}, watch)
    expected = requests_that_ask(load.users, RATE, delay)
    figures = {"counted": Spread.exactly(counted.trips), "worked out": Spread.exactly(expected)}
    comparisons = [
        Comparison(
            "what is worked out", Spread.exactly(counted.trips / expected), "ratio", MOST_OFF
        ),
        Comparison(
            "a revocation's bound, in ms",
            Spread.exactly(counted.late * 1000),
            "milliseconds",
            delay * 1000,
        ),
        Comparison(OWN_TIME, Spread.exactly(counted.microseconds), "microseconds"),
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
    """Serve as one worker, and report when the watched token was accepted for the last time."""
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


def delayed(count: int) -> Table:
    """Count how often requests ask with a delay of a second, by users and workers."""
    title = (
        f"Round trips with a delay of a second, users by Zipf's law, {DELAYED_RATE:,} requests a"
        f" second: the second half of {count:,}"
    )
    if not has_valkey():
        return Table("delayed-trips", title, "fraction", [], ["Valkey is not installed."])
    rows = []
    for (users, workers), must in MUST_DELAYED.items():
        trips = delayed_trips(users, workers, count)
        spread = Spread.exactly(trips)
        comparison = Comparison("asking at every request", spread, "fraction", must)
        name = f"{users:,} users, {workers} worker{'s' * (workers > 1)}"
        # Read every half delay by each worker, whatever the traffic.
        copy = 2 * workers / DELAYED_RATE
        figures = {"trips a request": spread, "with a local copy": Spread.exactly(copy)}
        rows.append(Row(name, figures, [] if must is None else [comparison]))
    return Table("delayed-trips", title, "fraction", rows)


def delayed_trips(users: int, workers: int, count: int) -> float:
    """Bring tokens to workers by chance, each with a cache of its own, on a clock that we move."""
    from redis import Redis  # noqa: PLC0415 - an extra

    chance = random.Random(1)  # noqa: S311 - users, not secrets
    shares = list(accumulate(1 / rank for rank in range(1, users + 1)))
    key = SigningKey.generate("HS256")
    now = 0.0
    with valkey() as port, Redis(port=port) as client:
        settings = {"STORAGE_URI": f"valkey://127.0.0.1:{port}", "REVOCATION_DELAY": 1}
        apps = [ours.make_app(KEY=key.text, **settings) for _ in range(workers)]
        for app in apps:
            with app.app_context():
                # It knows the epochs before the others issue.
                ours.issue()
            app.extensions["tokenguard"].revocation._since_start = lambda: now  # noqa: SLF001 - ours
        verifiers = [app.extensions["tokenguard"].verifier for app in apps]
        issuer, tokens = ours.make_app(KEY=key.text), dict[int, str]()

        def serve(requests: int) -> None:
            nonlocal now
            for user in chance.choices(range(users), cum_weights=shares, k=requests):
                now += 1 / DELAYED_RATE
                if user not in tokens:
                    with issuer.app_context():
                        tokens[user] = ours.issue(str(user))
                chance.choice(verifiers).verify(tokens[user])

        serve(count - count // 2)
        return trips_of(client, lambda: serve(count // 2)) / (count // 2)


@contextmanager
def on_valkey() -> Iterator[tuple[str, Watch] | None]:
    """Start a Valkey, if there is one."""
    if not has_valkey():
        yield None
        return
    from redis import Redis  # noqa: PLC0415 - an extra

    with valkey() as port, Redis(port=port) as client:
        yield f"valkey://127.0.0.1:{port}", OfValkey(client)


@contextmanager
def on_postgresql() -> Iterator[tuple[str, Watch] | None]:
    """Start a PostgreSQL, if there is one."""
    with ExitStack() as opened:
        uri = opened.enter_context(postgresql())
        if uri is None:
            yield None
            return
        from sqlalchemy import NullPool, create_engine  # noqa: PLC0415 - an extra

        engine = create_engine(uri, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        yield uri, OfDatabase(opened.enter_context(engine.connect()))


if __name__ == "__main__":
    main()
