"""Engines: a pool of the store's own, made from a URL, or the app's where it is shared.

A request may hold the last connection of the app's pool, so that a store which waits for one more
of the same pool waits for itself.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from sqlalchemy import URL, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import Dialect as SqlDialect
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.util.queue import Queue

from ...errors import ConfigurationError
from .. import waiting
from .dialects import DIALECTS, Dialect

_DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
_EXTRA = "pip install 'flask-tokenguard[sql]'"
_UNBOUNDED = (
    "TOKENGUARD_STORAGE_TIMEOUT does not hold with {driver}: a server that hangs keeps requests"
    " waiting; name postgresql+psycopg://, mysql+pymysql:// or mariadb+pymysql://."
)
_SHARED = (
    "TOKENGUARD_STORAGE_TIMEOUT does not hold on the app's own pool (share_pool): a server that"
    " hangs keeps requests waiting, and so does a pool whose last connection a request holds."
)


class _Queue(Queue[Any]):
    """Connections of which one is waited for no longer than the operation may take."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - SQLAlchemy's
        if block:
            left = waiting.time_left()
            timeout = left if timeout is None else min(timeout, left)
        return super().get(block, timeout)


class BoundedPool(QueuePool):
    """A pool whose timeout is what is left of the operation, if that is less."""

    _queue_class = _Queue


class OpenedEngine(NamedTuple):
    """An engine whose connections are in AUTOCOMMIT.

    Attributes:
        engine: The engine.
        dialect: Its database's words.
        risks: What may keep an operation waiting for longer than it may.
        is_own: Whether nobody else uses it.
    """

    engine: Engine
    dialect: Dialect
    risks: tuple[str, ...]
    is_own: bool


def read_url(uri: str) -> URL:
    """Read a URL, and choose a driver where it names none.

    Raises:
        ConfigurationError: It is malformed, or names another database, or a parameter has no value;
            it is never quoted.
    """
    try:
        url = make_url(uri)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "TOKENGUARD_STORAGE_URI is malformed: write postgresql+psycopg://USER:PASSWORD@HOST"
            "/DATABASE, and percent-encode a password's special characters"
        ) from None
    _check_parameters(uri)
    return _with_driver(url)


def open_own(url: URL, *, timeout: float, options: dict[str, Any]) -> OpenedEngine:
    """Make an engine with a pool of its own; it connects when it is first used.

    Args:
        url: Where.
        timeout: For how long to wait for a connection of the pool, in seconds.
        options: Further ones of `create_engine`.

    Raises:
        ConfigurationError: Its driver is not installed, or waits for an event loop, or a parameter
            of the URL is of another kind.
    """
    url, dialect = _with_driver(url), _dialect_of(url.get_backend_name())
    given = {
        "isolation_level": "AUTOCOMMIT",
        # What ends a transaction of ours is written by us; PyMySQL would ask the server each time.
        "skip_autocommit_rollback": True,
        "hide_parameters": True,
        # As many as SQLAlchemy opens at most, but none that is closed after each burst.
        "pool_size": 15,
        "max_overflow": 0,
        "poolclass": BoundedPool,
        "pool_timeout": timeout,
    }
    try:
        _check_is_sync(url.get_dialect())
        engine = create_engine(url, **{**given, **options})
        connect = _bounded_connect(engine.driver)
    except (ImportError, NoSuchModuleError) as error:
        raise ConfigurationError(_explain_no_driver(url, error)) from None
    except (ArgumentError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"TOKENGUARD_STORAGE_URI has a parameter after its ? which {url.drivername}:// does not"
            f" take, or its value is of another kind ({type(error).__name__})"
        ) from None
    if connect is None:
        return OpenedEngine(
            engine, dialect, (_UNBOUNDED.format(driver=engine.driver),), is_own=True
        )

    def do_connect(_dialect: Any, _record: Any, args: list[Any], options: dict[str, Any]) -> Any:
        return connect(*args, **options)

    event.listen(engine, "do_connect", do_connect)
    return OpenedEngine(engine, dialect, (), is_own=True)


def _explain_no_driver(url: URL, error: Exception) -> str:
    """Return what to install, or to write in place of a driver that our extra does not bring."""
    backend, driver = url.get_backend_name(), url.get_driver_name()
    ours = _DRIVERS[backend]
    if driver == ours:
        reason = str(error).partition("\n")[0]
        return f"TOKENGUARD_STORAGE_URI needs the driver {ours} ({reason}): {_EXTRA}"
    return (
        f"TOKENGUARD_STORAGE_URI names {url.drivername}://, and the driver {driver} is not"
        f" installed; write {backend}+{ours}://, whose driver comes by {_EXTRA}"
    )


def share(engine: Engine) -> OpenedEngine:
    """Use an engine of the app, and its pool.

    Raises:
        ConfigurationError: It is for another database, or waits for an event loop.
    """
    dialect = _dialect_of(engine.dialect.name)
    _check_is_sync(engine.dialect)
    return OpenedEngine(
        engine.execution_options(isolation_level="AUTOCOMMIT"), dialect, (_SHARED,), is_own=False
    )


def _bounded_connect(driver: str) -> Callable[..., Any] | None:
    """Return what connects by a driver within the deadline, or None for one without bounds."""
    if driver == "psycopg":
        from .bounded_psycopg import connect as by_psycopg  # noqa: PLC0415 - one of two drivers

        return by_psycopg
    if driver == "pymysql":
        from .bounded_pymysql import connect as by_pymysql  # noqa: PLC0415 - the other one

        return by_pymysql
    return None


def _check_parameters(uri: str) -> None:
    """Refuse a parameter without a value, which SQLAlchemy drops: `ssl_ca=` would demand no TLS."""
    # A password may have a ? too, and is followed by an @.
    found = re.search(r"\?([^?@]*)\Z", uri)
    values = parse_qsl(found[1] if found else "", keep_blank_values=True)
    if not all(value for _, value in values):
        raise ConfigurationError(
            "TOKENGUARD_STORAGE_URI has a parameter without a value after its ?; write one, or"
            " leave the parameter out"
        )


def _with_driver(url: URL) -> URL:
    backend = url.get_backend_name()
    _dialect_of(backend)
    if "+" in url.drivername:
        return url
    return url.set(drivername=f"{backend}+{_DRIVERS[backend]}")


def _dialect_of(name: str) -> Dialect:
    if name == "sqlite":
        raise ConfigurationError(
            "SQLStore is for PostgreSQL, MariaDB and MySQL; for SQLite leave store= out and set"
            " TOKENGUARD_STORAGE_URI=sqlite:///FILE"
        )
    if name not in DIALECTS:
        raise ConfigurationError(
            "SQLStore is for postgresql+psycopg://, mysql+pymysql:// and mariadb+pymysql://"
        )
    return DIALECTS[name]


def _check_is_sync(dialect: SqlDialect | type[SqlDialect]) -> None:
    if dialect.is_async:
        raise ConfigurationError(
            f"The driver {dialect.driver} waits for an event loop: name postgresql+psycopg://,"
            " mysql+pymysql:// or mariadb+pymysql://"
        )
