"""What it costs to ask whether a token was revoked, with many that were, against the bare least.

The least is a plain SELECT of one id by its primary key on the same SQLite file, which is what
nobody can save; on a Valkey a GET of one, on a PostgreSQL such a SELECT. SQLAlchemy Core asks the
same three questions of the same file as its tutorial has it: an engine, a connection from its pool
for each request, `select`. A token that is looked up was not revoked, as most are, and no id is
looked up twice.
"""

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from itertools import islice, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeAlias

from sqlalchemy import Column, Integer, LargeBinary, MetaData, create_engine, select
from sqlalchemy import Table as SqlTable

from flask_tokenguard.issue import ids
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.sessions.revocation import REVOCATION_HORIZON, Revocation
from flask_tokenguard.stores.base import Store
from flask_tokenguard.stores.sqlite.store import SqliteStore
from flask_tokenguard.verify.claims import Claims, VerifiedToken

from .contenders import (
    Round,
    Size,
    each,
    has_valkey,
    microseconds,
    postgresql,
    ratio_of,
    settle,
    take_turns,
    trips_of,
    valkey,
    wall_seconds,
)
from .report import Comparison, Row, Spread, Table, run
from .stores import EXPIRES, fill_database

MUST_BARE, MUST_SQLALCHEMY, MUST_GROWTH, MUST_OCTETS = 1.6, 1 / 25, 3.0, 60.0
MUST_TRIPS, MUST_SELECT, REACH_SELECT = 1.0, 1.25, 1.08
_SELECT = "SELECT expires FROM tokenguard_revoked WHERE id = %(id)s"
_HEADER = Header("HS256", None, "at+jwt", {})
_METADATA = MetaData()
_REVOKED = SqlTable("revoked", _METADATA, Column("id", LargeBinary), Column("expires", Integer))
_SUBJECTS = SqlTable("subjects", _METADATA, Column("id", LargeBinary), Column("ended_at", Integer))

Ask: TypeAlias = Callable[["Asked"], object]


class Asked(NamedTuple):
    """A token that is looked up: its three ids, and what the rule gets."""

    jti: bytes
    session: bytes
    subject: bytes
    token: VerifiedToken


class Load(NamedTuple):
    """How much is measured, on how many revoked ids."""

    size: Size
    counts: tuple[int, ...]


FULL = Load(Size(rounds=80, batch=100), counts=(1_000, 100_000, 1_000_000))
SHORT = Load(Size(rounds=3, batch=5), counts=(1_000, 2_000, 3_000))


def main() -> None:
    """Print a row for each number of revoked ids, then growth, and a server's row."""
    run(__doc__, measure, full=FULL, short=SHORT, packages=("SQLAlchemy", "redis"))


def measure(load: Load) -> Iterator[Table]:
    """Measure a file, then a server."""
    size, counts = load
    with TemporaryDirectory() as folder:
        files = {count: make_file(Path(folder, f"{count}.db"), count) for count in counts}
        settle()
        rounds = compare(files, size)
        rows = [
            row(f"{count:,} revoked", of_count(rounds, count), size, file.stat().st_size / count)
            for count, file in files.items()
        ]
    growth = ratio_of(rounds, f"{counts[-1]} ours", f"{counts[0]} ours")
    comparison = Comparison(f"{counts[0]:,} revoked", growth, "ratio", MUST_GROWTH)
    rows.append(Row(f"from {counts[0]:,} to {counts[-1]:,}", {}, [comparison]))
    title = (
        f"A look-up in SQLite {sqlite3.sqlite_version}: {size.rounds} rounds of {size.batch}"
        " tokens, CPU microseconds a token"
    )
    yield Table("look-up", title, "microseconds", rows)
    yield on_servers(size)


def make_file(file: Path, count: int) -> Path:
    """Revoke many ids, one after the other as far as the file can tell."""
    store = SqliteStore(file)
    store.check()
    last = b""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for last in islice(iter(partial(secrets.token_bytes, 16), b""), count):
            connection.execute("INSERT INTO revoked VALUES (?, ?)", (last, EXPIRES))
        connection.execute("COMMIT")
    assert store.standing(last, None, last).is_revoked
    return file


def tokens() -> Iterator[Asked]:
    """Make tokens, each of a subject and a session of its own."""
    for subject in map(secrets.token_urlsafe, repeat(16)):
        now = int(time.time())
        owner = ids.subject_id(None, subject)
        session = ids.new_session(owner)
        jti = ids.to_text(ids.new_jti((now + 60) * 1000))
        claims = Claims(sub=subject, jti=jti, sid=ids.to_text(session), iat=now + 60)
        yield Asked(ids.token_id(None, jti), session, owner, VerifiedToken(_HEADER, claims))


def compare(files: dict[int, Path], size: Size) -> list[Round]:
    """Time all files and all who ask in the same rounds."""
    asked = tokens()
    with ExitStack() as opened:
        return take_turns(
            {
                f"{count} {name}": each(ask, asked, size.batch)
                for count, file in files.items()
                for name, ask in candidates(file, opened).items()
            },
            size.rounds,
        )


def candidates(file: Path, opened: ExitStack) -> dict[str, Ask]:
    """Make those who ask; what they open is closed at the end."""
    store = SqliteStore(file)
    return {
        "bare": bare(file, opened),
        "ours": standing(store),
        "rule": rule(store),
        "SQLAlchemy": sqlalchemy_core(file, opened),
    }


def bare(file: Path, opened: ExitStack) -> Ask:
    """Select one id."""
    connection = opened.enter_context(closing(sqlite3.connect(file)))

    def ask(asked: Asked) -> object:
        return connection.execute(
            "SELECT expires FROM revoked WHERE id = ?", (asked.jti,)
        ).fetchone()

    return ask


def standing(store: Store) -> Ask:
    """Ask a store."""
    return lambda asked: store.standing(asked.jti, asked.session, asked.subject)


def rule(store: Store) -> Ask:
    """Do all that a request does about it: hash the ids, ask, and judge."""
    revocation = Revocation(
        store,
        longest_lifetime=REVOCATION_HORIZON,
        leeway=timedelta(0),
        clock=time.time,
    )
    return lambda asked: revocation.check(asked.token)


def sqlalchemy_core(file: Path, opened: ExitStack) -> Ask:
    """Ask whether jti and session were revoked, and since when the subject's tokens are ended."""
    engine = create_engine(f"sqlite:///{file}")
    opened.callback(engine.dispose)

    def ask(asked: Asked) -> object:
        with engine.connect() as connection:
            return (
                connection.execute(
                    select(_REVOKED.c.expires).where(_REVOKED.c.id == asked.jti)
                ).first(),
                connection.execute(
                    select(_REVOKED.c.expires).where(_REVOKED.c.id == asked.session)
                ).first(),
                connection.execute(
                    select(_SUBJECTS.c.ended_at).where(_SUBJECTS.c.id == asked.subject)
                ).first(),
            )

    return ask


def of_count(rounds: list[Round], count: int) -> list[Round]:
    """Pick the times on one file."""
    begin = f"{count} "
    return [
        {name.removeprefix(begin): time for name, time in times.items() if name.startswith(begin)}
        for times in rounds
    ]


def row(name: str, rounds: list[Round], size: Size, octets: float) -> Row:
    """Write what each needs, and hold ours against the others."""
    named = {"bare": "bare SELECT", "ours": "ours", "rule": "the whole rule"}
    figures = {named.get(one, one): microseconds(rounds, one, size.batch) for one in rounds[0]}
    comparisons = [
        Comparison("a bare SELECT", ratio_of(rounds, "ours", "bare"), "ratio", MUST_BARE),
        Comparison(
            "SQLAlchemy", ratio_of(rounds, "ours", "SQLAlchemy"), "fraction", MUST_SQLALCHEMY
        ),
        Comparison("a bare SELECT, the whole rule", ratio_of(rounds, "rule", "bare"), "ratio"),
        Comparison("its size in the file", Spread.exactly(octets), "bytes", MUST_OCTETS),
    ]
    return Row(name, figures, comparisons)


def on_servers(size: Size) -> Table:
    """Compare a look-up with a GET and with a SELECT, or say that there is nothing to measure."""
    title = (
        f"A look-up on a server: {size.rounds} rounds of {size.batch} tokens, microseconds a token"
        " by the clock on the wall"
    )
    if not has_valkey():
        return Table("look-up-server", title, "microseconds", [], ["Valkey is not installed."])
    from redis import Redis  # noqa: PLC0415 - an extra

    from flask_tokenguard.stores.redis.store import RedisStore  # noqa: PLC0415 - needs the extra

    with valkey() as port, Redis(port=port, protocol=2) as client:
        store = RedisStore(f"redis://127.0.0.1:{port}")
        candidates = {
            "a GET": each(lambda asked: client.get(asked.jti), tokens(), size.batch),
            "ours": each(standing(store), tokens(), size.batch),
        }
        rounds = take_turns(candidates, size.rounds, seconds=wall_seconds)
        trips = trips_of(client, candidates["ours"]()) / size.batch
    ratio = ratio_of(rounds, "ours", "a GET")
    comparisons = [
        Comparison("a GET", ratio, "ratio"),
        Comparison("round trips a token", Spread.exactly(trips), "ratio", MUST_TRIPS),
    ]
    figures = {name: microseconds(rounds, name, size.batch) for name in candidates}
    rows = [Row("Valkey", figures, comparisons), *in_postgresql(size)]
    return Table("look-up-server", title, "microseconds", rows)


def in_postgresql(size: Size) -> Iterator[Row]:
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

        def select_one(asked: Asked) -> object:
            with engine.connect() as connection:
                return connection.exec_driver_sql(_SELECT, {"id": asked.jti}).first()

        candidates = {
            "a bare SELECT": each(select_one, tokens(), size.batch),
            "ours": each(standing(store), tokens(), size.batch),
        }
        rounds = take_turns(candidates, size.rounds, seconds=wall_seconds)
        engine.dispose()
    ratio = ratio_of(rounds, "ours", "a bare SELECT")
    figures = {name: microseconds(rounds, name, size.batch) for name in candidates}
    comparison = Comparison("a bare SELECT", ratio, "ratio", MUST_SELECT, REACH_SELECT)
    yield Row("PostgreSQL", figures, [comparison])


if __name__ == "__main__":
    main()
