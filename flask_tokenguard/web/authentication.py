"""Authentication: what a request is known to be, and what views read of it.

What was verified lives in the request object, never in `g`: anything may assign to `g`, and Flask
shares it with a request that a view makes to its own app. `g.claims` only shows it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from flask import (
    Flask,
    Request,
    Response,
    after_this_request,
    request,
)
from flask import g as flask_g
from flask.ctx import _AppCtxGlobals  # Flask has no other name for the type of `g`.
from werkzeug.local import LocalProxy

from ..config.locations import LocationEntry
from ..errors import InvalidToken, Refusal
from ..signals import send, token_accepted
from ..verify.claims import Claims, VerifiedToken
from .challenge import finish, report
from .credentials.locations import Found, Location, check_beside, two_tokens
from .credentials.places import without_body
from .parts import Parts, parts_of, resolved_app, resolver

# Where a request keeps its authentication. A request inside another has its own, even where both
# have the same environ; a copy of a request's context has the same one.
ATTRIBUTE = "_tokenguard_authentication"
# Where it keeps what `g.claims` was before it, if anything.
_OUTER_CLAIMS = "_tokenguard_outer_claims"
UNSET: Any = object()

# A LocalProxy resolves the context at every attribute, these once: 50,000 of 420,000 instructions.
current_request = resolver(request)
_app_globals = resolver(flask_g)


class Authentication:
    """What one request is known to be: a token, a refusal, or neither.

    Attributes:
        token: The verified token, or None.
        error: Why the token was refused, kept until something demands one; or None.
        place: The location where the token was found, or None.
        text: The token as it came. Every reader can use it: keep it out of logs.
    """

    # Beside what is public: the app's parts, the locations that were looked at, whether no body is
    # left to be read, whether a token is demanded, the demands that were satisfied, the user, or
    # its refusal, once it was loaded, and whether the refusal was reported.
    __slots__ = (
        "error",
        "has_read_body",
        "is_demanded",
        "is_reported",
        "looked_at",
        "parts",
        "place",
        "satisfied",
        "text",
        "token",
        "user",
    )

    # Neither is set before it is needed: most requests bring no error, and many no token.
    is_reported: bool
    text: str

    def __init__(self, parts: Parts, locations: Sequence[Location]) -> None:
        self.parts = parts
        self.token: VerifiedToken | None = None
        self.error: Refusal | None = None
        self.place: Location | None = None
        self.looked_at = locations
        self.has_read_body = locations is parts.locations
        self.is_demanded = False
        self.satisfied: tuple[object, ...] = ()
        self.user: Any = UNSET

    @property
    def location(self) -> str | None:
        """Where the token was found, as TOKENGUARD_TOKEN_LOCATIONS has it: `"header"`, `"cookie"`.

        A proxy's header goes by its name, and what the app's own function finds by its kind.
        """
        return None if self.place is None else self.place.name

    @property
    def header(self) -> dict[str, Any] | None:
        """A copy of the token's protected header, or None."""
        return None if self.token is None else self.token.header

    @property
    def claims(self) -> Claims | None:
        """What `g.claims` shows: the token's claims, or None."""
        return None if self.token is None else self.token.claims

    @property
    def kept(self) -> Refusal | None:
        """The refusal that was kept: of the token, else of its user; None if both are good."""
        if self.error is not None:
            return self.error
        return self.user if isinstance(self.user, Refusal) else None


class Globals(_AppCtxGlobals):
    """What `g` is in a guarded app, for type checkers.

    Attributes:
        claims: Those of the request's token; None without one, and outside a request.
    """

    claims: Claims | None


def authenticate(parts: Parts, request: Request, locations: Sequence[Location]) -> Authentication:
    """Authenticate a request: keep the verdict in it, show its claims as `g.claims`.

    A bad token is not raised here; an open route is served in spite of it.

    Args:
        parts: Those of the request's app.
        request: The current request.
        locations: `parts.locations`; for an endpoint that neither demands nor allows a token, only
            those that read no body.
    """
    # The attributes of `g` go through functions in Python: 2,000 of 366,000 instructions.
    g_members = _app_globals().__dict__
    if "claims" in g_members and find_authentication(request) is None:
        setattr(request, _OUTER_CLAIMS, g_members["claims"])
        _restore_at_teardown(parts.app)
    authentication = Authentication(parts, locations)
    # Should anything below fail, the request is anonymous.
    setattr(request, ATTRIBUTE, authentication)
    g_members["claims"] = None
    _look(authentication, request, locations)
    token = authentication.token
    if token is not None:
        g_members["claims"] = token.claims
    return authentication


def authenticate_again(
    authentication: Authentication, request: Request, place: Location, text: str
) -> None:
    """Take a token as if it had come in a place, instead of what was found before.

    Args:
        authentication: That of the request, of which no view has demanded anything yet.
        request: The current request.
        place: Where the token would have come.
        text: The token.
    """
    authentication.token = authentication.error = authentication.place = None
    _look(authentication, request, (replace(place, read=lambda _: text),))
    authentication.place = place
    flask_g.claims = authentication.claims


def authenticate_nobody(parts: Parts, request: Request) -> Authentication:
    """Take a request for one without an access token, whatever it carries."""
    authentication = authenticate(parts, request, ())
    authentication.has_read_body = True
    return authentication


def authenticate_in(
    entries: tuple[LocationEntry, ...],
    parts: Parts,
    request: Request,
    look: Callable[[Parts, Request, Sequence[Location]], Authentication] = authenticate,
) -> Authentication:
    """Authenticate a request by a token in the locations that its endpoint names, and no other."""
    authentication = look(parts, request, parts.places.access(entries))
    authentication.has_read_body = True
    return authentication


def find_authentication(request: Request) -> Authentication | None:
    """Return what a request keeps; None where nothing was verified for it yet."""
    authentication: Authentication | None = getattr(request, ATTRIBUTE, None)
    return authentication


def is_of_current_app(authentication: Authentication) -> bool:
    """Check whether the request is one of the current app: a view may push another's context."""
    return authentication.parts.app is resolved_app()


def _anonymous(parts: Parts | None = None) -> Authentication:
    """Make what a request of another app is known to be here: nothing that it has is for us."""
    return Authentication(parts or parts_of(), ())


def current_authentication(
    parts: Parts | None = None, *, reads_body: bool = False
) -> Authentication:
    """Get the current request's authentication; authenticate now if the hook has not run for it.

    Args:
        parts: Those of the app that asks; by default the current one.
        reads_body: Whether the body may be read for a token, if it was not yet.
    """
    request = current_request()
    authentication = find_authentication(request)
    if authentication is None:
        parts = parts or parts_of()
        locations = parts.locations if reads_body else without_body(parts.locations)
        return authenticate(parts, request, locations)
    if authentication.parts is not parts and not is_of_current_app(authentication):
        return _anonymous(parts)
    if reads_body and not authentication.has_read_body:
        authentication.has_read_body = True
        left = [place for place in authentication.parts.locations if place.reads_body]
        if left:
            _look(authentication, request, left)
            flask_g.claims = authentication.claims
    return authentication


def current_authentication_in(entries: tuple[LocationEntry, ...]) -> Authentication:
    """Get the current request's authentication, and look where a view wants the token too.

    The hook has looked elsewhere where it could not see the view.
    """
    request = current_request()
    authentication = find_authentication(request)
    if authentication is None:
        return authenticate_in(entries, parts_of(), request)
    if not is_of_current_app(authentication):
        return _anonymous()
    wanted = authentication.parts.places.access(entries)
    left = [location for location in wanted if location not in authentication.looked_at]
    if left:
        authentication.looked_at = (*authentication.looked_at, *left)
        _look(authentication, request, left)
        flask_g.claims = authentication.claims
    return authentication


def restore_g_claims(_error: BaseException | None = None) -> None:
    """Put `g.claims` back as the request found it, if it found it in use.

    Where it was not, it stays as it is: Flask tears a request down before a streamed response runs,
    and whenever a copy of its context ends.
    """
    outer_claims = getattr(current_request(), _OUTER_CLAIMS, UNSET)
    if outer_claims is not UNSET:
        flask_g.claims = outer_claims


def _restore_at_teardown(app: Flask) -> None:
    """Run `restore_g_claims` after the app's own teardown, once a request has needed it.

    Few apps make requests to themselves, and a hook that does nothing costs a tenth of a request.
    """
    functions = app.teardown_request_funcs.get(None, [])
    if restore_g_claims not in functions:
        # A list of its own, since another thread may be going through the old one.
        app.teardown_request_funcs[None] = [restore_g_claims, *functions]


def _look(authentication: Authentication, request: Request, locations: Sequence[Location]) -> None:
    """Look for a token and verify it; there must be no other, also of an earlier look."""
    token, place = "", None
    try:
        for location in locations:
            if authentication.place is not None:
                check_beside(location, request, authentication.place)
                continue
            found = location.read(request)
            if found is None:
                continue
            if authentication.error is not None:
                raise two_tokens()
            place, token = found if isinstance(found, Found) else (location, found)
            authentication.place = place
        if place is None:
            return
        verified = authentication.parts.verifier.verify(token)
        if place.on_accepted is not None:
            place.on_accepted(request, verified)
        authentication.token = verified
        authentication.text = token
    except InvalidToken as error:
        keep_refusal(authentication, _header_fault(authentication.place, token) or error)
        return
    except Refusal as error:
        keep_refusal(authentication, error)
        return
    if token_accepted.receivers:
        send(token_accepted, authentication.parts.app, token=authentication.token)


def _header_fault(place: Location | None, token: str) -> Refusal | None:
    """Return the fault of a header that holds a scheme and no token, or None."""
    credentials = None if place is None else place.credentials
    return None if credentials is None else credentials.fault_of(token)


def keep_refusal(authentication: Authentication, error: Refusal) -> None:
    """Keep a refusal until something demands a token, or the request is over."""
    authentication.token, authentication.error = None, error
    report_later(authentication, error)


def report_later(authentication: Authentication, error: Refusal) -> None:
    """Report a refusal with the answer, unless it was reported before."""
    authentication.is_reported = False
    # Its frames hold the token, and what holds the error.
    error.__traceback__ = error.__context__ = None
    after_this_request(_report_as_open)


def _report_as_open(response: Response) -> Response:
    """Report a refusal for which nothing was refused."""
    authentication = find_authentication(current_request())
    error = None if authentication is None else authentication.kept
    if authentication is not None and error is not None and not authentication.is_reported:
        authentication.is_reported = True
        report(error, authentication.parts, refused=False)
    return response


def finish_refusal(authentication: Authentication, error: Refusal) -> None:
    """Finish a refusal that is about to be raised; one that was kept is reported once."""
    is_kept = error is authentication.kept
    is_reported = is_kept and authentication.is_reported
    if is_kept:
        authentication.is_reported = True
    if authentication.token is not None:
        authentication.token.attach_to(error)
    finish(error, authentication.parts, is_reported=is_reported)


def _find_token() -> Authentication | None:
    authentication = current_authentication()
    return None if authentication.token is None else authentication


current_token: Authentication = cast(Authentication, LocalProxy(_find_token))
g: Globals = cast(Globals, flask_g)
