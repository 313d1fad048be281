"""What it costs that there are very many: ids that were revoked, and sessions.

Each store is filled at four sizes, the largest of which is a thousand times the smallest, and all
four are asked in the same rounds. A token that is looked up was not revoked, as most are; a session
that is refreshed is any of those that are there; what is pruned is a tenth beside what is kept.
"""

import hashlib
import random
import secrets
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from itertools import islice
from operator import sub
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from flask_tokenguard.stores.base import RefreshState, Store
from flask_tokenguard.stores.sqlite.store import SqliteStore

from .contenders import (
    Batch,
    Prepare,
    Round,
    Size,
    cpu_seconds,
    each,
    has_valkey,
    microseconds,
    postgresql,
    ratio_of,
    settle,
    take_turns,
    valkey,
    wall_seconds,
)
from .report import Comparison, Row, Spread, Table, run
from .stores import used_memory

MUST_GROWTH, REACH_GROWTH = 2.0, 1.3
_TENTH = 10
_LONG_AGO, _EXPIRES = 1, int(time.time()) + 30 * 86_400
_AT_ONCE = 10_000


class Load(NamedTuple):
    """How much is measured, how many there are at most, and of which parts of that."""

    size: Size
    revoked: int
    sessions: int
    on_server: int
    shares: tuple[int, ...]


FULL = Load(Size(rounds=40, batch=50), 10_000_000, 1_000_000, 1_000_000, shares=(1000, 100, 10, 1))
SHORT = Load(Size(rounds=3, batch=5), 1_000, 1_000, 1_000, shares=(10, 1))


class Filled(NamedTuple):
    """A store that was filled.

    Attributes:
        store: The store.
        sessions: How many there are, named by `session`.
        old: How many ids expired long ago.
        octets: What the ids take, and what the sessions.
    """

    store: Store
    sessions: int
    old: int
    octets: tuple[int, int]


class Kind(ABC):
    """A kind of store; what it opens is closed at the end.

    Attributes:
        name: What it is called.
        must, reach: What a look-up must keep and reach for as the store grows.
        seconds: Times look-ups.
    """

    name: str
    must: float | None = MUST_GROWTH
    reach: float | None = REACH_GROWTH
    seconds: Callable[[Batch], float] = staticmethod(wall_seconds)

    def __init__(self, opened: ExitStack) -> None:
        self._opened = opened

    @abstractmethod
    def fill(self, revoked: int, sessions: int) -> Filled:
        """Fill a store of its own."""


class InFile(Kind):
    """A file, filled in no order, as it is by and by."""

    name = "SQLite"
    seconds = staticmethod(cpu_seconds)

    def fill(self, revoked: int, sessions: int) -> Filled:
        """Make a file."""
        folder = self._opened.enter_context(TemporaryDirectory())
        file = Path(folder, "store.db")
        store = SqliteStore(file, timeout=60)
        store.check()
        old = revoked // _TENTH
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -4000000"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            for named, count, expires in (("", revoked, _EXPIRES), ("old ", old, _LONG_AGO)):
                connection.executemany(
                    "INSERT INTO revoked VALUES (?, ?)",
                    ((digest(f"{named}{number}"), expires) for number in range(count)),
                )
            connection.execute("COMMIT")
            of_ids = file.stat().st_size
            connection.execute("BEGIN")
            connection.executemany(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, '', NULL, NULL, 1, 1, ?, '')",
                ((*[session(number)] * 3, *[_EXPIRES] * 2) for number in range(sessions)),
            )
            connection.execute("COMMIT")
        return Filled(store, sessions, old, (of_ids, file.stat().st_size - of_ids))


class InDatabase(Kind):
    """A PostgreSQL, with tables for each size."""

    name = "PostgreSQL"

    def __init__(self, opened: ExitStack, uri: str) -> None:
        super().__init__(opened)
        self._uri = uri

    def fill(self, revoked: int, sessions: int) -> Filled:
        """Make tables."""
        from sqlalchemy import NullPool, create_engine  # noqa: PLC0415 - an extra

        from flask_tokenguard.stores import SQLStore  # noqa: PLC0415 - needs the extra

        prefix = f"of_{revoked}_"
        store = SQLStore(self._uri, prefix=prefix, timeout=60)
        store.next_instant(bytes(16))
        old = revoked // _TENTH
        self._opened.callback(store.engine.dispose)
        numbers = "FROM generate_series(0, %(last)s) AS number"
        named = "decode(md5('session ' || number), 'hex')"
        unused = "%(expires)s, '', NULL, NULL, 1, 1, %(expires)s, ''"
        statements = [
            ("revoked SELECT decode(md5(number::text), 'hex'), %(expires)s", revoked),
            ("revoked SELECT decode(md5('old ' || number), 'hex'), 1", old),
            (f"subjects SELECT {named}, 1, NULL, %(expires)s", sessions),
            (f"sessions SELECT {named}, {named}, {named}, {unused}", sessions),
        ]
        # Not by the store's own engine, whose statements have to end in time.
        engine = create_engine(self._uri, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement, count in statements:
                given = {"expires": _EXPIRES, "last": count - 1}
                connection.exec_driver_sql(f"INSERT INTO {prefix}{statement} {numbers}", given)
            connection.exec_driver_sql("VACUUM ANALYZE")
            found = connection.exec_driver_sql(
                "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
                " WHERE relkind = 'r' AND starts_with(relname, %(prefix)s)",
                {"prefix": prefix},
            ).all()
        octets = {name.removeprefix(prefix): size for name, size in found}
        of_sessions = octets["sessions"] + octets["subjects"]
        return Filled(store, sessions, old, (octets["revoked"], of_sessions))


class OnServer(Kind):
    """Valkeys, one for each size, which drop by themselves what expires."""

    name = "Valkey"
    must = reach = None

    def fill(self, revoked: int, sessions: int) -> Filled:
        """Start a server, and run the store's own scripts there."""
        from redis import Redis  # noqa: PLC0415 - an extra

        from flask_tokenguard.stores.redis import scripts  # noqa: PLC0415 - needs the extra
        from flask_tokenguard.stores.redis.store import RedisStore  # noqa: PLC0415 - as above

        port = self._opened.enter_context(valkey())
        client = self._opened.enter_context(Redis(port=port))
        store = RedisStore(f"redis://127.0.0.1:{port}", timeout=60)
        store.next_instant(bytes(16))
        used = [used_memory(client)]
        tags = scripts.tags("tokenguard:")

        def revoke(number: int) -> tuple[Any, ...]:
            jti = digest(str(number))
            return 1, tags[jti[0]].revoked + jti, _EXPIRES

        def start(number: int) -> tuple[Any, ...]:
            one = session(number)
            keys = tags[one[0]].of_session(one, one)
            return len(keys), *keys, one, one, one, _EXPIRES, "", _EXPIRES, ""

        for script, arguments, count in (
            (scripts.REVOKE, revoke, revoked),
            (scripts.START_SESSION, start, sessions),
        ):
            client.script_load(script.text)
            numbers = iter(range(count))
            while some := list(islice(numbers, _AT_ONCE)):
                pipeline = client.pipeline(transaction=False)
                for number in some:
                    pipeline.evalsha(script.sha, *arguments(number))
                pipeline.execute()
            used.append(used_memory(client))
        return Filled(store, sessions, 0, (used[1] - used[0], used[2] - used[1]))


def main() -> None:
    """Print rows for each kind of store that is here."""
    run(__doc__, measure, full=FULL, short=SHORT)


def measure(load: Load) -> Iterator[Table]:
    """Measure one kind after the other."""
    settle()
    times: list[Row] = []
    sizes: list[Row] = []
    with postgresql() as uri:
        kinds: list[Callable[[ExitStack], Kind]] = [InFile]
        if uri is not None:
            kinds.append(lambda opened: InDatabase(opened, uri))
        if has_valkey():
            kinds.append(OnServer)
        for make in kinds:
            with ExitStack() as opened:
                of_kind, kept = measure_kind(make(opened), load)
            times += of_kind
            sizes += kept
    title = (
        f"Very many: {load.revoked:,} revoked ids and {load.sessions:,} sessions"
        f" ({load.on_server:,} of each on Valkey), and parts of that; {load.size.rounds} rounds of"
        f" {load.size.batch}, microseconds each"
    )
    yield Table("many", title, "microseconds", times)
    yield Table("many-size", "What all that takes", "MiB", sizes)


def measure_kind(kind: Kind, load: Load) -> tuple[list[Row], list[Row]]:
    """Fill it at each size; return what takes how long, and how much it keeps."""
    is_server, size = isinstance(kind, OnServer), load.size
    most = (load.on_server, load.on_server) if is_server else (load.revoked, load.sessions)
    filled = {label(share): kind.fill(*(each // share for each in most)) for share in load.shares}
    kept = [
        Row(
            f"{kind.name} {what}",
            {name: Spread.exactly(one.octets[number] / 2**20) for name, one in filled.items()},
        )
        for number, what in enumerate(("revoked ids", "sessions"))
    ]
    pruned = [] if is_server else prunings(kind, filled)
    looked_up = take_turns(
        {name: each(asking(one.store), new_ids(), size.batch) for name, one in filled.items()},
        size.rounds,
        seconds=kind.seconds,
    )
    refreshed = take_turns(
        {name: refreshing(one, size.batch) for name, one in filled.items()},
        size.rounds,
        seconds=wall_seconds,
    )
    rows = [
        grown(f"{kind.name} look-up", looked_up, size, must=kind.must, reach=kind.reach),
        grown(f"{kind.name} rotation", refreshed, size),
    ]
    return [*rows, *pruned], kept


def grown(
    name: str,
    rounds: list[Round],
    size: Size,
    *,
    must: float | None = None,
    reach: float | None = None,
) -> Row:
    """Write what it takes at each size, and how much more the largest takes than the smallest."""
    figures = {share: microseconds(rounds, share, size.batch) for share in rounds[0]}
    least, *_, most = figures
    growth = ratio_of(rounds, most, least)
    return Row(name, figures, [Comparison(least, growth, "ratio", must, reach)])


def prunings(kind: Kind, filled: Mapping[str, Filled]) -> list[Row]:
    """Drop what expired, once; say how long a writer may have to wait, where that is seen."""
    each, longest = {}, {}
    for name, one in filled.items():
        steps = [time.perf_counter()]
        dropped = one.store.prune(lambda *_, steps=steps: steps.append(time.perf_counter()))
        assert dropped == one.old
        each[name] = Spread.exactly((steps[-1] - steps[0]) / dropped * 1e6)
        longest[name] = Spread.exactly(max(map(sub, steps[1:], steps)) * 1e6)
    rows = [Row(f"{kind.name} pruning, an entry that expired", each)]
    if isinstance(kind, InFile):
        rows.append(Row(f"{kind.name} pruning, the longest step", longest))
    return rows


def asking(store: Store) -> Callable[[tuple[bytes, bytes, bytes]], object]:
    """Ask a store about a token."""
    return lambda ids: store.standing(*ids)


def new_ids() -> Iterator[tuple[bytes, bytes, bytes]]:
    """Make the ids of a token, its session and its subject, over and over."""
    while True:
        subject = secrets.token_bytes(16)
        yield secrets.token_bytes(16), subject[:1] + secrets.token_bytes(15), subject


def refreshing(filled: Filled, batch: int) -> Prepare:
    """Make batches of refreshes, each of a session of any age."""
    store, chance = filled.store, random.Random(1)  # noqa: S311 - sessions, not secrets
    unspent: dict[bytes, bytes] = {}

    def prepare() -> Batch:
        chosen = map(session, chance.sample(range(filled.sessions), batch))
        moves = [(one, unspent.get(one, one), secrets.token_bytes(16)) for one in chosen]
        unspent.update((one, successor) for one, _, successor in moves)

        def run_batch() -> None:
            for one, presented, successor in moves:
                state = RefreshState(successor, _EXPIRES, "")
                moved = store.advance(
                    one, one, presented, state, grace=0, access_expires=_EXPIRES, origin=""
                )
                assert moved.outcome == "advanced"

        return run_batch

    return prepare


def digest(named: str) -> bytes:
    """Make an id, as PostgreSQL can do too."""
    return hashlib.md5(named.encode(), usedforsecurity=False).digest()


def session(number: int) -> bytes:
    """Name a session, its subject and its first refresh token."""
    return digest(f"session {number}")


def label(share: int) -> str:
    """Name a size."""
    return f"1/{share}" if share > 1 else "whole"


if __name__ == "__main__":
    main()
