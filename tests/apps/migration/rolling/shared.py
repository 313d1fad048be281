"""What both versions share: users and revoked tokens, in one database."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

SECRET = os.environ.get("ROLLING_SECRET", "")
FOLDER = Path(os.environ.get("ROLLING_FOLDER", "."))
DAY = 86_400
_TABLE = "CREATE TABLE IF NOT EXISTS revoked (jti TEXT PRIMARY KEY)"


def clock() -> float:
    """Return the time, as far ahead as the file has it."""
    ahead = FOLDER / "ahead"
    return time.time() + (float(ahead.read_text()) if ahead.exists() else 0)


def revoke(jti: str) -> None:
    """Put a token into the list that both versions ask."""
    with closing(_connect()) as database:
        database.execute("INSERT OR IGNORE INTO revoked VALUES (?)", (jti,))


def is_revoked(jti: str) -> bool:
    """Return whether a token is in it."""
    with closing(_connect()) as database:
        found = database.execute("SELECT 1 FROM revoked WHERE jti = ?", (jti,))
        return found.fetchone() is not None


def _connect() -> sqlite3.Connection:
    database = sqlite3.connect(FOLDER / "app.db", timeout=30, isolation_level=None)
    database.execute(_TABLE)
    return database
