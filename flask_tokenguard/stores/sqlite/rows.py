"""Rows that several operations of the SQLite store write, within the caller's transaction."""

from sqlite3 import Connection


def revoke(connection: Connection, name: bytes, expires: int) -> None:
    """Revoke a token or a session by its id."""
    connection.execute(
        "INSERT INTO revoked VALUES (?, ?)"
        " ON CONFLICT (id) DO UPDATE SET expires = max(expires, excluded.expires)",
        (name, expires),
    )


def end_session(connection: Connection, session: bytes) -> None:
    """Delete a session, and revoke its access tokens."""
    (access_expires,) = connection.execute(
        "DELETE FROM sessions WHERE id = ? RETURNING access_expires", (session,)
    ).fetchone()
    revoke(connection, session, access_expires)


def note_use(
    connection: Connection, session: bytes, access_expires: int, now: int, origin: str
) -> None:
    """Write down when and from where a session was used."""
    connection.execute(
        "UPDATE sessions SET access_expires = max(access_expires, ?), last_used = ?,"
        " origin = coalesce(nullif(?, ''), origin) WHERE id = ?",
        (access_expires, now, origin, session),
    )
