"""What it costs to ask a store whether a token was revoked, the same token again."""

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

from . import revocation_server
from .contenders import BARE, JWT_EXTENDED, OURS, added, compare_added
from .pairing import Prepare, Round, Size, Spread, take_turns
from .peers import bare, jwt_extended, ours
from .peers.note import SUBJECT
from .report import Comparison, Row, Table
from .serving import requests
from .signing_keys import SigningKey

WITHOUT, SERVER = "ours without a store", "the server itself"
DELAYED, BLOCKLIST = "ours, delay 1 s", "flask-jwt-extended with its Redis blocklist"
# Whoever waits for another process finds less of his code hot when he goes on, so that a GET in a
# request costs more than one of many in a row.
WITH_GET, GET = "ours without a store and a GET", "a GET in a row"
SQLITE_BOUNDS = (1 / 6, 1 / 12)
SERVER_BOUNDS = (0.76, 0.7)
DELAYED_BOUNDS = (1.12, 1.04)
BLOCKLIST_BOUNDS = {"HS256": (1 / 24, 1 / 30), "RS256": (1 / 30, 1 / 38)}
DATABASE_BOUNDS = (1 / 2.5, 1 / 4)
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
    if not revocation_server.is_here():
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
    with revocation_server.server() as port, Redis(port=port) as client:
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
            {**serving(candidates, size), GET: gets(client, size.batch)}, size.rounds
        )
        own = server_microseconds(client, serving(candidates, size)[OURS], size)
    dearer = Spread.of(
        (times[OURS] - times[WITHOUT]) / (times[WITH_GET] - times[WITHOUT]) for times in rounds
    )
    comparison = Comparison("what a GET adds", dearer, "ratio", *SERVER_BOUNDS)
    asking = {GET: Spread.of(times[GET] / size.batch * 1e6 for times in rounds), SERVER: own}
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
    with revocation_server.postgresql() as uri:
        if uri is None:
            return
        app = ours.make_app(KEY=key.text, STORAGE_URI=uri, STORAGE_TIMEOUT=10)
        revocation_server.fill_database(app.extensions["tokenguard"].store, revoked)
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
    """Say how much of its own CPU time the server needs for a request's look-up."""

    def spent() -> float:
        told: Any = client.info("cpu")
        return float(told["used_cpu_user"] + told["used_cpu_sys"])

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


def gets(client: Redis, batch: int) -> Prepare:
    """Make batches of GETs of a key that is not there."""

    def run() -> None:
        for _ in range(batch):
            client.get("absent")

    return lambda: run


def figures(rounds: list[Round], size: Size) -> dict[str, Spread]:
    """Write what each app adds to a bare request."""
    whole = {BARE: Spread.of(times[BARE] / size.batch * 1e6 for times in rounds)}
    names = [name for name in rounds[0] if name not in (BARE, GET)]
    return whole | {f"{name} adds": added(rounds, name, size.batch) for name in names}
