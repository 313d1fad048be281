"""The store in the app's database: PostgreSQL, MariaDB or MySQL, by SQLAlchemy Core.

`standing` is one statement; every write is one transaction that locks what it changes. What has
expired is dropped beside that, a little after every few writes.
"""

import re
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from ...clock import Clock, wall_clock
from ...errors import ConfigurationError
from ...per_process import PerProcess, Process, this_process
from ..base import (
    MOST_AHEAD,
    Advance,
    OnProgress,
    RefreshState,
    Standing,
    StoredSession,
    Successor,
)
from .pruning import Pruner

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

    from .link import Link
    from .rows import Rows

_PREFIX = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_TIMEOUT = 1.0
_OWN_PREFIX = "tokenguard_"
Result = TypeVar("Result")


class SQLStore:
    """A `Store` in a database; it connects when it is first used."""

    def __init__(
        self,
        engine: "Callable[[], Engine] | Engine | URL | str",
        *,
        share_pool: bool = False,
        prefix: str | None = None,
        timeout: float | None = None,
        clock: Clock = wall_clock,
        **options: Any,
    ) -> None:
        """Name the database.

        Args:
            engine: An engine, a URL, or a function that returns an engine and is asked at first
                use: `lambda: db.engine`.
            share_pool: Whether to use the engine's own pool, in place of one made from its URL.
            prefix: What the names of the tables begin with; default by
                `TOKENGUARD_STORAGE_PREFIX`.
            timeout: How long an operation may take as a whole, in seconds; default by
                `TOKENGUARD_STORAGE_TIMEOUT`.
            clock: Seconds since the epoch, UTC, which pruning goes by where it is behind the
                server's.
            options: Further ones of SQLAlchemy's `create_engine`, for a pool of its own.

        Raises:
            ConfigurationError: SQLAlchemy is not installed, or it is another kind of database.
        """
        self._sql = _import_link()
        self._given = self._sql.read_url(engine) if isinstance(engine, str) else engine
        self._shares_pool = share_pool
        self._prefix = None if prefix is None else _table_prefix(prefix)
        self._timeout = timeout
        self._pruner = Pruner(clock)
        self._options = options
        self._engines: dict[Process, Any] = {}
        self._links = PerProcess(self._open)

    def configure(self, *, prefix: str, timeout: float) -> None:
        """Take from an app's settings what was not given.

        Raises:
            ConfigurationError: The prefix cannot begin the name of a table.
        """
        if self._prefix is None:
            self._prefix = _table_prefix(prefix)
        if self._timeout is None:
            self._timeout = timeout

    @property
    def engine(self) -> "Engine":
        """This process's engine, on which the store's connections can be watched."""
        return self._links.get().engine

    def standing(self, jti: bytes, session: bytes | None, subject: bytes) -> Standing:
        """Read the epoch and what revokes a token, in one statement."""
        given = {"jti": jti, "session": session or jti, "subject": subject}
        epoch, ended_at, by_jti, by_session = self._links.get().check(given)
        return Standing(
            epoch,
            is_revoked=bool(by_jti or by_session),
            ended_at=ended_at,
            by_session=bool(by_session and not by_jti),
        )

    def next_instant(self, subject: bytes) -> int:
        """Return an instant after all that has ended tokens of this subject."""
        return self._write(lambda rows: _next_instant(rows, subject))

    def revoke(self, jti: bytes, *, subject: bytes | None, expires: int) -> None:  # noqa: ARG002
        """Revoke a token; here an id is found without its subject."""
        self._write(lambda rows: rows.do("revoke", id=jti, expires=expires))

    def end_subject(self, subject: bytes, *, expires: int) -> None:
        """End all sessions of a subject by name, and its tokens up to the highest instant given."""

        def end(rows: "Rows") -> None:
            # None was given that is later, and its row stays locked.
            ended_at = _next_instant(rows, subject)
            rows.do("end_subject", subject=subject, ended_at=ended_at, expires=expires)
            if rows.all("lock_sessions", subject=subject):
                rows.do("revoke_sessions", subject=subject)
                rows.do("delete_sessions", subject=subject)

        self._write(end)

    def start_session(
        self,
        session: bytes,
        subject: bytes,
        first: RefreshState,
        *,
        access_expires: int,
        origin: str,
    ) -> int:
        """Insert a session; its subject cannot be ended meanwhile."""

        def start(rows: "Rows") -> int:
            instant = _next_instant(rows, subject)
            use = {"access_expires": access_expires, "origin": origin.encode()}
            names = {"session": session, "subject": subject}
            rows.do("start_session", instant=instant, **names, **use, **_columns(first))
            return instant

        return self._write(start)

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
        """Compare what was presented with what is unspent, and move on, with the session locked."""

        def move(rows: "Rows") -> Advance:
            row = rows.find("session", session=session)
            if row is None and begins_until is not None:
                first = RefreshState(presented, begins_until, "")
                begun = {"access_expires": access_expires, "origin": origin.encode()}
                row = _begin_once(rows, session, subject, first, begun)
            now, instant = _present(rows, subject)
            if row is None:
                return Advance("ended", None, instant)
            unspent = RefreshState(row.unspent, row.expires, row.scope.decode())
            use = {
                "session": session,
                "access_expires": max(row.access_expires, access_expires),
                "last_used": instant,
                "origin": origin.encode() or row.origin,
            }
            if presented == unspent.jti:
                rows.do("spend", spent=presented, spent_at=now, **_columns(successor), **use)
                return Advance("advanced", successor, instant)
            is_retry = presented == row.spent and successor.jti == unspent.jti
            is_late = presented != row.spent or abs(now - row.spent_at) >= grace
            if is_late and not is_retry:
                _end_session(rows, session, row.access_expires)
                later = Successor.of(presented, spent=row.spent, spent_at=row.spent_at, now=now)
                return Advance("reused", None, instant, later)
            rows.do("note_use", **use)
            return Advance("advanced" if is_retry else "repeated", unspent, instant)

        return self._write(move)

    def end_session(self, session: bytes, *, subject: bytes | None) -> bool:
        """Delete a session, and revoke its access tokens."""

        def end(rows: "Rows") -> bool:
            row = rows.find("session", session=session)
            if row is None or (subject is not None and row.subject != subject):
                return False
            _end_session(rows, session, row.access_expires)
            return True

        return self._write(end)

    def sessions_of(self, subject: bytes) -> Sequence[StoredSession]:
        """List those whose refresh token has not expired, the newest first."""
        rows = self._links.get().read(lambda rows: rows.all("sessions_of", subject=subject))
        return [
            StoredSession(row.id, row.started, row.last_used, row.expires, row.origin.decode())
            for row in rows
        ]

    def prune(self, on_progress: OnProgress) -> int:
        """Drop what expired, so many rows at a time, so that others can write in between."""
        return self._pruner.prune(self._links.get(), on_progress)

    def risks(self) -> Sequence[str]:
        """Ask the server whether it may lose what it has written, or is not the primary."""
        return self._links.get().risks()

    def migration(self, *, revision: str, down_revision: str | None) -> str:
        """Write an Alembic migration that makes the tables.

        Args:
            revision: What Alembic calls it.
            down_revision: What must be there before it.
        """
        return self._links.get().migration(revision=revision, down_revision=down_revision)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._links.get()}>"

    def _open(self) -> "Link":
        """Make this process's engine; connections that came with a fork stay the parent's."""
        prefix, timeout = self._prefix or _OWN_PREFIX, self._timeout or _TIMEOUT
        given: Any = self._given() if callable(self._given) else self._given
        if self._shares_pool:
            opened = self._sql.share(given)
        else:
            url = getattr(given, "url", given)
            opened = self._sql.open_own(url, timeout=timeout, options=self._options)
            for process, engine in tuple(self._engines.items()):
                if process != this_process():
                    engine.dispose(close=False)
            self._engines[this_process()] = opened.engine
        link: Link = self._sql.Link(opened, prefix=prefix, timeout=timeout)
        return link

    def _write(self, work: "Callable[[Rows], Result]") -> Result:
        link = self._links.get()
        result = link.write(work)
        self._pruner.note_write(link)
        return result


def _import_link() -> ModuleType:
    try:
        from . import link  # noqa: PLC0415 - optional, imported when first used
    except ImportError:
        raise ConfigurationError(
            "TOKENGUARD_STORAGE_URI or SQLStore names a database, which needs SQLAlchemy 2:"
            " pip install 'flask-tokenguard[sql]'"
        ) from None
    return link


def _table_prefix(prefix: str) -> str:
    """Make the begin of a table's name of what the names of a server's keys begin with."""
    found = re.sub(r"\W", "_", prefix, flags=re.ASCII).lower()
    if not _PREFIX.fullmatch(found):
        raise ConfigurationError(
            "TOKENGUARD_STORAGE_PREFIX must begin with a letter and have at most 40 characters"
            " where it begins the names of tables"
        )
    return found


def _columns(state: RefreshState) -> dict[str, Any]:
    return {"unspent": state.jti, "expires": state.expires, "scope": state.scope.encode()}


def _next_instant(rows: "Rows", subject: bytes) -> int:
    """Write a subject's next instant; its row is locked from then on."""
    if rows.returns:
        instant, epoch = rows.get("instant", subject=subject)
    else:
        rows.do("instant", subject=subject)
        instant, epoch = rows.get("written_instant", subject=subject)
    if epoch >= instant:
        # A clock that was ahead wrote it.
        rows.do("lower_epoch", epoch=instant - 1)
    return int(instant)


def _begin_once(
    rows: "Rows", session: bytes, subject: bytes, first: RefreshState, use: dict[str, Any]
) -> Any:
    """Start a session unless its first token is revoked, and revoke that token; return its row."""
    # With the subject's row locked, no other process starts the same session.
    instant = _next_instant(rows, subject)
    row = rows.find("session", session=session)
    if row is None and rows.do("revoke_once", id=first.jti, expires=first.expires):
        names = {"session": session, "subject": subject}
        rows.do("start_session", instant=instant, **names, **use, **_columns(first))
        row = rows.find("session", session=session)
    return row


def _present(rows: "Rows", subject: bytes) -> tuple[int, int]:
    """Return now and the subject's next instant, which need not be written for a session's token.

    Whatever ends the subject ends the session by its id.
    """
    now, epoch, highest, ended_at = rows.get("instants", subject=subject)
    if max(epoch, highest, ended_at) > now + MOST_AHEAD:
        return now, _next_instant(rows, subject)
    return now, max(now, epoch + 1, highest, ended_at + 1)


def _end_session(rows: "Rows", session: bytes, access_expires: int) -> None:
    rows.do("delete_session", session=session)
    rows.do("revoke", id=session, expires=access_expires)
