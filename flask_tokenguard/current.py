"""The request's authentication record, and what views call on it.

What was verified lives in the request's environ, never in `g`: anything may assign to `g`, and
Flask shares it with a request that a view makes to its own app. `g.claims` only shows it.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Unpack, cast

from flask import Flask, Request, Response, after_this_request, current_app, g, has_request_context
from flask.ctx import RequestContext
from flask.globals import request_ctx
from werkzeug.local import LocalProxy

from .challenge import answer
from .claims import Authentication, Claims
from .errors import ConfigurationError, InvalidToken, Refusal, TokenMissing
from .issuer import IssueOptions, TokenIssuer
from .locations import find_token
from .signals import token_accepted, token_issued, token_rejected
from .verifier import TokenVerifier

EXTENSION = "tokenguard"
_ENVIRON_KEY = "flask_tokenguard.record"
_ABSENT = object()
_logger = logging.getLogger("flask_tokenguard")

# LocalProxy resolves the context at every attribute; this resolves it once.
_proxy = cast("LocalProxy[RequestContext]", request_ctx)
_context: Callable[[], RequestContext] = _proxy._get_current_object  # noqa: SLF001 - documented


class Guard(Protocol):
    """What this module needs of `TokenGuard`, which lies on a higher floor."""

    def load_user(self, claims: Claims) -> Any:
        """Ask the app's user loader."""
        ...

    def default_claims_for(self, subject: str) -> Mapping[str, Any]:
        """Ask the app for claims that every token gets."""
        ...


class AppParts(Protocol):
    """What this module needs of `parts.Parts`, which lies on a higher floor."""

    @property
    def app(self) -> Flask:
        """The app that the parts belong to."""
        ...

    @property
    def guard(self) -> Guard:
        """The extension, which holds the app's callbacks."""
        ...

    @property
    def verifier(self) -> TokenVerifier:
        """Verifies access tokens."""
        ...

    @property
    def issuer(self) -> TokenIssuer:
        """Issues access tokens."""
        ...

    @property
    def locations(self) -> tuple[str, ...]:
        """Where tokens are looked for."""
        ...

    @property
    def bodiless_locations(self) -> tuple[str, ...]:
        """Those of them for which no body is read."""
        ...

    @property
    def reads_body(self) -> bool:
        """Whether there are others."""
        ...

    @property
    def realm(self) -> str:
        """The realm of challenges."""
        ...


class Record(Authentication):
    """An authentication, and what it hides until its request is torn down."""

    __slots__ = ("outer", "outer_claims", "parts", "request_id")

    def __init__(self, parts: AppParts, request: Request, *, reads_body: bool) -> None:
        super().__init__(reads_body=reads_body)
        self.parts = parts
        self.request_id = id(request)
        self.outer: Record | None
        self.outer_claims: Any
        earlier = _record_of(request)
        if earlier is not None:
            self.outer, self.outer_claims = earlier.outer, earlier.outer_claims
        else:
            self.outer = request.environ.get(_ENVIRON_KEY)
            self.outer_claims = g.get("claims", _ABSENT)


def current_request() -> Request:
    """Get the request itself, not its proxy."""
    return _context().request


def parts_of(app: Flask) -> AppParts:
    """Get an app's parts.

    Raises:
        ConfigurationError: The app was never given to `TokenGuard.init_app`.
    """
    try:
        return cast(AppParts, app.extensions[EXTENSION])
    except KeyError:
        raise ConfigurationError(
            f"The app {app.name!r} has no TokenGuard; call TokenGuard(app) or init_app(app)"
        ) from None


def begin(parts: AppParts, request: Request, *, reads_body: bool) -> Record:
    """Authenticate a request: keep the verdict in its environ, show its claims as `g.claims`.

    A bad token is not raised here; an open route is served in spite of it.

    Args:
        parts: Those of the request's app.
        request: The current request.
        reads_body: Whether the endpoint demands or allows a token, so that the body may be read.
    """
    record = Record(parts, request, reads_body=reads_body)
    # Should anything below fail, the request is anonymous.
    request.environ[_ENVIRON_KEY] = record
    g.claims = None
    try:
        found = find_token(request, parts.locations if reads_body else parts.bodiless_locations)
        if found is None:
            return record
        record.location, token = found
        record.token = parts.verifier.verify(token)
    except Refusal as error:
        record.error = error
        _forget_frames(error)
        _report(parts, error)
        return record
    g.claims = record.token.claims
    token_accepted.send(parts.app, token=record.token)
    if record.location == "query":
        after_this_request(_set_private)
    return record


def end() -> None:
    """Put `g.claims` and the environ back as the request found them."""
    request = current_request()
    record = _record_of(request)
    if record is None:
        return
    request.environ[_ENVIRON_KEY] = record.outer
    if record.outer_claims is _ABSENT:
        g.pop("claims", None)
    else:
        g.claims = record.outer_claims


def authentication(*, reads_body: bool = False) -> Record:
    """Get the current request's record; authenticate now if the hook has not run for it.

    Args:
        reads_body: Whether the body may be read for a token, if it was not yet.
    """
    request = current_request()
    record = _record_of(request)
    if record is None:
        return begin(parts_of(current_app), request, reads_body=reads_body)
    if reads_body and not record.reads_body and record.parts.reads_body:
        return begin(record.parts, request, reads_body=True)
    return record


def answer_with(error: Refusal, record: Record) -> None:
    """Give an error its finished answer, which Flask and others then send unchanged."""
    if error is not record.error and not isinstance(error, TokenMissing):
        _report(record.parts, error)
    error.response = answer(error, record.parts.realm)


def load_user(record: Record) -> Any:
    """Get the user that the app's loader finds for the token, asking it once a request.

    Raises:
        ConfigurationError: The app has no user loader.
        InvalidToken: The user is gone.
    """
    if record.token is None:
        return None
    if record.user is None:
        record.user = (record.parts.guard.load_user(record.token.claims),)
    if record.user[0] is None:
        raise InvalidToken("The token's user is gone", claim="sub")
    return record.user[0]


def issue(parts: AppParts, subject: str, **options: Unpack[IssueOptions]) -> str:
    """Issue an access token; a response under way is told to be stored nowhere.

    Raises:
        ConfigurationError: The app has no key to sign with.
        IssueError: An argument makes a token that must not be.
    """
    defaults = parts.guard.default_claims_for(subject)
    options["claims"] = {**defaults, **(options.get("claims") or {})}
    token, claims = parts.issuer.issue(subject, **options)
    if has_request_context():
        after_this_request(_set_no_store)
    token_issued.send(parts.app, claims=claims)
    return token


def issue_token(subject: str, **options: Unpack[IssueOptions]) -> str:
    """Issue an access token for a subject, inside an app context.

    The response to a request under way gets `Cache-Control: no-store` (RFC 6749 section 5.1).

    Args:
        subject: Whom the token speaks of: a text, not empty, never reused for another user.
        options: `scope`, text or several; `claims`, the app's own; `audience` and `lifetime` (a
            timedelta, or seconds) in place of the configured ones; `header`, more members of it.

    Raises:
        ConfigurationError: The app has no key to sign with.
        IssueError: The subject is not a text, a claim is reserved or not JSON, or the like.
    """
    return issue(parts_of(current_app), subject, **options)


def _record_of(request: Request) -> Record | None:
    """Find this very request's record, not that of one around it with the same environ."""
    record: Record | None = request.environ.get(_ENVIRON_KEY)
    return record if record is not None and record.request_id == id(request) else None


def _find_token() -> Record | None:
    record = authentication()
    return None if record.token is None else record


def _find_user() -> Any:
    record = authentication()
    try:
        return load_user(record)
    except Refusal as error:
        answer_with(error, record)
        raise


current_token: Authentication = cast(Authentication, LocalProxy(_find_token))
current_user: Any = LocalProxy(_find_user)


def _report(parts: AppParts, error: Refusal) -> None:
    _logger.info("token refused: %s", error.reason)
    token_rejected.send(parts.app, error=error)


def _forget_frames(error: Refusal) -> None:
    """Drop the frames of a kept error: they hold the token, and the record that holds the error."""
    error.__traceback__ = error.__context__ = None


def _set_no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"  # RFC 6749 section 5.1 asks for both.
    return response


def _set_private(response: Response) -> Response:
    # A token in a URL escapes the rule that keeps shared caches off requests with Authorization.
    response.cache_control.public = False
    response.cache_control.private = True
    return response
