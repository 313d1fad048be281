"""The tables of the SQL store, made when they are first needed, or by Alembic.

Ids are octets, and so are the texts of apps: no character set or collation of a server changes
them. The table of one row, the epoch, is written once; no row is written by every login.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    inspect,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.engine.interfaces import Dialect as SqlDialect
from sqlalchemy.schema import CreateIndex, CreateTable

from .rows import Rows

_MYSQL = ("mysql", "mariadb")
_OPTIONS: dict[str, Any] = {f"{name}_engine": "InnoDB" for name in _MYSQL}
_MIGRATION = '''\
"""The tables of flask-tokenguard's store."""

from alembic import op

revision = {revision!r}
down_revision = {down_revision!r}
branch_labels = None
depends_on = None


def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''


def _octets(size: int | None = None) -> Any:
    kind = mysql.MEDIUMBLOB() if size is None else mysql.BINARY(size)
    return LargeBinary().with_variant(kind, *_MYSQL)


def _id(name: str = "id", *, nullable: bool = False, is_key: bool = False) -> "Column[bytes]":
    return Column(name, _octets(16), nullable=nullable, primary_key=is_key)


def _number(name: str, *, nullable: bool = False) -> "Column[int]":
    return Column(name, BigInteger, nullable=nullable)


def tables(prefix: str) -> MetaData:
    """Describe the tables, whose names begin with a prefix."""
    metadata = MetaData()
    Table(
        f"{prefix}state",
        metadata,
        Column("id", SmallInteger, primary_key=True, autoincrement=False),
        _number("epoch"),
        **_OPTIONS,
    )
    Table(
        f"{prefix}revoked",
        metadata,
        _id(is_key=True),
        _number("expires"),
        Index(f"{prefix}revoked_expires", "expires"),
        **_OPTIONS,
    )
    Table(
        f"{prefix}subjects",
        metadata,
        _id(is_key=True),
        _number("highest"),
        _number("ended_at", nullable=True),
        _number("expires"),
        Index(f"{prefix}subjects_expires", "expires"),
        **_OPTIONS,
    )
    Table(
        f"{prefix}sessions",
        metadata,
        _id(is_key=True),
        _id("subject"),
        _id("unspent"),
        _number("expires"),
        Column("scope", _octets(), nullable=False),
        _id("spent", nullable=True),
        _number("spent_at", nullable=True),
        _number("started"),
        _number("last_used"),
        _number("access_expires"),
        Column("origin", _octets(), nullable=False),
        Index(f"{prefix}sessions_subject", "subject"),
        Index(f"{prefix}sessions_expires", "expires"),
        **_OPTIONS,
    )
    return metadata


def make_missing(rows: Rows, prefix: str, *, patience: float) -> None:
    """Make what is missing of the tables, and write the epoch unless there is one.

    A store that has lost what was revoked is a new one, which accepts nothing that is older.

    Args:
        rows: The rows, in a transaction.
        prefix: What the names of the tables begin with.
        patience: For how long to wait for another process that makes them, in seconds.

    Raises:
        TimeoutError: It still makes them.
    """
    name = f"{prefix}tables"
    number = int.from_bytes(name.encode()[:7])
    metadata = tables(prefix)
    try:
        _check_lock(rows.find("lock", name=name, number=number, seconds=patience))
        missing = _missing_of(rows.connection, metadata)
        if _has_lost(missing, prefix):
            # First, since MariaDB commits with each table that is made.
            rows.do("end_epoch")
        metadata.create_all(rows.connection, tables=missing, checkfirst=False)
        rows.do("begin_epoch")
        rows.find("unlock", name=name)
    except BaseException:
        # MariaDB's lock is the session's, and ends with it.
        rows.connection.invalidate()
        raise


def _check_lock(row: Any) -> None:
    # PostgreSQL waits, and MariaDB gives up.
    if row[0] == 0:
        raise TimeoutError("another process makes the tables")


def _missing_of(connection: Connection, metadata: MetaData) -> list[Table]:
    """List those tables that are not there."""
    looked_at = inspect(connection)
    return [table for name, table in metadata.tables.items() if not looked_at.has_table(name)]


def _has_lost(missing: Sequence[Table], prefix: str) -> bool:
    """Return whether a store that had begun has lost what ends tokens."""
    names = {table.name.removeprefix(prefix) for table in missing}
    return "state" not in names and not names.isdisjoint({"revoked", "subjects"})


def migration(prefix: str, dialect: SqlDialect, *, revision: str, down_revision: str | None) -> str:
    """Write an Alembic migration that makes the tables.

    Args:
        prefix: What their names begin with.
        dialect: The database's.
        revision: What Alembic calls it.
        down_revision: What must be there before it.
    """
    found = tables(prefix).sorted_tables
    made: list[Any] = []
    for table in found:
        made += [CreateTable(table), *map(CreateIndex, sorted(table.indexes, key=_name))]
    dropped = [f"DROP TABLE {table.name}" for table in reversed(found)]
    return _MIGRATION.format(
        revision=revision,
        down_revision=down_revision,
        upgrade=_steps([str(each.compile(dialect=dialect)) for each in made]),
        downgrade=_steps(dropped),
    )


def _name(index: Index) -> str:
    return str(index.name)


def _steps(statements: list[str]) -> str:
    lines = [" ".join(each.split()) for each in statements]
    return "\n".join(f"    op.execute({line!r})" for line in lines)
