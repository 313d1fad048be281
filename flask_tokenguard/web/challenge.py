"""Answers: to refused requests (RFC 6750 section 3), and with a token in them.

A refusal names the rule that failed; never a key, a foreign exception's text or the token.
"""

import functools
import json
import logging
import re
from collections.abc import Callable, Mapping
from copy import copy
from http.client import OK
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from weakref import ref

from flask import (
    Flask,
    Response,
    after_this_request,
    current_app,
    has_request_context,
    request,
)
from werkzeug.datastructures import Headers

from ..config.cookies import PRIVATE
from ..errors import (
    NQSCHAR,
    InsufficientAuthentication,
    InsufficientScope,
    Refusal,
    TokenMissing,
    Unavailable,
)
from ..quoting import quote
from ..signals import log_raised, send, token_issued, token_rejected
from .parts import EXTENSION, Parts, parts_of, resolver

P = ParamSpec("P")
R = TypeVar("R")
_CHECK = "check a token"
_NOT_QUOTABLE = f"[^{NQSCHAR}]"
_current_request = resolver(request)
# Where a request keeps the answers to refusals, by the ids of these; and the mark of an answer.
_ANSWERS = "_tokenguard_answers"
_OURS = "_tokenguard_answer"
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
        f'{name}="{re.sub(_NOT_QUOTABLE, "?", value)}"' for name, value in parameters.items()
    )


def build_response(error: Refusal, realm: str) -> Response:
    """Build our answer: status, challenge and a JSON body."""
    response = Response(json.dumps(error.body), error.code, mimetype="application/json")
    if error.has_challenge:
        response.headers["WWW-Authenticate"] = challenge(error, realm)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def report(error: Refusal, parts: Parts, *, refused: bool = True, act: str = _CHECK) -> None:
    """Log a refusal and send `token_rejected`.

    Args:
        error: Why the token is bad, or that there is none; an outage is no fault of a token.
        parts: Those of the app.
        refused: Whether the request is refused for it; an open route is served all the same.
        act: What was refused, as an imperative.
    """
    endpoint = request.endpoint if has_request_context() else None
    if _logger.isEnabledFor(logging.INFO):
        names = {"endpoint": endpoint, "issuer": error.issuer, "kid": error.kid}
        outcome = f"cannot {act}" if isinstance(error, Unavailable) else "token refused"
        _logger.info(
            "%s: %s, %s%s%s",
            outcome if refused else "token passed over",
            error.reason,
            quote(error.description),
            error.detail and f"; {error.detail}",
            "".join(f"; {name} {quote(text)}" for name, text in names.items() if text is not None),
            extra=_fields(reason=error.reason, refused=refused, **names),
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


def _fields(**values: object) -> dict[str, object]:
    """Name the fields of a log record; with a prefix, since logging fails where one is there."""
    return {f"tokenguard_{name}": value for name, value in values.items()}


def finish(error: Refusal, parts: Parts, *, act: str = _CHECK, is_reported: bool = False) -> None:
    """Report a refusal, and give it its finished answer, which others then send unchanged.

    Args:
        error: About to be raised, or raised again.
        parts: Those of the app.
        act: What was refused, as an imperative.
        is_reported: Whether it was kept, and reported then.
    """
    if not is_reported:
        report(error, parts, act=act)
    complete(error, parts)


def complete(error: Refusal, parts: Parts) -> Response:
    """Build the finished answer of a refusal, once a request; the app's callback may shape it.

    The request keeps the answer, for an app may raise one object in several requests at a time. One
    that the app gave its error itself stays.
    """
    given = cast(Response | None, error.response)
    if given is not None and not hasattr(given, _OURS):
        return given
    if not has_request_context():
        return _answer(error, build_response(error, parts.realm))
    answers = vars(_current_request()).setdefault(_ANSWERS, {})
    asked, known = answers.get(id(error), (None, None))
    if asked is not None and asked() is error:
        return cast(Response, known)
    login = _redirect_to_login(error, parts)
    answer = _answer(error, login or build_response(error, parts.realm))
    # Weak, since the frames of an error hold the request.
    answers[id(error)] = ref(error), answer
    shape = parts.callbacks.error_response
    if shape is not None and login is None:
        # The callback may have changed the one that it saw, and failed.
        shaped = _shaped(error, shape, parts) or build_response(error, parts.realm)
        answer = _answer(error, shaped)
        answers[id(error)] = ref(error), answer
    return answer


def _redirect_to_login(error: Refusal, parts: Parts) -> Response | None:
    if parts.settings.login_view is None:
        return None
    from .pages.logins import redirect_to_login  # noqa: PLC0415 - imported when used

    return redirect_to_login(error, parts.settings.login_view, parts)


def _answer(error: Refusal, answer: Response) -> Response:
    setattr(answer, _OURS, True)
    error.response = answer
    return answer


def _complete_here(error: Refusal) -> Response | None:
    """Build the answer of a refusal that a view made itself, if the app is guarded."""
    if has_request_context() and EXTENSION in current_app.extensions:
        return complete(error, parts_of())
    return None


Refusal.complete = _complete_here


def _shaped(error: Refusal, shape: Callable[[Refusal], Any], parts: Parts) -> Response | None:
    """Ask the app's callback for the answer; None, and a line in the log, if it makes none."""
    app = parts.app
    try:
        returned = app.ensure_sync(shape)(error)
    except Exception as fault:  # noqa: BLE001 - whatever it does, the refusal is answered
        log_raised("the callback of error_response", fault)
        return None
    if returned is None:
        _logger.error("the callback of error_response returned nothing")
        return None
    try:
        response = app.make_response(returned)
    except Exception as fault:  # noqa: BLE001 - as above
        _logger.error(  # noqa: TRY400 - the text may quote the body
            "the callback of error_response returned a %s, which cannot be sent: %s",
            type(returned).__name__,
            type(fault).__name__,
        )
        return None
    return _with_ours(response, error, parts.realm, has_status=_has_status(returned))


def _has_status(returned: object) -> bool:
    """Check whether what a callback returned names a status, as a view does: `body, status`."""
    return isinstance(returned, tuple) and any(isinstance(part, int | str) for part in returned[1:])


def _with_ours(response: Response, error: Refusal, realm: str, *, has_status: bool) -> Response:
    """Add our status and challenge where an answer has none of its own."""
    # A copy, since a callback may answer with one object for ever.
    answer = copy(response)
    answer.headers = Headers(response.headers)
    ours = build_response(error, realm)
    if not has_status and answer.status_code == OK:
        answer.status = ours.status
    for name in ("WWW-Authenticate", "Retry-After"):
        if name in ours.headers:
            answer.headers.setdefault(name, ours.headers[name])
    return answer


def answer_for_framework(app: Flask, exception: BaseException, **_: Any) -> None:
    """Send the finished answer where a framework makes one of its own of a refusal.

    A receiver of Flask's `got_request_exception`, which flask-restful and flask-restx send for what
    they handle themselves. The latter passes over the answer of an `HTTPException`.
    """
    if not isinstance(exception, Refusal):
        return
    finished = complete(exception, parts_of(app))

    def replace(response: Response) -> Response:
        own = {name.lower() for name, _ in finished.headers}
        for name, value in response.headers:
            # What was added meanwhile, such as a cookie or Cache-Control.
            if response is not finished and name.lower() not in own:
                finished.headers.add(name, value)
        return finished

    after_this_request(replace)


def finishes_refusals(
    act: str,
) -> Callable[[Callable[Concatenate[Parts, P], R]], Callable[Concatenate[Parts, P], R]]:
    """Finish what a function refuses; it takes the parts of an app first.

    Args:
        act: What the function does, as an imperative, for the log.
    """

    def decorate(
        function: Callable[Concatenate[Parts, P], R],
    ) -> Callable[Concatenate[Parts, P], R]:
        @functools.wraps(function)
        def wrapper(parts: Parts, /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(parts, *args, **kwargs)
            except Refusal as error:
                finish(error, parts, act=act)
                raise

        return wrapper

    return decorate


def announce(parts: Parts, claims: Mapping[str, Any]) -> None:
    """Send `token_issued`."""
    if token_issued.receivers:
        send(token_issued, parts.app, claims=claims)


def forbid_storing() -> None:
    """Set `no-store` on the response to a request under way, if there is one."""
    if has_request_context():
        after_this_request(set_no_store)


def set_no_store(response: Response) -> Response:
    """Keep an answer to a request for tokens out of caches; one with cookies stays private."""
    if response.headers.get("Cache-Control") != PRIVATE:
        response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"  # RFC 6749 section 5.1 asks for both.
    return response
