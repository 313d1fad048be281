"""The authentication of a request, and what views read of it.

What was verified lives in the request object, never in `g`: anything may assign to `g`, and Flask
shares it with a request that a view makes to its own app. `g.claims` only shows it.
"""

import logging
from copy import copy
from typing import Any, cast

from flask import Flask, Request, Response, after_this_request, current_app, g, request
from werkzeug.local import LocalProxy
from werkzeug.routing import MapAdapter

from ..errors import InvalidRequest, InvalidToken, Refusal, TokenMissing
from ..signals import send, token_accepted, token_rejected
from ..verify.claims import Authentication
from .challenge import build_response
from .locations import Locations, header_fault
from .parts import Parts, current_parts, resolver

# Where a request keeps its authentication. A request inside another has its own, even where both
# have the same environ; a copy of a request's context has the same one.
RECORD = "_tokenguard_record"
_ABSENT = object()
_logger = logging.getLogger("flask_tokenguard")

# A LocalProxy resolves the context at every attribute; these resolve it once.
current_request = resolver(request)
_app_globals = resolver(g)


class Record(Authentication):
    """An authentication, and what `g.claims` was before its request began."""

    parts: Parts
    outer_claims: Any = _ABSENT


def authenticate(parts: Parts, request: Request, *, reads_body: bool) -> Record:
    """Authenticate a request: keep the verdict in it, show its claims as `g.claims`.

    A bad token is not raised here; an open route is served in spite of it.

    Args:
        parts: Those of the request's app.
        request: The current request.
        reads_body: Whether the endpoint demands or allows a token, so that the body may be read.
    """
    shown = _app_globals().__dict__
    authentication = Record()
    authentication.parts = parts
    before: Record | None = getattr(request, RECORD, None)
    if before is not None:
        authentication.outer_claims = before.outer_claims
    elif "claims" in shown:
        authentication.outer_claims = shown["claims"]
        _restore_at_teardown(parts.app)
    # Should anything below fail, the request is anonymous.
    setattr(request, RECORD, authentication)
    shown["claims"] = None
    if reads_body:
        authentication.has_read_body = True
        _authenticate(authentication, request, parts.locations)
    else:
        authentication.has_read_body = not parts.body_locations
        _authenticate(authentication, request, parts.bodiless_locations)
    if authentication.token is not None:
        shown["claims"] = authentication.token.claims
    return authentication


def restore_g_claims(_error: BaseException | None = None) -> None:
    """Put `g.claims` back as the request found it, if it found it in use.

    Where it was not, it stays as it is: Flask tears a request down before a streamed response runs,
    and whenever a copy of its context ends.
    """
    authentication: Record | None = getattr(current_request(), RECORD, None)
    if authentication is not None and authentication.outer_claims is not _ABSENT:
        g.claims = authentication.outer_claims


def _restore_at_teardown(app: Flask) -> None:
    """Run `restore_g_claims` after the app's own teardown, once a request has needed it.

    Few apps make requests to themselves, and a hook that does nothing costs a tenth of a request.
    """
    functions = app.teardown_request_funcs.get(None, [])
    if restore_g_claims not in functions:
        # A list of its own, since another thread may be going through the old one.
        app.teardown_request_funcs[None] = [restore_g_claims, *functions]


def current_authentication(*, reads_body: bool = False) -> Record:
    """Get the current request's authentication; authenticate now if the hook has not run for it.

    Args:
        reads_body: Whether the body may be read for a token, if it was not yet.
    """
    request = current_request()
    authentication: Record | None = getattr(request, RECORD, None)
    if authentication is None:
        return authenticate(current_parts(), request, reads_body=reads_body)
    if reads_body and not authentication.has_read_body:
        authentication.has_read_body = True
        _authenticate(authentication, request, authentication.parts.body_locations)
        g.claims = authentication.claims
    return authentication


def is_preflight(request: Request) -> bool:
    """Tell a CORS preflight, which browsers send without credentials (Fetch, CORS protocol)."""
    return (
        request.method == "OPTIONS"
        and "HTTP_ORIGIN" in request.environ
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.environ
    )


def answer_preflight() -> Response:
    """Answer a preflight of a guarded endpoint in its view's place, as Flask answers OPTIONS.

    Flask's own method for it takes the context from 3.2 on, and nothing before.
    """
    adapter = cast(MapAdapter, current_app.create_url_adapter(current_request()))
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


class answering:  # noqa: N801 - reads as a statement; a generator costs several times as much
    """Report a refusal, and give it its finished answer, which others then send unchanged."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _frames: object) -> None:
        if isinstance(error, Refusal):
            _report(self._parts, error)
            error.response = build_response(error, self._parts.realm)


def answer_with(error: Refusal, authentication: Record) -> None:
    """Give an error of a demand its finished answer, and report it if that is not done yet."""
    if error is not authentication.error and not isinstance(error, TokenMissing):
        _report(authentication.parts, error)
    error.response = build_response(error, authentication.parts.realm)


def load_user(authentication: Record) -> Any:
    """Get the user that the app's loader finds for the token, asking it once a request.

    Raises:
        ConfigurationError: The app has no user loader.
        InvalidToken: The user is gone.
    """
    if authentication.token is None:
        return None
    if authentication.user is None:
        callbacks = authentication.parts.callbacks
        authentication.user = (callbacks.load_user(authentication.token.claims),)
    if authentication.user[0] is None:
        raise InvalidToken("The token's user is gone", claim="sub")
    return authentication.user[0]


def _authenticate(authentication: Record, request: Request, locations: Locations) -> None:
    """Look for a token and verify it; there must be no other, also of an earlier look."""
    token = None
    try:
        for name, read in locations:
            found = read(request)
            if found is not None:
                if authentication.location is not None or authentication.error is not None:
                    raise InvalidRequest("The request carries two tokens")
                authentication.location, token = name, found
        if token is None:
            return
        authentication.token = authentication.parts.verifier.verify(token)
    except InvalidToken as error:
        _refuse(authentication, header_fault(authentication.location, token) or error)
        return
    except Refusal as error:
        _refuse(authentication, error)
        return
    if token_accepted.receivers:
        send(token_accepted, authentication.parts.app, token=authentication.token)
    if authentication.location == "query":
        after_this_request(_set_private)


def _refuse(authentication: Record, error: Refusal) -> None:
    authentication.token, authentication.error = None, error
    _forget_frames(error)
    _report(authentication.parts, error)


def _find_token() -> Record | None:
    authentication = current_authentication()
    return None if authentication.token is None else authentication


def _find_user() -> Any:
    authentication = current_authentication()
    try:
        return load_user(authentication)
    except Refusal as error:
        answer_with(error, authentication)
        raise


current_token: Authentication = cast(Authentication, LocalProxy(_find_token))
current_user: Any = LocalProxy(_find_user)


def _report(parts: Parts, error: Refusal) -> None:
    _logger.info("token refused: %s", error.reason)
    send(token_rejected, parts.app, error=error)


def _forget_frames(error: Refusal) -> None:
    """Drop the frames of a kept error: they hold the token, and what holds the error."""
    error.__traceback__ = error.__context__ = None


def _set_private(response: Response) -> Response:
    # A token in a URL escapes the rule that keeps shared caches off requests with Authorization.
    response.cache_control.public = False
    response.cache_control.private = True
    return response
