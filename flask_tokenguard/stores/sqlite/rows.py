"""Rows that the SQLite store writes or drops as things end, within the caller's transaction."""

from sqlite3 import Connection

from ..base import RefreshState


def revoke(connection: Connection, name: bytes, expires: int) -> None:
    """Revoke a token or a session by its id."""
    connection.execute(
        "INSERT INTO revoked VALUES (?, ?)"
        " ON CONFLICT (id) DO UPDATE SET expires = max(expires, excluded.expires)",
        (name, expires),
    )


def revoke_once(connection: Connection, name: bytes, expires: int) -> bool:
    """Revoke a token by its id; return whether it was not revoked before."""
    noted = connection.execute(
        "INSERT INTO revoked VALUES (?, ?) ON CONFLICT (id) DO NOTHING", (name, expires)
    )
    return bool(noted.rowcount)


def start_session(
    connection: Connection,
    session: bytes,
    subject: bytes,
    first: RefreshState,
    *,
    instant: int,
    access_expires: int,
    origin: str,
) -> None:
    """Insert a session that begins with this refresh token."""
    connection.execute(
        "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (session, subject, *first, None, None, instant, instant, access_expires, origin),
    )


def end_session(connection: Connection, session: bytes) -> None:
    """Delete a session, and revoke its access tokens."""
    (access_expires,) = connection.execute(
        "DELETE FROM sessions WHERE id = ? RETURNING access_expires", (session,)
    ).fetchone()
    revoke(connection, session, access_expires)


def end_subject(connection: Connection, subject: bytes, *, ended_at: int, expires: int) -> None:
    """End the tokens of a subject up to an instant, and its sessions by their ids."""
    connection.execute(
        "INSERT INTO subjects VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE"
        " SET ended_at = excluded.ended_at, expires = max(expires, excluded.expires)",
        (subject, ended_at, expires),
    )
    connection.execute(
        "INSERT INTO revoked SELECT id, access_expires FROM sessions WHERE subject = ?"
        " ON CONFLICT (id) DO UPDATE SET expires = max(expires, excluded.expires)",
        (subject,),
    )
    connection.execute("DELETE FROM sessions WHERE subject = ?", (subject,))


def drop_expired(connection: Connection, first: bytes, last: bytes, horizon: int) -> int:
    """Drop what expired by the horizon, of the ids from the first to the last; return how many."""
    return sum(
        connection.execute(
            f"DELETE FROM {table} WHERE id BETWEEN ? AND ? AND expires <= ?",  # noqa: S608 - our own names
            (first, last, horizon),
        ).rowcount
        for table in ("revoked", "subjects", "sessions")
    )
