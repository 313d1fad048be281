"""Statements: what the store asks of the database, written once for each engine.

Rows are locked in one order, so that two operations rarely deadlock: a subject's, those of its
sessions, then what is revoked. `:name` is a value that is given, `{name}` a word of the dialect.
"""

from ..base import LOWERED_TO, MOST_AHEAD
from .dialects import Dialect

TABLES = ("state", "revoked", "subjects", "sessions")

_STATEMENTS = {
    # A check: epoch, ended_at, whether the token is revoked, whether its session is.
    "standing": """
        SELECT epoch, (SELECT ended_at FROM {subjects} WHERE id = :subject),
        EXISTS (SELECT 1 FROM {revoked} WHERE id = :jti),
        EXISTS (SELECT 1 FROM {revoked} WHERE id = :session) FROM {state}
    """,
    # Write a subject's next instant, and lock its row.
    "instant": """
        INSERT INTO {subjects} (id, highest, expires)
        SELECT :subject, greatest({now}, {bounded_epoch} + 1), {now} / 1000 FROM {state}
        {conflict} highest = greatest(
            {new_highest}, {now}, {bounded_highest}, coalesce({bounded_end} + 1, 0)
        ), ended_at = {bounded_end}, expires = greatest({subjects}.expires, {new_expires})
        {returning}
    """,
    "written_instant": "SELECT {instant} FROM {subjects} WHERE id = :subject",
    "lower_epoch": "UPDATE {state} SET epoch = :epoch WHERE epoch > :epoch",
    "instants": """
        SELECT {now}, epoch, coalesce(highest, 0), coalesce(ended_at, 0) FROM {state}
        LEFT JOIN {subjects} ON {subjects}.id = :subject
    """,
    "end_subject": """
        UPDATE {subjects} SET ended_at = :ended_at, expires = greatest(expires, :expires)
        WHERE id = :subject
    """,
    "lock_sessions": "SELECT id FROM {sessions} WHERE subject = :subject ORDER BY id FOR UPDATE",
    # Both tables have a column `expires`.
    "revoke_sessions": """
        INSERT INTO {revoked} (id, expires) SELECT id, ended FROM (
            SELECT id, access_expires AS ended FROM {sessions} WHERE subject = :subject
        ) AS all_of_them {conflict} expires = greatest({revoked}.expires, {new_expires})
    """,
    "delete_sessions": "DELETE FROM {sessions} WHERE subject = :subject",
    "revoke": """
        INSERT INTO {revoked} (id, expires) VALUES (:id, :expires)
        {conflict} expires = greatest({revoked}.expires, {new_expires})
    """,
    "revoke_once": "{insert_new} {revoked} (id, expires) VALUES (:id, :expires) {unless_there}",
    "start_session": """
        INSERT INTO {sessions} (id, subject, unspent, expires, scope, started, last_used,
        access_expires, origin) VALUES (:session, :subject, :unspent, :expires, :scope, :instant,
        :instant, :access_expires, :origin)
    """,
    "session": """
        SELECT subject, unspent, expires, scope, spent, spent_at, access_expires, origin
        FROM {sessions} WHERE id = :session FOR UPDATE
    """,
    "spend": """
        UPDATE {sessions} SET unspent = :unspent, expires = :expires, scope = :scope,
        spent = :spent, spent_at = :spent_at, access_expires = :access_expires,
        last_used = :last_used, origin = :origin WHERE id = :session
    """,
    "note_use": """
        UPDATE {sessions} SET access_expires = :access_expires, last_used = :last_used,
        origin = :origin WHERE id = :session
    """,
    "delete_session": "DELETE FROM {sessions} WHERE id = :session",
    "sessions_of": """
        SELECT id, started, last_used, expires, origin FROM {sessions}
        WHERE subject = :subject AND expires * 1000 > {now} ORDER BY started DESC
    """,
    "now": "SELECT {now}",
    "end_epoch": "DELETE FROM {state}",
    "begin_epoch": "{insert_new} {state} (id, epoch) VALUES (1, {now}) {unless_there}",
    "lock": "{lock}",
    "unlock": "{unlock}",
    "settings": "{settings}",
}


def write(dialect: Dialect, prefix: str) -> dict[str, str]:
    """Write all statements for tables whose names begin with a prefix."""
    names = {table: f"{prefix}{table}" for table in TABLES}
    subjects = names["subjects"]
    instant = "highest, (SELECT epoch FROM {state}) AS epoch".format_map(names)
    words = {
        **names,
        **dialect._asdict(),
        "instant": instant,
        "returning": f"RETURNING {instant}" if dialect.returns else "",
        "bounded_epoch": _bounded("epoch", dialect),
        "bounded_highest": _bounded(f"{subjects}.highest", dialect),
        "bounded_end": _bounded(f"{subjects}.ended_at", dialect),
        "new_highest": dialect.new.format("highest"),
        "new_expires": dialect.new.format("expires"),
    }
    drops = {
        f"drop_{table}": dialect.drop_expired.format(table=names[table]) for table in TABLES[1:]
    }
    return drops | {name: written.format_map(words) for name, written in _STATEMENTS.items()}


def _bounded(column: str, dialect: Dialect) -> str:
    """Lower what a clock wrote that was ahead, as it must not keep anybody out until then."""
    now = dialect.now
    return f"CASE WHEN {column} > {now} + {MOST_AHEAD} THEN {now} + {LOWERED_TO} ELSE {column} END"
