"""Whether a request costs the same however much there is: keys, users, issuers.

Each pair of apps differs in one number alone. What a request adds to a bare one must be the same
within a fifth.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import fields
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from flask import Flask

from flask_tokenguard.config.settings import Settings

from .contenders import BARE, added, compare_added
from .pairing import Size, Spread, settle, take_turns
from .peers import bare, ours
from .peers.note import SUBJECT
from .report import Row, Table, run
from .serving import requests
from .signing_keys import SigningKey

MUST = 1.2
_FILL = """
WITH RECURSIVE numbers (number) AS (
    SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < :users
)
INSERT INTO subjects SELECT randomblob(16), 0, :expires FROM numbers
"""


class Load(NamedTuple):
    """How much is measured, and how far it grows."""

    size: Size
    keys: int
    users: tuple[int, int]
    issuers: int


FULL = Load(Size(rounds=40, batch=50), keys=1000, users=(100, 100_000), issuers=100)
SHORT = Load(Size(rounds=3, batch=5), keys=20, users=(10, 100), issuers=3)


class Side(NamedTuple):
    """An app, and its tokens in the order in which they come."""

    app: Flask
    tokens: list[str]


def main() -> None:
    """Print a row for each number that grows."""
    run(__doc__, measure, full=FULL, short=SHORT)


def measure(load: Load) -> Iterator[Table]:
    """Measure them all."""
    settle()
    size, notes = load.size, []
    with TemporaryDirectory() as folder:
        rows = [more_keys(load), more_users(load, Path(folder))]
    if any(field.name == "issuers" for field in fields(Settings)):
        rows.append(more_issuers(load))
    else:
        notes.append("No other issuers in this version.")
    title = f"Growth: {size.rounds} rounds of {size.batch} requests, CPU microseconds a request"
    yield Table("scaling", title, "microseconds", rows, notes)


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
    """Tell how many tokens it takes that none comes twice."""
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
    figures = {BARE: Spread.of(times[BARE] / size.batch * 1e6 for times in rounds)} | {
        f"{how_many} adds": added(rounds, name, size.batch)
        for how_many, name in (("the least", few), ("the most", many))
    }
    comparison = compare_added(rounds, many, few, form="ratio", must=MUST)._replace(against=few)
    return Row(f"{few} to {many}", figures, [comparison])


if __name__ == "__main__":
    main()
