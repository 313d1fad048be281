"""The SQLite database: its tables, and one connection for each request.

Values reach SQL only as parameters, never as part of its text.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from flask import Flask, current_app, g

# An id is random and never used again: a token that outlives its user must not become another's.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    scope TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS notes (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    written_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ'))
);
CREATE INDEX IF NOT EXISTS notes_of_owner ON notes (owner);
"""


def init_app(app: Flask) -> None:
    """Close an app's connections when their requests end."""
    app.teardown_appcontext(_close)


def create(path: Path) -> None:
    """Make the tables that are not there yet."""
    with closing(connect(path)) as connection:
        connection.executescript(_SCHEMA)


def connect(path: Path) -> sqlite3.Connection:
    """Open the database; the caller closes it."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def current_database() -> sqlite3.Connection:
    """Get the request's connection; `with` it to write, so that a change is whole or not at all."""
    if "database" not in g:
        g.database = connect(current_app.config["DATABASE"])
    connection: sqlite3.Connection = g.database
    return connection


def _close(_error: BaseException | None) -> None:
    connection = g.pop("database", None)
    if connection is not None:
        connection.close()
