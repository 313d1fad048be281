"""The tables of the SQLite store, and how its file is recognized.

`revoked` needs no index for pruning: its ids are random, so that a walk in their order finds all
that has expired, and an id costs about 30 octets.
"""

import sqlite3
from pathlib import Path

# What SQLite keeps in a file's header (https://www.sqlite.org/fileformat.html section 1.3).
_MAGIC = b"SQLite format 3\0"
_VERSION_AT = slice(60, 64)
_APPLICATION_AT = slice(68, 72)
APPLICATION_ID = int.from_bytes(b"tkgd")
VERSION = 1
# No subject's id is empty.
EVERYBODY = b""
_FOR_EVER = 2**62
# Half of what is usual: most of a small store is the first page of each table and index.
_PAGE_SIZE = 2048

_TABLES = """
CREATE TABLE state (
    epoch INTEGER NOT NULL,
    highest INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    steady INTEGER NOT NULL
);
CREATE TABLE revoked (id BLOB PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE subjects (
    id BLOB PRIMARY KEY,
    ended_at INTEGER NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX subjects_by_expiry ON subjects (expires);
CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    subject BLOB NOT NULL,
    unspent BLOB NOT NULL,
    expires INTEGER NOT NULL,
    scope TEXT NOT NULL,
    spent BLOB,
    spent_at INTEGER,
    started INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    access_expires INTEGER NOT NULL,
    origin TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_subject ON sessions (subject);
CREATE INDEX sessions_by_expiry ON sessions (expires);
"""


def is_ours(path: Path) -> bool:
    """Read from a file's header whose it is; an empty file is nobody's yet.

    Raises:
        ValueError: It is another program's, or another version's.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        header = file.read(100)
    if not header:
        return False
    owner, version = (int.from_bytes(header[at]) for at in (_APPLICATION_AT, _VERSION_AT))
    _check(owner if header.startswith(_MAGIC) else 0, version)
    return True


def check_mark(connection: sqlite3.Connection) -> None:
    """Read the same through a connection, as a later file may have the inode of an earlier one.

    Raises:
        ValueError: As `is_ours` does.
    """
    names = ("application_id", "user_version")
    _check(*(connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names))


def _check(owner: int, version: int) -> None:
    if owner != APPLICATION_ID:
        raise ValueError("the file is another program's, or damaged; name a new one")
    if version != VERSION:
        raise ValueError(f"the file is of version {version}; this program writes {VERSION}")


def check_is_whole(connection: sqlite3.Connection) -> None:
    """Read every page.

    Raises:
        ValueError: One is damaged.
        sqlite3.DatabaseError: The file is damaged too much to be recognized.
    """
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise ValueError("the file is damaged; name a new one")


def read_first_epoch(connection: sqlite3.Connection) -> int:
    """Return the epoch that a file began with."""
    (epoch,) = connection.execute("SELECT max(epoch) FROM state").fetchone()
    return int(epoch or 0)


def read_epoch(connection: sqlite3.Connection) -> int:
    """Return the epoch, or to what it was lowered."""
    (epoch,) = connection.execute(
        "SELECT coalesce((SELECT ended_at FROM subjects WHERE id = ?), epoch) FROM state",
        (EVERYBODY,),
    ).fetchone()
    return int(epoch)


def lower_epoch(connection: sqlite3.Connection, epoch: int) -> None:
    """Write down that the epoch was that of a clock that was ahead; a file keeps its own."""
    connection.execute(
        "INSERT INTO subjects VALUES (?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at",
        (EVERYBODY, epoch, _FOR_EVER),
    )


def begin(connection: sqlite3.Connection, *, now: int, monotonic: float) -> None:
    """Make the tables, and the mark in the header, unless another process just did.

    Args:
        connection: Outside a transaction.
        now: The epoch of a new store, in milliseconds.
        monotonic: The machine's steady clock, in seconds.
    """
    connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            for statement in filter(str.strip, _TABLES.split(";")):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO state VALUES (?, ?, ?, ?)", (now, now, now // 1000, int(monotonic))
            )
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
