"""Locations: where on a request a token may be, and the one that is there (RFC 6750 section 2)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from flask import Request

from ...config.locations import COOKIE, HEADER
from ...errors import InvalidRequest, Reason
from ...verify.claims import VerifiedToken
from .readers import Credentials

# The kind of a header in which a proxy sends tokens that it signed, of any client.
PROXY = "proxy"
# Beside the tokens of these a cookie does not count: a stale one locks nobody out.
BEFORE_COOKIES = frozenset({HEADER, PROXY, COOKIE})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Location:
    """A place on a request where a token may be.

    Attributes:
        name: As in TOKENGUARD_TOKEN_LOCATIONS.
        read: Returns the unverified token there, or None; with its place where that is another.
        reads_body: Whether it reads the body.
        kind: What carries the token.
        yields_to: The kinds of locations beside whose tokens this one is not looked at.
        credentials: The header, where a scheme stands before the token.
        is_shared: Whether it may hold an access token where a refresh token is looked for.
        is_renewed: Whether it is the cookie that logins and refreshes set.
        on_accepted: Called with the request and its token, once that was verified; it may refuse.
    """

    name: str
    read: "Callable[[Request], str | Found | None]"
    reads_body: bool = False
    kind: str = HEADER
    yields_to: frozenset[str] = frozenset()
    credentials: Credentials | None = None
    is_shared: bool = False
    is_renewed: bool = False
    on_accepted: Callable[[Request, VerifiedToken], None] | None = None


class Found(NamedTuple):
    """A token that was found, and where."""

    location: Location
    token: str


def find_token(request: Request, locations: Iterable[Location]) -> Found | None:
    """Find the one unverified token of a request, or None.

    Args:
        request: The request.
        locations: Where it may be, those first that others yield to.

    Raises:
        InvalidRequest: There is more than one, or one is malformed.
    """
    found = None
    for location in locations:
        if found is not None:
            check_beside(location, request, found.location)
            continue
        read = location.read(request)
        if read is not None:
            found = read if isinstance(read, Found) else Found(location, read)
    return found


def find_refresh_tokens(request: Request, locations: Iterable[Location]) -> list[Found]:
    """Find what may be the refresh token of a request: one, or none.

    Where access tokens may be as well, such as in the header, it counts if no other place has one.
    But a refresh token in a header counts before that of a cookie, so there are two to try then.

    Raises:
        InvalidRequest: There is more than one, or one is malformed.
    """
    locations = list(locations)
    found = find_token(request, [place for place in locations if not place.is_shared])
    shared = [place for place in locations if place.is_shared]
    if found is not None and found.location.kind != COOKIE:
        return [found]
    if found is not None:
        shared = [place for place in shared if place.kind == HEADER]
    first = find_token(request, shared)
    return [one for one in (first, found) if one is not None]


def check_beside(location: Location, request: Request, earlier: Location) -> None:
    """Check that no second token is there, beside that of an earlier location.

    Raises:
        InvalidRequest: One is, and it does not yield.
    """
    if earlier.kind in location.yields_to:
        return
    found = location.read(request)
    if isinstance(found, Found) and earlier.kind in found.location.yields_to:
        return
    if found is not None:
        raise two_tokens()


def two_tokens() -> InvalidRequest:
    """Make the error for a second token."""
    return InvalidRequest("The request carries two tokens", reason=Reason.TWO_CREDENTIALS)
