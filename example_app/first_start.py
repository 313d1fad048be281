"""What the demonstration needs at its first start: a key ring, a database, and users to try.

Nothing secret is in the source. A file that exists is kept, so a later start changes nothing.
"""

import json
import os
import secrets
import time
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from werkzeug.security import generate_password_hash

from flask_tokenguard.keys import make_ring, read_ring

from . import database

# Name: role, scope.
DEMO_USERS = {
    "alice": ("member", "notes:read notes:write"),
    "bob": ("member", "notes:read"),
    "carol": ("admin", "notes:read"),
}
PASSWORDS_FILE = "demo-passwords.json"


def prepare(folder: Path) -> dict[str, str]:
    """Make what the folder lacks.

    Returns:
        The demo users' passwords, by name.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not read_ring(folder / "keyring"):
        make_ring(folder / "keyring", alg="ES256", password=None, now=int(time.time()))
    passwords = _make_passwords(folder / PASSWORDS_FILE)
    _make_database(folder / "notes.db", passwords)
    return passwords


def _make_passwords(path: Path) -> dict[str, str]:
    new = {name: secrets.token_urlsafe(9) for name in DEMO_USERS}
    _write_once(path, json.dumps(new, indent=2).encode())
    passwords: dict[str, str] = json.loads(path.read_text())
    return passwords


def _make_database(path: Path, passwords: dict[str, str]) -> None:
    """Make the tables, and the users with the passwords of the file, if they were changed too."""
    _write_once(path, b"")
    database.create(path)
    with closing(database.connect(path)) as connection, connection:
        for name, (role, scope) in DEMO_USERS.items():
            connection.execute(
                "INSERT INTO users (id, name, password_hash, role, scope) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash",
                (str(uuid4()), name, generate_password_hash(passwords[name]), role, scope),
            )
        # He may write none, and shall have one to try and delete.
        connection.execute(
            "INSERT INTO notes (id, owner, text) SELECT ?, id, ? FROM users WHERE name = 'bob'"
            " AND NOT EXISTS (SELECT 1 FROM notes WHERE owner = users.id)",
            (str(uuid4()), "A note for Bob, who may read it and not delete it"),
        )


def _write_once(path: Path, content: bytes) -> None:
    """Write a file for its owner's eyes only, unless it exists."""
    try:
        # The mode is there from the start: a chmod afterwards leaves a moment to read the file.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
