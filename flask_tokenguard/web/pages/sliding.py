"""Sliding sessions: refresh the tokens of a browser within the request that finds them ended.

A token that has ended, or is not there, is replaced before the view runs. One in its last quarter
is good for the view: it is replaced as the answer leaves, so that a slow view keeps no spent
refresh token in the browser. Parallel requests get one successor, as everywhere within the grace.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from flask import Request, Response

from ...config.cookies import PRIVATE
from ...config.locations import COOKIE
from ...config.settings import STATIC_ENDPOINTS
from ...errors import (
    CrossSiteRequest,
    IssueError,
    Reason,
    Refusal,
    Rejected,
    Unavailable,
)
from ...jose.compact import numeric_date
from ...sessions.pairs import TokenResponse
from ...verify.claims import VerifiedToken
from ..authentication import (
    Authentication,
    authenticate,
    authenticate_again,
    current_request,
    find_authentication,
    keep_refusal,
)
from ..browser import set_cookies
from ..challenge import report
from ..credentials import bodies
from ..credentials.locations import Location, find_refresh_tokens
from ..parts import EXTENSION, Parts
from ..refreshing import Parameters, Presented, present, rotate

# Where a request keeps what its answer brings.
_SLIDING = "_tokenguard_sliding"
_ACT = "refresh a session"
# The part of its life in which a token is about to end.
_LAST = 4
_logger = logging.getLogger("flask_tokenguard")


@dataclass(frozen=True, slots=True, eq=False)
class _Slid:
    """A refresh of a request.

    Attributes:
        presented: The refresh token.
        pair: Its successor, with the access token that the view saw.
    """

    presented: Presented
    pair: TokenResponse


def authenticate_sliding(
    parts: Parts, request: Request, locations: Sequence[Location]
) -> Authentication:
    """Authenticate a request as `authenticate` does, and refresh its session where that is due.

    A view that names another cookie alone does not get what a refresh would put into ours.
    """
    authentication = authenticate(parts, request, locations)
    cookie = next((place for place in locations if place.is_renewed), None)
    if cookie is not None:
        _slide(authentication, request, cookie)
    return authentication


def _slide(authentication: Authentication, request: Request, cookie: Location) -> None:
    """Refresh a request's session, if its access cookie has ended or is missing.

    Where it ends soon, `slide_answer` does it.

    Args:
        authentication: The request's.
        request: The request.
        cookie: The location that a new access token counts as.
    """
    if authentication.token is not None:
        if _ends_soon(authentication, authentication.token):
            setattr(request, _SLIDING, None)
        return
    if not (_has_ended(authentication) or _has_nothing(authentication, request)):
        return
    parts = authentication.parts
    try:
        presented = _present(parts, request)
        if presented is None:
            return
        pair = rotate(presented, origin="")
    except (CrossSiteRequest, Unavailable) as error:
        keep_refusal(authentication, error)
        return
    except (Rejected, IssueError) as error:
        _pass_over(error, parts)
        return
    setattr(request, _SLIDING, _Slid(presented, pair))
    authenticate_again(authentication, request, cookie, pair.get("access_token", ""))


def slide_answer(response: Response) -> Response:
    """Set the cookies of a session that slides, unless the view has set or deleted them itself."""
    request = current_request()
    authentication = find_authentication(request)
    if authentication is None or not hasattr(request, _SLIDING):
        return response
    parts, slid = authentication.parts, getattr(request, _SLIDING)
    if parts.get_cookies().are_in(response):
        return response
    try:
        if slid is None:
            slid = _refresh_late(authentication, request)
        # A logout may have come meanwhile: its deletion must be the last that the browser gets.
        if slid is None or not _is_alive(slid.presented):
            return response
        set_cookies(parts, response, slid.pair, persistent=None)
    except (Refusal, IssueError) as error:
        _pass_over(error, parts)
        return response
    # The view may have let caches share it.
    response.headers["Cache-Control"] = PRIVATE
    return response


def _ends_soon(authentication: Authentication, token: VerifiedToken) -> bool:
    """Check whether a cookie's token is in the last quarter of its life."""
    if not _is_in_cookie(authentication) or not token.is_own:
        return False
    begin, end = numeric_date(token.claims, "iat"), numeric_date(token.claims, "exp")
    return _LAST * (end - authentication.parts.clock()) <= end - begin


def _has_ended(authentication: Authentication) -> bool:
    """Check whether a cookie's token was good until it ended."""
    error = authentication.error
    return _is_in_cookie(authentication) and error is not None and error.reason is Reason.EXPIRED


def _is_in_cookie(authentication: Authentication) -> bool:
    return authentication.place is not None and authentication.place.kind == COOKIE


def _has_nothing(authentication: Authentication, request: Request) -> bool:
    """Check that a request brings no access token, and that its body can bring none."""
    if authentication.place is not None or authentication.error is not None:
        return False
    return authentication.has_read_body or not (
        any(place.reads_body for place in authentication.parts.locations)
        and (bodies.has_form(request) or bodies.has_json(request))
    )


def _present(parts: Parts, request: Request) -> Presented | None:
    """Verify the refresh cookie of a request that may slide; None where it may not.

    Raises:
        CrossSiteRequest: Another site may have sent the request.
        Rejected: The cookie is bad.
        Unavailable: It cannot be checked.
    """
    # What takes over the connection, as a WebSocket does, sends no answer that could set cookies.
    if "HTTP_UPGRADE" in request.environ or _is_left_alone(request):
        return None
    found = find_refresh_tokens(request, _cookies_among(parts.refresh_locations))
    if not found:
        return None
    parameters = Parameters()
    parameters.take(found)
    return present(parts, parameters)


def _cookies_among(locations: Iterable[Location]) -> tuple[Location, ...]:
    return tuple(place for place in locations if place.kind == COOKIE)


def _is_left_alone(request: Request) -> bool:
    """Check for a static file, and for a route of ours: those refresh and revoke themselves."""
    endpoint = request.endpoint or ""
    is_static = any(fnmatchcase(endpoint, pattern) for pattern in STATIC_ENDPOINTS)
    return is_static or request.blueprint == EXTENSION


def _refresh_late(authentication: Authentication, request: Request) -> _Slid | None:
    """Refresh the session of a token that is still good; None where another's cookie is beside."""
    presented = _present(authentication.parts, request)
    token = authentication.token
    if presented is None or token is None:
        return None
    if presented.token.claims["sid"] != token.claims.get("sid"):
        return None
    return _Slid(presented, rotate(presented, origin=""))


def _is_alive(presented: Presented) -> bool:
    """Check whether a session goes on; where that is not known, its tokens do no harm."""
    try:
        return presented.sessions.is_alive(presented.token)
    except Unavailable:
        return True


def _pass_over(error: Refusal | IssueError, parts: Parts) -> None:
    """Log why a session does not slide; the request is what it was."""
    if isinstance(error, IssueError):
        _logger.error("a session cannot slide: %s", error)
    else:
        report(error, parts, refused=False, act=_ACT)
