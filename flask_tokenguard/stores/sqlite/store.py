"""The embedded store: one SQLite file for the processes of one machine.

Every write is one transaction. Some drop a little of what expired long ago.
"""

import logging
import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from sqlite3 import Connection

from ...clock import Clock, Steady, wall_clock
from ..base import (
    KEPT_AFTER_EXPIRY,
    LOWERED_TO,
    MOST_AHEAD,
    Advance,
    OnProgress,
    RefreshState,
    Standing,
    StoredSession,
    Successor,
)
from .file import FAULTS, SqliteFile, unavailable
from .rows import (
    drop_expired,
    end_session,
    end_subject,
    revoke,
    revoke_once,
    start_session,
)
from .schema import EVERYBODY, lower_epoch

# Of each table, so many entries are looked at by the first write after a second and by every 8th:
# more than the writes can add. To look takes half of a write's instructions.
_PRUNED_AT_ONCE = 64
_WRITES_BETWEEN = 8
_SECONDS_BETWEEN = 1.0
_LAST_ID = b"\xff" * 16

# One row for each entry that revokes a token, so that there is mostly none.
_STANDING = (
    "SELECT 'jti', 0 FROM revoked WHERE id = ?"
    " UNION ALL SELECT 'session', 0 FROM revoked WHERE id = ?"
    " UNION ALL SELECT 'subject', ended_at FROM subjects WHERE id = ?"
)
_SESSION = "SELECT unspent, expires, scope, spent, spent_at FROM sessions WHERE id = ?"
# The epoch or to what it was lowered, up to when the subject's tokens are ended, and the highest
# time of the clock that is believable; all in milliseconds.
_INSTANTS = (
    "SELECT coalesce((SELECT ended_at FROM subjects WHERE id = ?), epoch),"
    " coalesce((SELECT ended_at FROM subjects WHERE id = ?), 0), seen * 1000 FROM state"
)
_USE = (
    "access_expires = max(access_expires, ?), last_used = ?,"
    " origin = coalesce(nullif(?, ''), origin) WHERE id = ?"
)
_NOTE_USE = f"UPDATE sessions SET {_USE}"  # noqa: S608 - our own names
_SPEND = (
    "UPDATE sessions SET unspent = ?, expires = ?, scope = ?, spent = ?, spent_at = ?,"  # noqa: S608 - our own names
    f" {_USE} AND unspent = ?"
)


_logger = logging.getLogger("flask_tokenguard")


class SqliteStore:
    """A `Store` in one file."""

    def __init__(
        self,
        path: Path,
        *,
        timeout: float = 1.0,
        clock: Clock = wall_clock,
        monotonic: Clock = Steady.now,
    ) -> None:
        """Name the file; see `check`.

        Args:
            path: The file; made when first needed, for its owner alone.
            timeout: For how long to wait for another writer, in seconds.
            clock: Seconds since the epoch, UTC.
            monotonic: Seconds since the machine was started, the same for all its processes.
        """
        self._clock = clock
        self._monotonic = monotonic
        self._use(SqliteFile(path, timeout=timeout, clock=clock, monotonic=monotonic))
        # Each process begins somewhere else to look for what can be pruned.
        self._pruned_up_to = secrets.token_bytes(16)
        self._next_pruning = 0.0
        self._writes_left = 0

    def _use(self, file: SqliteFile) -> None:
        self._file, self._slots = file, file.slots

    def check(self) -> None:
        """Make the file if there is none, and leave no connection open, as before a fork.

        Raises:
            ConfigurationError: The file is damaged, not ours, or cannot be made.
        """
        self._file.check()

    def standing(self, jti: bytes, session: bytes | None, subject: bytes) -> Standing:
        """Read the epoch and what revokes a token, in one statement."""
        slot = self._slots.slot
        try:
            if self._monotonic() >= slot.next_look:
                self._file.look(slot)
            # 0.1 us of 4 less than `with`.
            slot.lock.acquire()
            try:
                reader = slot.reader or self._file.reader(slot)
                rows = reader.execute(_STANDING, (jti, session or jti, subject)).fetchall()
            finally:
                slot.lock.release()
        except FAULTS as error:
            raise unavailable(error, self._file.path) from None
        if not rows:
            return slot.untouched
        found = dict(rows)
        by_jti = "jti" in found
        return Standing(
            slot.untouched.epoch,
            is_revoked=by_jti or "session" in found,
            ended_at=found.get("subject"),
            by_session=not by_jti and "session" in found,
        )

    def next_instant(self, subject: bytes) -> int:
        """Return an instant after all that has ended tokens of this subject."""
        with self._writing() as connection:
            return self._next_instant(connection, subject, self._now())

    def revoke(self, jti: bytes, *, subject: bytes | None, expires: int) -> None:  # noqa: ARG002
        """Revoke a token; here an id is found without its subject."""
        with self._writing() as connection:
            revoke(connection, jti, expires)

    def end_subject(self, subject: bytes, *, expires: int) -> None:
        """End all sessions of a subject by name, and its tokens up to the highest instant given."""
        with self._writing() as connection:
            now = self._now()
            highest, seen = connection.execute("SELECT highest, seen * 1000 FROM state").fetchone()
            highest = _bounded(highest, self._present(now, seen))
            ended_at = max(highest, self._next_instant(connection, subject, now))
            end_subject(connection, subject, ended_at=ended_at, expires=expires)

    def start_session(
        self,
        session: bytes,
        subject: bytes,
        first: RefreshState,
        *,
        access_expires: int,
        origin: str,
    ) -> int:
        """Insert a session."""
        with self._writing() as connection:
            instant = self._next_instant(connection, subject, self._now())
            start_session(
                connection,
                session,
                subject,
                first,
                instant=instant,
                access_expires=access_expires,
                origin=origin,
            )
            return instant

    def advance(
        self,
        session: bytes,
        subject: bytes,
        presented: bytes,
        successor: RefreshState,
        *,
        grace: int,
        access_expires: int,
        origin: str,
        begins_until: int | None = None,
    ) -> Advance:
        """Compare what was presented with what is unspent, and move on in the same transaction."""
        with self._writing() as connection:
            now = self._now()
            instant = self._next_instant(connection, subject, now)
            use = (access_expires, instant, origin, session)
            spending = (*successor, presented, now, *use, presented)
            if connection.execute(_SPEND, spending).rowcount:
                return Advance("advanced", successor, instant)
            row = connection.execute(_SESSION, (session,)).fetchone()
            if row is None and begins_until is not None:
                if revoke_once(connection, presented, begins_until):
                    start_session(
                        connection,
                        session,
                        subject,
                        RefreshState(presented, begins_until, ""),
                        instant=instant,
                        access_expires=access_expires,
                        origin=origin,
                    )
                if connection.execute(_SPEND, spending).rowcount:
                    return Advance("advanced", successor, instant)
            if row is None:
                return Advance("ended", None, instant)
            unspent, (spent, spent_at) = RefreshState(*row[:3]), row[3:]
            is_retry = presented == spent and successor.jti == unspent.jti
            is_late = presented != spent or abs(now - spent_at) >= grace
            if is_late and not is_retry:
                end_session(connection, session)
                later = Successor.of(presented, spent=spent, spent_at=spent_at, now=now)
                return Advance("reused", None, instant, later)
            connection.execute(_NOTE_USE, use)
            return Advance("advanced" if is_retry else "repeated", unspent, instant)

    def end_session(self, session: bytes, *, subject: bytes | None) -> bool:
        """Delete a session, and revoke its access tokens."""
        with self._writing() as connection:
            row = connection.execute(
                "SELECT subject FROM sessions WHERE id = ?", (session,)
            ).fetchone()
            if row is None or (subject is not None and row[0] != subject):
                return False
            end_session(connection, session)
            return True

    def sessions_of(self, subject: bytes) -> Sequence[StoredSession]:
        """List those whose refresh token has not expired, the newest first."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT id, started, last_used, expires, origin FROM sessions"
                " WHERE subject = ? AND expires > ? ORDER BY started DESC",
                (subject, self._clock()),
            ).fetchall()
        return [StoredSession(*row) for row in rows]

    def prune(self, on_progress: OnProgress) -> int:
        """Drop what expired, a part of the ids at a time, so that others can write in between."""
        dropped = 0
        for octet in range(256):
            with self._file.writing() as connection:
                horizon = self._horizon(connection)
                first = bytes([octet])
                dropped += drop_expired(connection, first, first + _LAST_ID, horizon)
            on_progress(octet + 1, 256)
        return dropped

    def risks(self) -> Sequence[str]:
        """Nothing endangers what a file keeps but its loss."""
        return ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._file.path}>"

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _writing(self) -> AbstractContextManager[Connection]:
        return self._file.writing(self._prune_a_little)

    def _next_instant(self, connection: Connection, subject: bytes, now: int) -> int:
        """Return an instant after the epoch and the subject's end, each bounded.

        What belongs to the sessions that ended stays revoked by their ids.
        """
        kept_epoch, kept_end, seen = connection.execute(_INSTANTS, (EVERYBODY, subject)).fetchone()
        present = self._present(now, seen)
        epoch, ended_at = _bounded(kept_epoch, present), _bounded(kept_end, present)
        if epoch != kept_epoch:
            lower_epoch(connection, epoch)
            # Read it at the next use, once it is written.
            self._slots.slot.next_look = 0.0
        if ended_at != kept_end:
            connection.execute("UPDATE subjects SET ended_at = ? WHERE id = ?", (ended_at, subject))
        instant = max(now, epoch + 1, ended_at + 1)
        connection.execute("UPDATE state SET highest = max(highest, ?)", (instant,))
        return instant

    def _present(self, now: int, seen: int) -> int:
        """Return now, or the highest time seen where the clock is more than a day behind it.

        Such a clock is taken for wrong itself, so that all that was ended meanwhile stays ended.
        """
        if seen <= now + KEPT_AFTER_EXPIRY * 1000:
            return now
        _logger.warning(
            "the clock is more than a day behind what %r has seen, so that what is issued now is"
            " refused; a store for a time that a test has stopped is made under it",
            self,
        )
        return seen

    def _prune_a_little(self, connection: Connection) -> None:
        now = self._monotonic()
        self._writes_left -= 1
        if self._writes_left > 0 and now < self._next_pruning:
            return
        self._writes_left, self._next_pruning = _WRITES_BETWEEN, now + _SECONDS_BETWEEN
        horizon = self._horizon(connection)
        # Ids are random, so that they can be walked through in their order, for ever.
        start = self._pruned_up_to
        ids = connection.execute(
            "SELECT id FROM revoked WHERE id > ? ORDER BY id LIMIT ?", (start, _PRUNED_AT_ONCE)
        ).fetchall()
        end = ids[-1][0] if len(ids) == _PRUNED_AT_ONCE else _LAST_ID
        connection.execute(
            "DELETE FROM revoked WHERE id > ? AND id <= ? AND expires <= ?", (start, end, horizon)
        )
        self._pruned_up_to = b"" if end == _LAST_ID else end
        for table in ("subjects", "sessions"):
            connection.execute(
                f"DELETE FROM {table} WHERE id IN"  # noqa: S608 - our own names
                f" (SELECT id FROM {table} WHERE expires <= ? LIMIT ?)",
                (horizon, _PRUNED_AT_ONCE),
            )

    def _horizon(self, connection: Connection) -> int:
        """Return the second by which an entry must have expired to be dropped.

        It goes by the lower of now and the highest time seen, and that rises at most twice as fast
        as the machine's steady clock: a clock that is wrong for less than a day drops nothing.
        """
        now = int(self._clock())
        (seen,) = connection.execute(
            "UPDATE state SET seen = max(seen, min(:now, seen + 2 * max(0, :steady - steady))),"
            " steady = :steady RETURNING seen",
            {"now": now, "steady": int(self._monotonic())},
        ).fetchone()
        return min(now, int(seen)) - KEPT_AFTER_EXPIRY


def _bounded(instant: int, present: int) -> int:
    """Lower what a clock wrote that was ahead, as it must not keep us out until then."""
    return present + LOWERED_TO if instant > present + MOST_AHEAD else instant
