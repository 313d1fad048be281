"""Users' notes; each query names its owner, so that no one meets another's.

An owner is a subject of our own tokens: another issuer's may have the same name.
"""

from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, abort, g, url_for
from flask.typing import ResponseReturnValue

from flask_tokenguard import token_required

from .database import current_database
from .incoming import texts

blueprint = Blueprint("notes", __name__, url_prefix="/notes")
MOST_CHARACTERS = 4000


@blueprint.get("")
@token_required(scope="notes:read", issuers="own")
def newest() -> list[dict[str, Any]]:
    """List the caller's newest notes, a hundred at most."""
    return newest_of(g.claims["sub"])


@blueprint.post("")
@token_required(scope="notes:write", issuers="own", user=True)
def write() -> ResponseReturnValue:
    """Write a note; its owner must still exist, which `user=True` makes sure of."""
    (text,) = texts(text=MOST_CHARACTERS)
    note = add(g.claims["sub"], text)
    return read(note), 201, {"Location": url_for("notes.read", note=note)}


@blueprint.get("/<uuid:note>")
@token_required(scope="notes:read", issuers="own")
def read(note: UUID) -> dict[str, Any]:
    """Show one note; another user's is as unknown as one that never was."""
    row = (
        current_database()
        .execute(
            "SELECT id, text, written_at FROM notes WHERE id = ? AND owner = ?",
            (str(note), g.claims["sub"]),
        )
        .fetchone()
    )
    return dict(row) if row is not None else abort(404)


@blueprint.delete("/<uuid:note>")
@token_required(scope="notes:write", issuers="own")
def delete(note: UUID) -> ResponseReturnValue:
    """Delete one note."""
    return ("", 204) if remove(g.claims["sub"], note) else abort(404)


def newest_of(owner: str) -> list[dict[str, Any]]:
    """List a user's newest notes, a hundred at most."""
    rows = current_database().execute(
        "SELECT id, text, written_at FROM notes WHERE owner = ? ORDER BY rowid DESC LIMIT 100",
        (owner,),
    )
    return [dict(row) for row in rows]


def add(owner: str, text: str) -> UUID:
    """Write a user's note."""
    note = uuid4()
    with current_database() as database:
        database.execute(
            "INSERT INTO notes (id, owner, text) VALUES (?, ?, ?)", (str(note), owner, text)
        )
    return note


def remove(owner: str, note: UUID) -> bool:
    """Delete a user's note; return whether there was one."""
    with current_database() as database:
        deleted = database.execute(
            "DELETE FROM notes WHERE id = ? AND owner = ?", (str(note), owner)
        )
    return deleted.rowcount == 1
