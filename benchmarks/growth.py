"""What it costs to be there, and whether a request costs the same however much there is.

Of a token that is remembered its memory; of a process its start: each is a new one, which imports
an app, serves one request and ends. Then keys, users, issuers: each pair of apps differs in one
number alone, and what a request adds to a bare one must be the same within a fifth.
"""

import gc
import os
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from flask import Flask

from .contenders import (
    BARE,
    OURS,
    Size,
    added,
    compare_added,
    microseconds,
    requests,
    settle,
    take_turns,
)
from .peers import bare, jwt_extended, ours
from .peers.note import SUBJECT
from .peers.signing_keys import SigningKey
from .report import Comparison, Row, Spread, Table, run

MUST_BYTES, REACH_BYTES = 640, 450
MUST_CPU, MUST_MIB, MUST_GROWTH = 1.35, 12.0, 1.2
ALONE, THEIRS = "Flask alone", "flask-jwt-extended"
# The modules of the apps that processes start.
_MODULES = {ALONE: "bare", OURS: "ours", THEIRS: "jwt_extended"}
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
_FILL = """
WITH RECURSIVE numbers (number) AS (
    SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < :users
)
INSERT INTO subjects SELECT randomblob(16), 0, :expires FROM numbers
"""


class Load(NamedTuple):
    """How much is measured.

    Attributes:
        processes: Of each kind.
        batches: Of remembered tokens.
        tokens: In one of those.
        size: Of requests.
        keys, users, issuers: How far each grows.
    """

    processes: int
    batches: int
    tokens: int
    size: Size
    keys: int
    users: tuple[int, int]
    issuers: int


FULL = Load(15, 5, 1000, Size(rounds=40, batch=50), keys=1000, users=(100, 100_000), issuers=100)
SHORT = Load(2, 2, 50, Size(rounds=3, batch=5), keys=20, users=(10, 100), issuers=3)


class Side(NamedTuple):
    """An app, and its tokens in the order in which they come."""

    app: Flask
    tokens: list[str]


def main() -> None:
    """Print a table for tokens, two for processes, and a row for each number that grows."""
    run(__doc__, measure, full=FULL, short=SHORT, packages=("flask-jwt-extended",))


def measure(load: Load) -> Iterator[Table]:
    """Measure them all."""
    yield remembered(load)
    yield from started(load.processes)
    settle()
    yield grown(load)


def remembered(load: Load) -> Table:
    """Let an app verify distinct tokens, and see what it keeps of them."""
    title = f"Memory of a remembered token: {load.batches} batches of {load.tokens} tokens"
    rows = []
    for alg in ("HS256", "RS256"):
        key = SigningKey.generate(alg)
        kept = Spread.of([bytes_kept(key, load.tokens) for _ in range(load.batches)])
        comparison = Comparison("nothing", kept, "bytes", MUST_BYTES, REACH_BYTES)
        rows.append(Row(f"{alg} token", {"ours": kept}, [comparison]))
    return Table("memory-token", title, "bytes", rows)


def bytes_kept(key: SigningKey, count: int) -> float:
    """Return how many bytes an app keeps for each of some tokens, once the tokens are gone."""
    first, *tokens = ours.tokens(key, [SUBJECT] * (count + 1))
    app = ours.make_app(KEY=key.text, CACHE_SIZE=count + 1)
    verify = app.extensions["tokenguard"].verifier.verify
    with app.app_context():
        verify(first)
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for token in tokens:
                # A copy: had the cache kept the text itself, it would not be seen.
                verify(f"{token[:1]}{token[1:]}")
            gc.collect()
            return (tracemalloc.get_traced_memory()[0] - before) / count
        finally:
            tracemalloc.stop()


def started(processes: int) -> Iterator[Table]:
    """Start processes in turn, each with one app that serves one request."""
    key = SigningKey.generate("HS256")
    tokens = {
        ALONE: "none",
        OURS: ours.tokens(key, [SUBJECT])[0],
        THEIRS: jwt_extended.tokens(key, [SUBJECT])[0],
    }
    names, found = deque(tokens), []
    for _ in range(processes + 1):
        figures = {name: one_request(_MODULES[name], key.text, tokens[name]) for name in names}
        found.append({name: figures[name] for name in tokens})
        names.rotate()
    how = f"{processes} processes of each"
    # The first of each wrote the bytecode of what it imported.
    yield cpu_table([{name: cpu for name, (cpu, _) in one.items()} for one in found[1:]], how)
    yield memory_table([{name: mib for name, (_, mib) in one.items()} for one in found[1:]], how)


def one_request(name: str, secret: str, token: str) -> tuple[float, float]:
    """Run `benchmarks.peers.one_request`; return CPU seconds and MiB."""
    command = [sys.executable, "-m", "benchmarks.peers.one_request", name, secret, token]
    # As everywhere, bytecode is kept: compiling is no part of a start.
    writes = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
    ran = subprocess.run(  # noqa: S603 - our own module, by the interpreter that runs this
        command, capture_output=True, text=True, check=True, env=writes
    )
    cpu, mib = map(float, ran.stdout.split())
    return cpu, mib


def cpu_table(rounds: list[dict[str, float]], how: str) -> Table:
    """Divide by what Flask alone takes."""
    times = {name: Spread.of(one[name] * 1000 for one in rounds) for name in rounds[0]}
    ratio = {name: Spread.of(one[name] / one[ALONE] for one in rounds) for name in (OURS, THEIRS)}
    comparison = Comparison(ALONE, ratio[OURS], "ratio", MUST_CPU, ratio[THEIRS].median)
    title = f"Import and one request, CPU milliseconds of a process: {how}"
    return Table("start-cpu", title, "milliseconds", [Row("start CPU", times, [comparison])])


def memory_table(rounds: list[dict[str, float]], how: str) -> Table:
    """Subtract what Flask alone takes."""
    sizes = {name: Spread.of(one[name] for one in rounds) for name in rounds[0]}
    more = {name: Spread.of(one[name] - one[ALONE] for one in rounds) for name in (OURS, THEIRS)}
    comparison = Comparison(f"{ALONE}, more", more[OURS], "MiB", MUST_MIB, more[THEIRS].median)
    title = f"Import and one request, the most memory of a process: {how}"
    return Table("start-memory", title, "MiB", [Row("start memory", sizes, [comparison])])


def grown(load: Load) -> Table:
    """Let each number grow."""
    size = load.size
    with TemporaryDirectory() as folder:
        rows = [more_keys(load), more_users(load, Path(folder)), more_issuers(load)]
    title = f"Growth: {size.rounds} rounds of {size.batch} requests, CPU microseconds a request"
    return Table("scaling", title, "microseconds", rows)


def more_keys(load: Load) -> Row:
    """Configure one key, then many, one of which signs."""
    sides = {count: app_with_keys(count, load.size) for count in (1, load.keys)}
    return row("keys", sides, load.size)


def app_with_keys(count: int, size: Size) -> Side:
    """Make an app with secrets, the first of which signs tokens that nobody has seen."""
    keys = [
        {
            "value": SigningKey.generate("HS256").text,
            "kid": f"key-{number}",
            "state": "verify-only" if number else "active",
        }
        for number in range(count)
    ]
    app = ours.make_app(KEYS=keys)
    with app.app_context():
        return Side(app, [ours.issue() for _ in range(never_seen(size))])


def more_users(load: Load, folder: Path) -> Row:
    """Let the store know few users and then many, and as many ask."""
    key = SigningKey.generate("HS256")
    sides = {count: app_with_users(key, count, load.size, folder) for count in load.users}
    return row("users", sides, load.size)


def app_with_users(key: SigningKey, users: int, size: Size, folder: Path) -> Side:
    """Make an app whose store remembers of so many users when they ended all their sessions."""
    path = folder / f"{users}.db"
    app = ours.make_app(KEY=key.text, STORAGE_URI=f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_FILL, {"users": users, "expires": int(time.time()) + 3600})
    # Issued without asking the store, which would write for each.
    count = never_seen(size)
    subjects = [f"user-{number * users // count}" for number in range(count)]
    return Side(app, ours.tokens(key, subjects))


def more_issuers(load: Load) -> Row:
    """Accept one issuer besides the app itself, then many."""
    key = SigningKey.generate("EdDSA")
    sides = {count: app_with_issuers(key, count, load.size) for count in (1, load.issuers)}
    return row("issuers", sides, load.size)


def app_with_issuers(key: SigningKey, count: int, size: Size) -> Side:
    """Make an app that takes tokens of several issuers, and gets those of the last."""
    audience = "https://notes.example.com"
    names = [f"https://login-{number}.example.com" for number in range(count)]
    public = dict(ours.make_app(KEY=key.text).extensions["tokenguard"].keys.signing.public_jwk())
    issuers: Mapping[str, Any] = {
        name: {"audience": audience, "keys": {"keys": [public]}} for name in names
    }
    app = ours.make_app(KEY=SigningKey.generate("HS256").text, ISSUERS=issuers)
    subjects = [SUBJECT] * never_seen(size)
    return Side(app, ours.tokens(key, subjects, ISSUER=names[-1], AUDIENCE=audience))


def never_seen(size: Size) -> int:
    """Return how many tokens it takes that none comes twice."""
    return (size.rounds + 1) * size.batch


def row(what: str, sides: Mapping[int, Side], size: Size) -> Row:
    """Time both sides, and divide what the greater number adds by what the smaller one does."""
    names = {
        count: f"{count:,} {what.removesuffix('s') if count == 1 else what}" for count in sides
    }
    candidates = {
        names[count]: requests(side.app, iter(side.tokens), size.batch)
        for count, side in sides.items()
    }
    nothing = {BARE: requests(bare.make_app(), cycle([""]), size.batch)}
    rounds = take_turns({**nothing, **candidates}, size.rounds)
    few, many = names.values()
    figures = {BARE: microseconds(rounds, BARE, size.batch)} | {
        f"{how_many} adds": added(rounds, name, size.batch)
        for how_many, name in (("the least", few), ("the most", many))
    }
    comparison = compare_added(rounds, many, few, form="ratio", must=MUST_GROWTH)._replace(
        against=few
    )
    return Row(f"{few} to {many}", figures, [comparison])


if __name__ == "__main__":
    main()
