"""The one view that every app serves, and what every token states."""

from collections.abc import Callable
from typing import TypeAlias

from flask import Flask, Response

View: TypeAlias = Callable[[], str]
Guarded: TypeAlias = Callable[[], str | Response]

PATH = "/note"
ENDPOINT = "note"
SUBJECT = "user-1729"
SCOPE = "notes:read notes:write"
OWN_CLAIMS = {"role": "editor"}


def serve_note(app: Flask, guard: Callable[[View], Guarded]) -> Flask:
    """Add the view to an app, behind its guard."""

    @app.route(PATH, endpoint=ENDPOINT, methods=["GET", "POST"])
    @guard
    def note() -> str:
        return "Milk, bread, a pound of flour."

    return app
