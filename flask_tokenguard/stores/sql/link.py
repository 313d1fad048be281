"""The link of a process to its database: how an operation is performed, and when it is tried again.

With what it imports this is the part that needs SQLAlchemy, imported only once a store is used.
"""

import logging
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import finalize

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ...errors import Reason, Unavailable
from ...per_process import Process, this_process
from .. import waiting
from . import schema
from .dialects import Dialect
from .engines import OpenedEngine, open_own, read_url, share
from .faults import FAULTS, NotConnected, Unsure, codes_of, describe, first_line
from .rows import NotBegun, Rows, Statement
from .statements import write

__all__ = ["Link", "open_own", "read_url", "share"]

_MOST_TRIES = 8
# A moment in which those that deadlocked part, in seconds.
_LONGEST_MOMENT = 20
_GRANT = (
    "; the user lacks a right: grant SELECT, INSERT, UPDATE and DELETE on the tables that"
    " `flask tokenguard alembic-revision` makes"
)
_logger = logging.getLogger("flask_tokenguard")
Result = TypeVar("Result")


class _Attempt:
    """How far a try has come.

    Attributes:
        is_answered: Whether the server has answered, so that it does not hang as a whole.
    """

    def __init__(self) -> None:
        self.is_answered = False


class Link:
    """An engine with its statements; not to be used after a fork."""

    def __init__(self, opened: OpenedEngine, *, prefix: str, timeout: float) -> None:
        """Connect to nothing yet.

        Args:
            opened: The engine.
            prefix: What the names of the tables begin with.
            timeout: How long an operation may take, in seconds.
        """
        self.engine, dialect, self.waits, self._is_own = opened
        if self._is_own:
            finalize(self, _close, self.engine, this_process())
        self._timeout = timeout
        self._prefix = prefix
        self._pause = waiting.Pause()
        self.use(dialect)

    def use(self, dialect: Dialect) -> None:
        """Write all statements in a dialect."""
        self._dialect = dialect
        self._statements = {
            name: Statement(written, self.engine.dialect)
            for name, written in write(dialect, self._prefix).items()
        }
        self._standing = self._statements["standing"]

    def check(self, given: dict[str, Any]) -> Any:
        """Perform the statement of a check; return its row.

        It leaves out SQLAlchemy's `Connection`, which takes 40 us of 110. What goes wrong is found
        out once more with it, as it knows what to do about that.
        """
        waiting.begin(self._timeout)
        row = self._find_standing(given) if self._is_own and not self._pause.is_on else None
        return row or self.read(lambda rows: rows.get("standing", **given), goes_on=True)

    def _find_standing(self, given: dict[str, Any]) -> Any:
        connection = None
        try:
            connection = self.engine.raw_connection()
            cursor = connection.cursor()
            cursor.execute(self._standing.text, self._standing.values(given))
            row = cursor.fetchone()
            cursor.close()
            connection.close()
        except BaseException as error:
            if connection is not None:
                # An answer that still comes must not be taken for the next one.
                connection.invalidate()
            if isinstance(error, PoolTimeout):
                raise self._unavailable(error, _Attempt()) from None
            if not isinstance(error, Exception):
                raise
            return None
        return row

    def read(self, work: Callable[[Rows], Result], *, goes_on: bool = False) -> Result:
        """Perform what only reads, each statement by itself.

        Args:
            work: What is read.
            goes_on: As for `write`.
        """

        def ask(_: _Attempt) -> Result:
            with self._connect() as connection:
                return work(self._rows(connection))

        return self._perform(ask, goes_on=goes_on)

    def write(self, work: Callable[[Rows], Result], *, goes_on: bool = False) -> Result:
        """Perform a whole transaction or nothing of it.

        Args:
            work: What is done in it; called again where the server rolled it back.
            goes_on: Whether it belongs to the operation before, and has what is left of its time.
        """
        return self._perform(lambda attempt: self._transact(work, attempt), goes_on=goes_on)

    def risks(self) -> list[str]:
        """Ask the server for the settings that endanger the data."""

        def ask(rows: Rows) -> Any:
            return rows.find("settings")

        found = self.read(ask)
        return [
            *self.waits,
            *(
                sentence
                for value, (danger, sentence) in zip(found, self._dialect.dangers, strict=True)
                if (str(value) == danger.removeprefix("!")) != danger.startswith("!")
            ),
        ]

    def migration(self, *, revision: str, down_revision: str | None) -> str:
        """Write an Alembic migration that makes the tables."""
        return schema.migration(
            self._prefix, self.engine.dialect, revision=revision, down_revision=down_revision
        )

    def __str__(self) -> str:
        url = self.engine.url
        port = f":{url.port}" if url.port else ""
        return f"{url.drivername}://{url.host or ''}{port}/{url.database or ''}"

    def _connect(self) -> Connection:
        """Take a connection of the pool, or make one.

        Raises:
            NotConnected: The driver takes no such parameters, or has another value for one.
        """
        try:
            return self.engine.connect()
        except FAULTS:
            raise
        except Exception as error:
            raise NotConnected(
                f"by {self.engine.driver}, whose parameters follow the ? of the URL:"
                f" {type(error).__name__} {first_line(error)}"
            ) from error

    def _rows(self, connection: Connection) -> Rows:
        return Rows(connection, self._statements, returns=self._dialect.returns)

    def _perform(self, act: Callable[[_Attempt], Result], *, goes_on: bool = False) -> Result:
        """Try, and try again what was rolled back, or found no tables, while there is time."""
        if not goes_on:
            waiting.begin(self._timeout)
        attempt = _Attempt()
        try:
            self._pause.check()
            for _ in range(_MOST_TRIES):
                try:
                    result = act(attempt)
                except NotBegun:
                    self._make_tables(attempt)
                except DBAPIError as error:
                    self._prepare_another_try(error, attempt)
                else:
                    self._pause.end()
                    return result
                waiting.time_left()
            raise TimeoutError("it was rolled back again and again")
        except FAULTS as error:
            raise self._unavailable(error, attempt) from None

    def _prepare_another_try(self, error: DBAPIError, attempt: _Attempt) -> None:
        """Do what helps before the next try, or raise the error again."""
        codes = codes_of(error)
        if self._dialect.missing in codes:
            self._make_tables(attempt)
        elif self._dialect.again.intersection(codes):
            time.sleep(min(waiting.time_left(), secrets.randbelow(_LONGEST_MOMENT) / 1000))
        elif not error.connection_invalidated:
            raise error

    def _transact(self, work: Callable[[Rows], Result], attempt: _Attempt) -> Result:
        with self._connect() as connection:
            for statement in self._dialect.begin:
                connection.exec_driver_sql(statement)
            attempt.is_answered = True
            try:
                result = work(self._rows(connection))
            except BaseException:
                _roll_back(connection)
                raise
            self._commit(connection)
            return result

    def _commit(self, connection: Connection) -> None:
        try:
            connection.exec_driver_sql("COMMIT")
        except DBAPIError as error:
            if self._dialect.again.intersection(codes_of(error)):
                _roll_back(connection)
                raise
            connection.invalidate()
            raise Unsure("the COMMIT was not answered") from error

    def _make_tables(self, attempt: _Attempt) -> None:
        def make(rows: Rows) -> None:
            schema.make_missing(rows, self._prefix, patience=self._timeout / 2)

        self._transact(make, attempt)

    def _unavailable(self, error: Exception, attempt: _Attempt) -> Unavailable:
        if not isinstance(error, waiting.Paused):
            is_hanging = not attempt.is_answered and waiting.deadline().is_over()
            if is_hanging and not isinstance(error, PoolTimeout):
                self._pause.begin()
            _logger.warning(
                "the store %s cannot be used: %s%s", self, describe(error), self._remedy(error)
            )
        return Unavailable(
            "The token store is out of reach", retry_after=1, reason=Reason.STORE_UNAVAILABLE
        )

    def _remedy(self, error: Exception) -> str:
        codes = codes_of(error) if isinstance(error, DBAPIError) else ()
        return _GRANT if self._dialect.forbidden.intersection(codes) else ""


def _close(engine: Engine, opener: Process) -> None:
    """Close the connections that idle, but for those that came with a fork."""
    if this_process() == opener:
        engine.dispose()


def _roll_back(connection: Connection) -> None:
    """Leave no transaction open on a connection that goes back to its pool."""
    if connection.invalidated:
        return
    try:
        connection.exec_driver_sql("ROLLBACK")
    except FAULTS:
        connection.invalidate()
