"""What a store keeps for one revoked token, in bytes: a file on the disk, a server in memory.

And what it costs a request to ask it whether its token was revoked, the same token again, which is
a part of `benchmarks.request`.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from redis import Redis

from .contenders import (
    BARE,
    JWT_EXTENDED,
    OURS,
    Prepare,
    Round,
    Size,
    added,
    compare_added,
    has_valkey,
    microseconds,
    postgresql,
    repeated,
    requests,
    take_turns,
    valkey,
)
from .peers import bare, jwt_extended, ours
from .peers.note import SUBJECT
from .peers.signing_keys import SigningKey
from .report import Comparison, Row, Spread, Table, run

WITHOUT, SERVER = "ours without a store", "the server itself"
DELAYED, BLOCKLIST = "ours, delay 1 s", "flask-jwt-extended with its Redis blocklist"
# What waits for another process finds less of its code hot when it goes on, so that a GET in a
# request costs more than one of many in a row.
WITH_GET, GET = "ours without a store and a GET", "a GET in a row"
SQLITE_BOUNDS = (1 / 6, 1 / 12)
SERVER_BOUNDS = (0.76, 0.7)
DELAYED_BOUNDS = (1.12, 1.04)
BLOCKLIST_BOUNDS = {"HS256": (1 / 24, 1 / 30), "RS256": (1 / 30, 1 / 38)}
DATABASE_BOUNDS = (1 / 2.5, 1 / 4)
FULL, SHORT = 20_000, 200
EXPIRES = 2**40
_FILL = """
WITH RECURSIVE numbers (number) AS (
    SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?
)
INSERT INTO revoked SELECT randomblob(16), ? FROM numbers
"""


def revocation_on(keys: Sequence[SigningKey], size: Size, revoked: int) -> Iterator[Table]:
    """Measure with each kind of store that is here."""
    how = f"{size.rounds} rounds of {size.batch} requests, CPU microseconds a request"
    with TemporaryDirectory() as folder:
        row = with_sqlite(keys[-1], size, Path(folder, "store.db"), revoked)
    title = f"Revocation on, {revoked:,} ids revoked, the same token again: {how}"
    yield Table("revocation-sqlite", title, "microseconds", [row])
    title = f"Revocation on, a server on loopback, the same token again: {how}"
    if not has_valkey():
        notes = ["Valkey is not installed."]
        yield Table("revocation-server", title, "microseconds", [], notes)
    else:
        rows = [with_server(key, size) for key in keys]
        rows += [row for key in keys for row in with_database(key, size, revoked)]
        yield Table("revocation-server", title, "microseconds", rows)


def fill(path: Path, revoked: int) -> None:
    """Revoke ids that no token has, at once: each by itself waits for the disk."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_FILL, (revoked, int(time.time()) + 3600))


def fill_database(store: Any, count: int) -> None:
    """Revoke ids that no token has, at once."""
    store.next_instant(bytes(16))
    with store.engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO tokenguard_revoked SELECT decode(md5(number::text), 'hex'), %(expires)s"
            " FROM generate_series(1, %(count)s) AS number",
            {"count": count, "expires": EXPIRES},
        )
        connection.exec_driver_sql("ANALYZE")


def with_sqlite(key: SigningKey, size: Size, path: Path, revoked: int) -> Row:
    """Compare an app that asks a file with flask-jwt-extended without any blocklist."""
    app = ours.make_app(KEY=key.text, STORAGE_URI=f"sqlite:///{path}")
    fill(path, revoked)
    candidates = {
        BARE: (bare.make_app(), ""),
        OURS: (app, issued_by(app)),
        WITHOUT: without_store(key),
        JWT_EXTENDED: (jwt_extended.make_app(key), jwt_extended.tokens(key, [SUBJECT])[0]),
    }
    rounds = take_turns(serving(candidates, size), size.rounds)
    comparisons = [
        compare_added(
            rounds, OURS, JWT_EXTENDED, must=SQLITE_BOUNDS[0], reach=SQLITE_BOUNDS[1]
        )._replace(against="flask-jwt-extended's added cost, without a blocklist"),
        compare_added(rounds, OURS, WITHOUT, form="ratio"),
    ]
    return Row(f"{key.alg} SQLite", figures(rounds, size), comparisons)


def with_server(key: SigningKey, size: Size) -> Row:
    """Compare what asking Valkey adds to a request with what a GET adds, by the same library."""
    with valkey() as port, Redis(port=port) as client:
        uri = f"valkey://127.0.0.1:{port}"
        app = ours.make_app(KEY=key.text, STORAGE_URI=uri)
        delayed = ours.make_app(KEY=key.text, STORAGE_URI=uri, REVOCATION_DELAY=1)
        candidates = {
            BARE: (bare.make_app(), ""),
            OURS: (app, issued_by(app)),
            DELAYED: (delayed, issued_by(delayed)),
            BLOCKLIST: (
                jwt_extended.make_app(key, client),
                jwt_extended.tokens(key, [SUBJECT])[0],
            ),
            WITHOUT: without_store(key),
            WITH_GET: with_get(*without_store(key), client),
        }
        rounds = take_turns(
            {**serving(candidates, size), GET: repeated(lambda: client.get("absent"), size.batch)},
            size.rounds,
        )
        own = server_microseconds(client, serving(candidates, size)[OURS], size)
    dearer = Spread.of(
        (times[OURS] - times[WITHOUT]) / (times[WITH_GET] - times[WITHOUT]) for times in rounds
    )
    comparison = Comparison("what a GET adds", dearer, "ratio", *SERVER_BOUNDS)
    asking = {GET: microseconds(rounds, GET, size.batch), SERVER: own}
    in_a_row = Spread.of((times[OURS] - times[WITHOUT]) / times[GET] for times in rounds)
    comparisons = [
        comparison,
        Comparison(GET, in_a_row, "ratio"),
        compare_added(rounds, DELAYED, WITHOUT, form="ratio")._replace(
            against="without a store, delay 1 s", must=DELAYED_BOUNDS[0], reach=DELAYED_BOUNDS[1]
        ),
        compare_added(rounds, DELAYED, BLOCKLIST)._replace(
            against=f"{BLOCKLIST}, delay 1 s",
            must=BLOCKLIST_BOUNDS[key.alg][0],
            reach=BLOCKLIST_BOUNDS[key.alg][1],
        ),
    ]
    return Row(f"{key.alg} Valkey", {**figures(rounds, size), **asking}, comparisons)


def with_database(key: SigningKey, size: Size, revoked: int) -> Iterator[Row]:
    """Compare an app that asks PostgreSQL with flask-jwt-extended's blocklist in a table of it."""
    with postgresql() as uri:
        if uri is None:
            return
        app = ours.make_app(KEY=key.text, STORAGE_URI=uri, STORAGE_TIMEOUT=10)
        fill_database(app.extensions["tokenguard"].store, revoked)
        other = jwt_extended.with_blocklist(jwt_extended.make_app(key), uri, revoked)
        candidates = {
            BARE: (bare.make_app(), ""),
            OURS: (app, issued_by(app)),
            WITHOUT: without_store(key),
            JWT_EXTENDED: (other, jwt_extended.tokens(key, [SUBJECT])[0]),
        }
        rounds = take_turns(serving(candidates, size), size.rounds)
        with other.app_context():
            other.extensions["sqlalchemy"].engine.dispose()
    must, reach = DATABASE_BOUNDS
    added_cost = compare_added(rounds, OURS, JWT_EXTENDED, must=must, reach=reach)
    comparison = added_cost._replace(
        against="flask-jwt-extended's added cost, with its database blocklist"
    )
    yield Row(f"{key.alg} PostgreSQL", figures(rounds, size), [comparison])


def server_microseconds(client: Redis, prepare: Prepare, size: Size) -> Spread:
    """Return how much of its own CPU time the server needs for a request's look-up."""

    def spent() -> float:
        counted: Any = client.info("cpu")
        return float(counted["used_cpu_user"] + counted["used_cpu_sys"])

    needed = []
    for _ in range(size.rounds):
        batch, before = prepare(), spent()
        batch()
        needed.append((spent() - before) / size.batch * 1e6)
    return Spread.of(needed)


def without_store(key: SigningKey) -> tuple[Flask, str]:
    """Make an app of ours that asks nobody, and its token."""
    app = ours.make_app(KEY=key.text)
    return app, issued_by(app)


def with_get(app: Flask, token: str, client: Redis) -> tuple[Flask, str]:
    """Let an app ask the server for a key that is not there, before its view runs."""

    @app.before_request
    def get() -> None:
        client.get("absent")

    return app, token


def issued_by(app: Flask) -> str:
    """Issue a token that the app's store has begun before."""
    with app.app_context():
        return ours.issue()


def serving(candidates: dict[str, tuple[Flask, str]], size: Size) -> dict[str, Prepare]:
    """Bring each app its token over and over."""
    return {
        name: requests(app, cycle([token]), size.batch) for name, (app, token) in candidates.items()
    }


def figures(rounds: list[Round], size: Size) -> dict[str, Spread]:
    """Write what each app adds to a bare request."""
    whole = {BARE: microseconds(rounds, BARE, size.batch)}
    names = [name for name in rounds[0] if name not in (BARE, GET)]
    return whole | {f"{name} adds": added(rounds, name, size.batch) for name in names}


def main() -> None:
    """Print a row for each kind of store that is here."""
    run(__doc__, measure, full=FULL, short=SHORT)


def measure(revoked: int) -> Iterator[Table]:
    """Revoke, and see by how much it grew."""
    rows = [row("SQLite", bytes_in_file(revoked))]
    if has_valkey():
        rows.append(row("Valkey", bytes_in_server(revoked)))
    with postgresql() as uri:
        if uri is not None:
            rows.append(row("PostgreSQL", bytes_in_database(uri, revoked)))
    yield Table("store-size", f"Bytes for a revoked token: {revoked:,} tokens", "bytes", rows)


def row(name: str, kept: float) -> Row:
    """Write one figure, which does not spread."""
    return Row(f"{name} revoked", {"bytes": Spread.exactly(kept)})


def bytes_in_file(revoked: int) -> float:
    """Fill a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "store.db")
        app_with_store(f"sqlite:///{path}")
        before = file_size(path)
        fill(path, revoked)
        return (file_size(path) - before) / revoked


def file_size(path: Path) -> int:
    """Fold the write ahead log into the file, and measure that."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def bytes_in_server(revoked: int) -> float:
    """Revoke through the store, whose entries expire by themselves."""
    with valkey() as port, Redis(port=port) as client:
        own = app_with_store(f"valkey://127.0.0.1:{port}").revocation
        expires = int(time.time()) + 3600
        own.revoke_id("first", subject="user", expires=expires)
        before = used_memory(client)
        for number in range(revoked):
            own.revoke_id(f"token-{number}", subject=f"user-{number}", expires=expires)
        return (used_memory(client) - before) / revoked


def bytes_in_database(uri: str, revoked: int) -> float:
    """Fill a table, and measure it with its indexes."""
    from flask_tokenguard.stores import SQLStore  # noqa: PLC0415 - needs the extra

    store = SQLStore(uri, timeout=10)
    fill_database(store, revoked)
    with store.engine.connect() as connection:
        size = connection.exec_driver_sql("SELECT pg_total_relation_size('tokenguard_revoked')")
        octets = int(size.scalar_one())
    store.engine.dispose()
    return octets / revoked


def used_memory(client: Redis) -> int:
    """Ask the server how much it has allocated."""
    counted: Any = client.info("memory")
    return int(counted["used_memory"])


def app_with_store(uri: str) -> Any:
    """Make an app's parts, whose store has begun."""
    app = ours.make_app(KEY=SigningKey.generate("HS256").text, STORAGE_URI=uri)
    with app.app_context():
        ours.issue()
    return app.extensions["tokenguard"]


if __name__ == "__main__":
    main()
