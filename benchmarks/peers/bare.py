"""Flask without any extension: the view is open."""

from flask import Flask

from .note import serve_note


def make_app() -> Flask:
    """Make the app."""
    return serve_note(Flask(__name__), lambda view: view)
