"""URIs of stores: open the store that one names, whose module is imported only then."""

import re
from pathlib import Path

from ..arguments.files import NamedFile
from ..clock import Clock, Steady, wall_clock
from ..errors import ConfigurationError
from .base import Store

_FILE = "sqlite:///"
_SERVERS = ("redis", "rediss", "valkey", "valkeys")
_DATABASES = ("postgresql", "mysql", "mariadb")
_BEGIN = re.compile(r"([a-zA-Z][a-zA-Z0-9+]{0,30})(:/{0,3})")
# What the beginning of a URI should be, where that is not the scheme and two slashes.
_MEANT = {
    "sqlite": f"{_FILE}tokenguard.db",
    "postgres": "postgresql+psycopg://",
}
_KNOWN = {"memory", "sqlite", "postgres", *_SERVERS, *_DATABASES}


def open_store(
    uri: str,
    *,
    folder: Path,
    prefix: str,
    timeout: float,
    clock: Clock = wall_clock,
    monotonic: Clock = Steady.now,
) -> Store:
    """Make the store of a URI; a file is made and checked, a server is not asked yet.

    Args:
        uri: `memory://`, `sqlite:///FILE`, or one of `RedisStore` or `SQLStore`.
        folder: Where the relative name of a file starts.
        prefix: What the names of a server's keys, or of a database's tables, begin with.
        timeout: How long an operation may wait as a whole, in seconds.
        clock: Seconds since the epoch, UTC, for a store that has no clock of its own.
        monotonic: Seconds of a clock that is never set.

    Raises:
        ConfigurationError: The URI is malformed, its file is not ours, or a library is missing.
    """
    scheme = uri.partition("://")[0]
    if uri == "memory://":
        from .memory import MemoryStore  # noqa: PLC0415 - imported when used

        return MemoryStore(clock=clock, monotonic=monotonic)
    if uri.startswith(_FILE) and uri != _FILE:
        from .sqlite.store import SqliteStore  # noqa: PLC0415 - imported when used

        path = _file_of(uri.removeprefix(_FILE), folder)
        store = SqliteStore(path, timeout=timeout, clock=clock, monotonic=monotonic)
        store.check()
        return store
    if scheme.split("+")[0] in _SERVERS:
        from .redis.store import RedisStore  # noqa: PLC0415 - imported when used

        return RedisStore(uri, prefix=prefix, timeout=timeout, folder=folder)
    if scheme.split("+")[0] in _DATABASES:
        from .sql.store import SQLStore  # noqa: PLC0415 - imported when used

        return SQLStore(uri, prefix=prefix, timeout=timeout, clock=clock)
    raise ConfigurationError(
        "TOKENGUARD_STORAGE_URI must be memory://, sqlite:///FILE, redis://HOST:PORT/DB,"
        " redis+sentinel://HOST,HOST/SERVICE, redis+cluster://HOST,HOST,"
        " postgresql+psycopg://HOST/DB, mysql+pymysql://HOST/DB or mariadb+pymysql://HOST/DB;"
        f" valkey may stand for redis, and rediss or valkeys asks for TLS{_compare(uri)}"
    )


def _compare(uri: str) -> str:
    """Return how a URI that is none begins, and how it should; nothing else of it."""
    begin = _BEGIN.match(uri)
    if begin is None:
        return ""
    scheme, slashes = begin[1].lower(), begin[2]
    meant = _MEANT.get(scheme) or (f"{scheme}://" if slashes != "://" or scheme != begin[1] else "")
    remedy = f"; write {meant}" if scheme in _KNOWN else ""
    return f"; it begins with {begin[0]}{remedy}"


def _file_of(name: str, folder: Path) -> Path:
    if name.startswith(":memory:"):
        raise ConfigurationError(
            "TOKENGUARD_STORAGE_URI names no file; for a store in memory, of one process, set"
            " memory://"
        )
    if name.startswith("file:") or "?" in name:
        raise ConfigurationError(
            "TOKENGUARD_STORAGE_URI must have the plain name of a file after sqlite:///, without"
            " file: and ?"
        )
    try:
        return NamedFile(name, folder).locate()
    except ValueError as error:
        raise ConfigurationError(f"TOKENGUARD_STORAGE_URI names a file that {error}") from None
