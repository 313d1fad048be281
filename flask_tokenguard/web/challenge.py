"""Answers: to refused requests (RFC 6750 section 3), to preflights, and with a token in them.

A refusal names the rule that failed; never a key, a foreign exception's text or the token.
"""

import functools
import json
import logging
import re
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from flask import (
    Request,
    Response,
    after_this_request,
    current_app,
    has_request_context,
    request,
)
from werkzeug.routing import MapAdapter

from ..errors import (
    NQSCHAR,
    InsufficientAuthentication,
    InsufficientScope,
    Refusal,
    TokenMissing,
    Unavailable,
)
from ..quoting import quote
from ..signals import send, token_issued, token_rejected
from .parts import Parts

P = ParamSpec("P")
R = TypeVar("R")
_NOT_QUOTABLE = re.compile(f"[^{NQSCHAR}]")
_logger = logging.getLogger("flask_tokenguard")


def challenge(error: Refusal, realm: str) -> str:
    """Write the value of the one `WWW-Authenticate` header (RFC 9110 section 11.6.1)."""
    parameters = {"realm": realm}
    if not isinstance(error, TokenMissing):
        parameters["error"] = error.error
        parameters["error_description"] = error.description
    if isinstance(error, InsufficientScope) and error.scope:
        parameters["scope"] = " ".join(error.scope)
    if isinstance(error, InsufficientAuthentication):
        parameters["max_age"] = str(error.max_age)
    return "Bearer " + ", ".join(
        f'{name}="{_NOT_QUOTABLE.sub("?", value)}"' for name, value in parameters.items()
    )


def build_response(error: Refusal, realm: str) -> Response:
    """Build the finished answer: status, challenge and a JSON body."""
    response = Response(json.dumps(error.data), error.code, mimetype="application/json")
    if error.has_challenge:
        response.headers["WWW-Authenticate"] = challenge(error, realm)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def report(error: Refusal, parts: Parts, *, refused: bool = True) -> None:
    """Log a refusal and send `token_rejected`.

    Args:
        error: Why the token is bad, or that there is none.
        parts: Those of the app.
        refused: Whether the request is refused for it; an open route is served all the same.
    """
    endpoint = request.endpoint if has_request_context() else None
    if _logger.isEnabledFor(logging.INFO):
        names = {"endpoint": endpoint, "issuer": error.issuer, "kid": error.kid}
        _logger.info(
            "token %s: %s, %s%s%s",
            "refused" if refused else "passed over",
            error.reason,
            quote(error.description),
            error.detail and f"; {error.detail}",
            "".join(f"; {name} {quote(text)}" for name, text in names.items() if text is not None),
        )
    send(
        token_rejected,
        parts.app,
        error=error,
        reason=error.reason,
        refused=refused,
        issuer=error.issuer,
        kid=error.kid,
        endpoint=endpoint,
    )


def finish(error: Refusal, parts: Parts, *, is_reported: bool = False) -> None:
    """Report a refusal, and give it its finished answer, which others then send unchanged.

    Args:
        error: About to be raised, or raised again.
        parts: Those of the app.
        is_reported: Whether it was kept, and reported then.
    """
    if not is_reported:
        report(error, parts)
    error.response = build_response(error, parts.realm)


def finishes_refusals(
    function: Callable[Concatenate[Parts, P], R],
) -> Callable[Concatenate[Parts, P], R]:
    """Finish what a function refuses; it takes the parts of an app first."""

    @functools.wraps(function)
    def wrapper(parts: Parts, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(parts, *args, **kwargs)
        except Refusal as error:
            finish(error, parts)
            raise

    return wrapper


def announce(parts: Parts, claims: Mapping[str, Any]) -> None:
    """Send `token_issued`, and set `no-store` on the response to a request under way."""
    if has_request_context():
        after_this_request(set_no_store)
    if token_issued.receivers:
        send(token_issued, parts.app, claims=claims)


def set_no_store(response: Response) -> Response:
    """Keep an answer to a request for tokens out of caches."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"  # RFC 6749 section 5.1 asks for both.
    return response


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
