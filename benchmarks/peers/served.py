"""What gunicorn serves for `benchmarks.servers`: the app that SERVED names, on the key in KEY."""

import os

from flask import Flask, g

from flask_tokenguard import token_required

from . import bare, ours

SUBJECT_PATH = "/subject"


def make_app() -> Flask:
    """Make bare Flask's app, or ours with a view more, which returns the subject of the token."""
    if os.environ["SERVED"] == "bare":
        return bare.make_app()
    app = ours.make_app(KEY=os.environ["KEY"])

    @app.get(SUBJECT_PATH)
    @token_required
    def subject() -> str:
        return str(g.claims["sub"])

    return app
