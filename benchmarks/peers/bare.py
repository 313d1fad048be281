"""Flask without any extension: the view is open."""

from flask import Flask, Response, request

from .note import Guarded, View, serve_note

_PRIVATE = [("Vary", "Cookie"), ("Cache-Control", "private, no-store")]


def make_app() -> Flask:
    """Make the app."""
    return serve_note(Flask(__name__), lambda view: view)


def make_app_with_cookies(*, is_private: bool) -> Flask:
    """Make an app that looks at the request's cookies once.

    Args:
        is_private: Whether its answers have what keeps them from other browsers, as they should.
    """

    def reading(view: View) -> View:
        def read_and_serve() -> str:
            assert request.cookies
            return view()

        return read_and_serve

    def private(view: View) -> Guarded:
        def serve_private() -> Response:
            return Response(view(), headers=_PRIVATE)

        return serve_private

    app = Flask(__name__)
    return serve_note(app, (lambda view: private(reading(view))) if is_private else reading)
