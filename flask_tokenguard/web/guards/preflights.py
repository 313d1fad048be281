"""Preflights: a browser's questions before a request to another site, which bring no token."""

from copy import copy
from typing import cast

from flask import Request, Response, after_this_request, current_app, request
from werkzeug.routing import MapAdapter


def is_preflight(request: Request) -> bool:
    """Check for a CORS preflight, which browsers send without credentials (Fetch standard)."""
    return (
        request.method == "OPTIONS"
        and "HTTP_ORIGIN" in request.environ
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.environ
    )


def answer_preflight() -> Response:
    """Answer a preflight of a guarded endpoint in its view's place, as Flask answers OPTIONS.

    Flask's own method for it takes the context from 3.2 on, and nothing before.
    """
    adapter = cast(MapAdapter, current_app.create_url_adapter(request))
    response = current_app.response_class()
    response.allow.update(adapter.allowed_methods())
    return response


def pass_preflight_on() -> None:
    """Let decorators above a guard answer a preflight, such as those of flask-cors.

    Only what they add for CORS goes out: one of them could be a cache.
    """
    after_this_request(_only_cors)


def _only_cors(answer: Response) -> Response:
    # A copy, since a view may answer with one object for ever, and has the marks of flask-cors.
    kept = copy(answer)
    kept.headers = answer_preflight().headers
    kept.headers.extend(
        [
            (name, value)
            for name, value in answer.headers
            if name.lower().startswith("access-control-") or name.lower() == "vary"
        ]
    )
    kept.set_data(b"")
    kept.status_code = 200
    return kept
