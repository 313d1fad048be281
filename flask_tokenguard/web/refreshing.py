"""Refreshing: a refresh token of a request or of the app's -> a new pair (RFC 6749 section 6)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn, cast

from flask import Response, after_this_request, has_request_context
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from ..config.locations import COOKIE
from ..errors import InvalidGrant, InvalidRequest, Reason, RefreshReused, Refusal
from ..quoting import quote_name
from ..sessions.pairs import Plan, TokenResponse
from ..sessions.rotation import Sessions, VerifiedRefreshToken
from ..signals import refresh_reused, send
from .authentication import current_request
from .browser import check_plan
from .challenge import announce, finishes_refusals, forbid_storing, set_no_store
from .credentials import bodies
from .credentials.locations import Found, Location, find_refresh_tokens
from .credentials.places import REFRESH_TOKEN
from .pages.own_site import note_own_site
from .parts import Parts, parts_of

ASKED = ("scope", "client_id")
# Where a request keeps the refresh token that was demanded of it.
PRESENTED = "_tokenguard_refresh_token"


def refresh_token_pair(
    *, token: str | None = None, claims: Mapping[str, Any] | None = None, origin: str = ""
) -> TokenResponse:
    """Rotate the refresh token of the request, or a given one, and issue an access token.

    As RFC 6749 section 6 and RFC 9700 section 4.14 ask. The body is a form or JSON, with
    `refresh_token` and if need be `scope`, which may be less than what was granted at the login,
    and `client_id`, which must be the token's. A user loader is asked whether the user is still
    there.

    Args:
        token: The refresh token; nothing is read from a request then, nor is one needed.
        claims: The app's own claims, in place of those of the login.
        origin: From where; empty leaves what was named before.

    Returns:
        As `issue_token_pair` does; without rotation there is no `refresh_token`, since the client
        keeps the one that it has.

    Raises:
        ConfigurationError: There is no store, or no key to sign with.
        InvalidGrant: 400, the refresh token is bad, its session has ended or its user is gone.
        RefreshReused: 400, it came a second time, and its session has ended.
        RuntimeError: There is neither a token nor a request.
        TypeError: The token is no text.
        Unavailable: 503, the store cannot be reached.
    """
    return refresh_given_or_current(parts_of(), token, claims=claims, origin=origin)


def answer_token_request(origin: Callable[[], str] | None) -> TokenResponse:
    """Answer a request for a refresh: the view of `POST /token`.

    Args:
        origin: Names from where the request comes; called once the refresh token is good.
    """
    return _answer_grant(parts_of(), origin)


@finishes_refusals("refresh a session")
def _answer_grant(parts: Parts, origin: Callable[[], str] | None) -> TokenResponse:
    parameters = read_parameters(parts, "grant_type", REFRESH_TOKEN, *ASKED)
    if parameters["grant_type"] != REFRESH_TOKEN:
        raise InvalidGrant(
            "Only refresh_token is supported here",
            error="unsupported_grant_type",
            reason=Reason.UNSUPPORTED_GRANT,
            detail=f"grant_type {quote_name(parameters['grant_type'])} came",
        )
    return rotate(present(parts, parameters), origin="" if origin is None else origin())


@finishes_refusals("refresh a session")
def refresh_given_or_current(
    parts: Parts, token: str | None, *, claims: Mapping[str, Any] | None, origin: str
) -> TokenResponse:
    """Refresh with a given token or that of the current request, as `refresh_token_pair` does."""
    parts.get_sessions()
    forbid_storing()
    if token is not None:
        if not isinstance(token, str):
            raise TypeError(f"the token must be a str; it is of type {type(token).__name__}")
        parameters = Parameters(refresh_token=token)
    elif has_request_context():
        presented: Presented | None = getattr(current_request(), PRESENTED, None)
        if presented is not None and presented.parts is parts:
            return _rotate_demanded(presented, claims=claims, origin=origin)
        presented = find_presented(parts, parts.refresh_locations)
        return rotate(presented, claims=claims, origin=origin)
    else:
        raise RuntimeError("refresh_token_pair takes a token where there is no request")
    return rotate(present(parts, parameters), claims=claims, origin=origin)


class Presented(NamedTuple):
    """A refresh token that was verified, and the parts and sessions of its app.

    Attributes:
        check: Refuses successors that do not fit where it came from.
    """

    parts: Parts
    sessions: Sessions
    token: VerifiedRefreshToken
    check: Callable[[Plan], None] | None = None


def present(parts: Parts, parameters: "Parameters") -> Presented:
    """Verify the refresh token among the parameters, of a user that is still there.

    Nothing is spent.
    """
    sessions = parts.get_sessions()
    token = sessions.verify(
        parameters[REFRESH_TOKEN],
        scope=parameters.get("scope"),
        client_id=parameters.get("client_id"),
    )
    check = None
    if parameters.found and parameters.found[0].location.kind == COOKIE:
        cookies = parts.get_cookies() if parts.cookies else parts.places.get_cookies()
        cookies.check.require(current_request(), token.token)
        note_own_site()
        check = None if parts.cookies is None else partial(check_plan, cookies)
    callbacks = parts.callbacks
    if callbacks.user_loader is not None and callbacks.load_user(token.claims) is None:
        sessions.end(token.claims["sid"])
        gone = InvalidGrant("The user is gone", reason=Reason.USER_GONE)
        raise token.token.attach_to(gone)
    return Presented(parts, sessions, token, check)


def find_presented(parts: Parts, locations: tuple[Location, ...]) -> Presented:
    """Find the refresh token of the current request, and verify it as `present` does."""
    parameters = read_parameters(parts, *ASKED, locations=locations)
    try:
        return present(parts, parameters)
    except InvalidGrant:
        if len(parameters.found) < 2:
            raise
    # What the header holds may be an access token.
    parameters.take(parameters.found[1:])
    return present(parts, parameters)


def rotate(
    presented: Presented, *, claims: Mapping[str, Any] | None = None, origin: str
) -> TokenResponse:
    """Spend a refresh token, and announce the pair that takes its place."""
    parts, sessions, token, check = presented
    defaults = parts.callbacks.default_claims_for(token.claims["sub"])
    try:
        pair = sessions.rotate(token, defaults=defaults, claims=claims, origin=origin, check=check)
    except Refusal as error:
        token.token.attach_to(error)
        if isinstance(error, RefreshReused):
            send(
                refresh_reused,
                parts.app,
                subject=error.subject,
                sid=error.sid,
                successor_age=error.successor_age,
                successor_used=error.successor_used,
            )
        raise
    announce(parts, pair.claims)
    return pair.response


def _rotate_demanded(
    presented: Presented, *, claims: Mapping[str, Any] | None, origin: str
) -> TokenResponse:
    """Rotate a token that was demanded; what the store refuses is no server error of the view."""
    try:
        return rotate(presented, claims=claims, origin=origin)
    except Refusal as error:
        after_this_request(partial(_insist, error))
        raise


def _insist(error: Refusal, response: Response) -> Response:
    """Answer with a refusal where a view made a server error of it."""
    is_server_error = response.status_code >= 500
    return set_no_store(cast(Response, error.response)) if is_server_error else response


class Parameters(dict[str, str]):
    """The parameters of a request for tokens (RFC 6749 section 3.2); to ask for one demands it.

    Attributes:
        found: The refresh token, and where it was found, if not among the parameters; and the one
            to try after it.
    """

    found: Sequence[Found] = ()

    def take(self, found: Sequence[Found]) -> None:
        """Take the first of what was found as the refresh token."""
        self.found = found
        self[REFRESH_TOKEN] = found[0].token

    def __missing__(self, name: str) -> NoReturn:
        """Refuse a request that lacks what it needs."""
        raise InvalidGrant(
            f"There is no {name}", error="invalid_request", reason=Reason.MALFORMED_REQUEST
        )


def read_parameters(parts: Parts, *names: str, locations: tuple[Location, ...] = ()) -> Parameters:
    """Read those of these parameters that the current request's body holds.

    Args:
        parts: Those of the app.
        names: Those of the parameters.
        locations: Where a refresh token is looked for, if not among the parameters.

    Raises:
        InvalidGrant: One occurs twice, or is not text, or there are two tokens. Or the body ends
            early, or is too large for us or for the app.
    """
    request = current_request()
    try:
        found = find_refresh_tokens(request, locations) if locations else ()
        parameters = Parameters(bodies.parameters(request, *names, bound=parts.max_body_size))
    except InvalidRequest as error:
        raise InvalidGrant.of(error, error="invalid_request") from None
    except ClientDisconnected:
        raise InvalidGrant(
            "The body ends early", error="invalid_request", reason=Reason.MALFORMED_REQUEST
        ) from None
    except RequestEntityTooLarge:
        raise InvalidGrant(
            "The body is too large", error="invalid_request", code=413, reason=Reason.BODY_TOO_LARGE
        ) from None
    if found:
        parameters.take(found)
    return parameters
