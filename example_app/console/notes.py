"""The page of notes, with what the token does not allow beside what it does."""

from typing import Any
from uuid import UUID

from flask import abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from flask_tokenguard import token_required

from ..incoming import form_texts
from ..notes import MOST_CHARACTERS, add, newest_of, remove
from ..tour.exchange import Exchange
from ..tour.narrator import Expected
from .pages import blueprint
from .play import Play


@blueprint.get("/console/notes")
@token_required(scope="notes:read", issuers="own")
def notes() -> str:
    """List the user's notes; without the scope to write, show the answer that would come."""
    newest = newest_of(g.claims["sub"])
    refused = [] if "notes:write" in g.claims.scopes else _try_to_write(newest)
    return render_template(
        "console/notes.html", notes=newest, refused=refused, most=MOST_CHARACTERS
    )


@blueprint.post("/console/notes")
@token_required(scope="notes:write", issuers="own", user=True)
def write_note() -> ResponseReturnValue:
    """Write a note."""
    (text,) = form_texts(text=MOST_CHARACTERS)
    add(g.claims["sub"], text)
    return redirect(url_for("console.notes"), 303)


@blueprint.post("/console/notes/<uuid:note>/delete")
@token_required(scope="notes:write", issuers="own")
def delete_note(note: UUID) -> ResponseReturnValue:
    """Delete a note."""
    if not remove(g.claims["sub"], note):
        abort(404)
    return redirect(url_for("console.notes"), 303)


def _try_to_write(notes: list[dict[str, Any]]) -> list[Exchange]:
    """Send what the token does not allow, with the cookies of this request."""
    play = Play()
    lines = ["POST /notes", *(f"DELETE /notes/{note['id']}" for note in notes[:1])]
    for line in lines:
        play.narrator.ask(
            "What would come if you tried:",
            line,
            Expected(403, {"error": "insufficient_scope", "scope": "notes:write"}),
            headers={"Cookie": request.headers["Cookie"], "Sec-Fetch-Site": "same-origin"},
        )
    return play.steps
