"""Rows: the statements of a store, performed by their names on a connection."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine.interfaces import Dialect as SqlDialect


class NotBegun(Exception):
    """The store has no epoch yet."""


class Statement:
    """A statement as the driver takes it.

    Attributes:
        text: Its text.
    """

    __slots__ = ("_names", "text")

    def __init__(self, written: str, dialect: SqlDialect) -> None:
        compiled = text(written).compile(dialect=dialect)
        self.text = str(compiled)
        # Of a driver that takes values by their places.
        self._names: Sequence[str] | None = getattr(compiled, "positiontup", None)

    def values(self, given: dict[str, Any]) -> Any:
        """Arrange what is given as the driver takes it."""
        return given if self._names is None else tuple([given[name] for name in self._names])


class Rows:
    """The rows of a store: its statements, performed by their names on a connection.

    Attributes:
        connection: The connection.
        returns: Whether an INSERT may return what it wrote.
    """

    __slots__ = ("_statements", "connection", "returns")

    def __init__(
        self, connection: Connection, statements: dict[str, Statement], *, returns: bool
    ) -> None:
        self.connection = connection
        self._statements = statements
        self.returns = returns

    def do(self, name: str, /, **given: Any) -> int:
        """Perform a statement; return how many rows it changed."""
        statement = self._statements[name]
        return self.connection.exec_driver_sql(statement.text, statement.values(given)).rowcount

    def find(self, name: str, /, **given: Any) -> Any:
        """Return the first row, or None."""
        statement = self._statements[name]
        return self.connection.exec_driver_sql(statement.text, statement.values(given)).first()

    def get(self, name: str, /, **given: Any) -> Any:
        """Return the row that there is once the store has begun.

        Raises:
            NotBegun: There is none.
        """
        row = self.find(name, **given)
        if row is None:
            raise NotBegun
        return row

    def all(self, name: str, /, **given: Any) -> Sequence[Any]:
        """Return all rows."""
        statement = self._statements[name]
        return self.connection.exec_driver_sql(statement.text, statement.values(given)).all()
