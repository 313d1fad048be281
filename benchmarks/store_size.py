"""What a store keeps for one revoked token, in bytes: file, server's memory, table with indexes."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from redis import Redis

from . import revocation_server
from .pairing import Spread
from .peers import ours
from .report import Row, Table, run
from .request_revocation import fill
from .signing_keys import SigningKey

FULL, SHORT = 20_000, 200
_APPS: list[Flask] = []


def main() -> None:
    """Print a row for each kind of store that is here."""
    run(__doc__, measure, full=FULL, short=SHORT)


def measure(revoked: int) -> Iterator[Table]:
    """Revoke, and see by how much it grew."""
    rows = [row("SQLite", bytes_in_file(revoked))]
    if revocation_server.is_here():
        rows.append(row("Valkey", bytes_in_server(revoked)))
    with revocation_server.postgresql() as uri:
        if uri is not None:
            rows.append(row("PostgreSQL", bytes_in_database(uri, revoked)))
    yield Table("store-size", f"Bytes for a revoked token: {revoked:,} tokens", "bytes", rows)


def row(name: str, kept: float) -> Row:
    """Write one figure, which does not spread."""
    return Row(f"{name} revoked", {"bytes": Spread(kept, kept, kept)})


def bytes_in_file(revoked: int) -> float:
    """Fill a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "store.db")
        app_with_store(f"sqlite:///{path}")
        before = file_size(path)
        fill(path, revoked)
        return (file_size(path) - before) / revoked


def file_size(path: Path) -> int:
    """Fold the write ahead log into the file, and measure that."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def bytes_in_server(revoked: int) -> float:
    """Revoke through the store, whose entries expire by themselves."""
    with revocation_server.server() as port, Redis(port=port) as client:
        revocation = app_with_store(f"valkey://127.0.0.1:{port}").revocation
        expires = int(time.time()) + 3600
        revocation.revoke_id("first", subject="user", expires=expires)
        before = used_memory(client)
        for number in range(revoked):
            revocation.revoke_id(f"token-{number}", subject=f"user-{number}", expires=expires)
        return (used_memory(client) - before) / revoked


def bytes_in_database(uri: str, revoked: int) -> float:
    """Fill a table, and measure it with its indexes."""
    from flask_tokenguard.stores import SQLStore  # noqa: PLC0415 - needs the extra

    store = SQLStore(uri, timeout=10)
    revocation_server.fill_database(store, revoked)
    with store.engine.connect() as connection:
        size = connection.exec_driver_sql("SELECT pg_total_relation_size('tokenguard_revoked')")
        octets = int(size.scalar_one())
    store.engine.dispose()
    return octets / revoked


def used_memory(client: Redis) -> int:
    """Ask the server how much it has allocated."""
    told: Any = client.info("memory")
    return int(told["used_memory"])


def app_with_store(uri: str) -> Any:
    """Make an app's parts, whose store has begun."""
    app = ours.make_app(KEY=SigningKey.generate("HS256").text, STORAGE_URI=uri)
    with app.app_context():
        ours.issue()
    # Collected while the process lives on, an app would leave its connection open.
    _APPS.append(app)
    return app.extensions["tokenguard"]


if __name__ == "__main__":
    main()
