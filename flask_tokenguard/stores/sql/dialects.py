"""Dialects: what PostgreSQL, MariaDB and MySQL write each in their own way.

READ COMMITTED is demanded in each transaction, and not taken from the server: with MariaDB's
default, one operation in twenty was lost to a deadlock.
"""

from typing import NamedTuple


class Dialect(NamedTuple):
    """A database's own words.

    Attributes:
        now: The present, in milliseconds since the epoch; not the begin of the transaction.
        begin: The statements that begin a transaction.
        conflict: What follows an INSERT and begins the update of a row that is there.
        insert_new, unless_there: Around the rest of an INSERT that leaves a row that is there.
        new: What would have been inserted in the column `{}`.
        returns: Whether an INSERT may return what it wrote.
        lock, unlock: Let one process at a time make the tables, by a number and by its name.
        drop_expired: Drops at most `count` rows of `{table}` that expired by `horizon`.
        again: Codes of what the server rolled back, which may be tried again.
        missing: The code of a table that is not there.
        forbidden: Codes of a right that the user lacks.
        settings: Asks for what endangers the data, one column for each of `dangers`.
        dangers: The column's value that is a danger, or any but the one after `!`; a sentence.
    """

    now: str
    begin: tuple[str, ...]
    conflict: str
    insert_new: str
    unless_there: str
    new: str
    returns: bool
    lock: str
    unlock: str
    drop_expired: str
    again: frozenset[str]
    missing: str
    forbidden: frozenset[str]
    settings: str
    dangers: tuple[tuple[str, str], ...]


_REPLICA = "The server is a read replica, which learns late what was revoked: name the primary."

POSTGRESQL = Dialect(
    now="CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)",
    begin=("BEGIN ISOLATION LEVEL READ COMMITTED",),
    conflict="ON CONFLICT (id) DO UPDATE SET",
    insert_new="INSERT INTO",
    unless_there="ON CONFLICT (id) DO NOTHING",
    new="excluded.{}",
    returns=True,
    # Until the transaction ends.
    lock="SELECT pg_advisory_xact_lock(:number)",
    unlock="SELECT 1",
    drop_expired=(
        # An array is made once, where an IN may be planned as one search for each row; and without
        # an order the whole table is read where most of what had expired is gone.
        "DELETE FROM {table} WHERE id = ANY(ARRAY(SELECT id FROM {table}"
        " WHERE expires <= :horizon ORDER BY expires LIMIT :count FOR UPDATE SKIP LOCKED))"
    ),
    # serialization_failure, deadlock_detected, lock_not_available
    again=frozenset({"40001", "40P01", "55P03"}),
    missing="42P01",
    # insufficient_privilege
    forbidden=frozenset({"42501"}),
    settings=(
        "SELECT CAST(pg_is_in_recovery() AS text), current_setting('fsync'),"
        " current_setting('synchronous_commit')"
    ),
    dangers=(
        ("true", _REPLICA),
        ("off", "fsync is off, so that a power cut may damage all: set it on."),
        (
            "off",
            "synchronous_commit is off: a crash may bring back what was revoked; set it on.",
        ),
    ),
)

MYSQL = Dialect(
    # The begin of the statement, which comes after the lock where that matters. SYSDATE is in the
    # session's time zone, in which an hour comes twice each autumn.
    now="(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)",
    begin=("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "START TRANSACTION"),
    conflict="ON DUPLICATE KEY UPDATE",
    insert_new="INSERT IGNORE INTO",
    unless_there="",
    new="VALUES({})",
    returns=False,
    lock="SELECT GET_LOCK(:name, :seconds)",
    unlock="SELECT RELEASE_LOCK(:name)",
    drop_expired=("DELETE FROM {table} WHERE expires <= :horizon ORDER BY expires LIMIT :count"),
    # ER_LOCK_DEADLOCK, ER_LOCK_WAIT_TIMEOUT, ER_CHECKREAD, ER_QUERY_INTERRUPTED
    again=frozenset({"1213", "1205", "1020", "1317"}),
    missing="1146",
    # ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR
    forbidden=frozenset({"1044", "1142"}),
    settings="SELECT @@global.read_only, @@global.innodb_flush_log_at_trx_commit",
    dangers=(
        ("1", _REPLICA),
        (
            "!1",
            "innodb_flush_log_at_trx_commit is not 1: a crash may bring back what was revoked.",
        ),
    ),
)

DIALECTS = {"postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL}
