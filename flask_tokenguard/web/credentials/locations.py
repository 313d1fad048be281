"""Locations: where on a request a token may be, one function a place (RFC 6750 section 2).

To add one, name it in `config/locations.py` and add a row to `locations_named`. A header in which a
proxy sends tokens that it signed is a location of the entry of its issuer.
"""

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple
from weakref import WeakSet

from flask import Flask, Request, Response, after_this_request

from ...config.locations import FORM, HEADER, JSON, QUERY
from ...errors import InvalidRequest, Reason
from ...verify.claims import VerifiedToken
from . import bodies

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_JWT = re.compile(r"eyJ[A-Za-z0-9._-]+")
_SCHEME = re.compile(r"(?i:bearer)(?![!#$%&'*+.^_`|~0-9A-Za-z-])")
# What a refresh token is called (RFC 6749 section 6).
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name
_ACCESS_TOKEN = "access_token"  # noqa: S105 - a name
# Servers join several headers with a comma (RFC 9110 section 5.3). A parameter has the `=`.
_SECOND = re.compile(r",[ \t]*bearer[ \t]+(?![ \t=])", re.IGNORECASE)
# The closing quote may be missing, so that a hostile header is read once and no more.
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"?')
_MALFORMED = "The Authorization header is malformed"
_WITHHELD = "no Authorization header: mod_wsgi passes it on only with WSGIPassAuthorization On"
_warned: WeakSet[Flask] = WeakSet()
_logger = logging.getLogger("flask_tokenguard")
# Names that are shown in the log: what else stands there may be a password or a token.
_SCHEMES = {
    name.lower(): name
    for name in (
        *("ApiKey", "AWS4-HMAC-SHA256", "Basic", "Digest", "DPoP", "GNAP", "HOBA", "JWT", "Mutual"),
        *("Negotiate", "NTLM", "OAuth", "PrivateToken", "SCRAM-SHA-1", "SCRAM-SHA-256", "Token"),
    )
}


@dataclass(frozen=True, slots=True)
class Location:
    """A place on a request where a token may be.

    Attributes:
        name: As in TOKENGUARD_TOKEN_LOCATIONS.
        read: Returns the unverified token there, or None.
        reads_body: Whether it reads the body.
        issuers: Whose tokens may be there, where a proxy puts them; None for anybody's.
        kind: What carries the token: the location that it is a kind of.
        yields_to: The names of locations beside whose tokens this one is not looked at.
        on_accepted: Called with the request and its token, once that was verified; it may refuse.
    """

    name: str
    read: Callable[[Request], str | None]
    reads_body: bool = False
    issuers: frozenset[str] | None = None
    kind: str = HEADER
    yields_to: frozenset[str] | None = None
    on_accepted: Callable[[Request, VerifiedToken], None] | None = None


class Found(NamedTuple):
    """A token that was found, and where."""

    location: Location
    token: str


def in_header(request: Request) -> str | None:
    """Read `Authorization: Bearer`, the scheme in any case (RFC 6750 section 2.1)."""
    value: str | None = request.environ.get("HTTP_AUTHORIZATION")
    if value is None:
        return None
    if value.startswith("Bearer ") or value[:7].lower() == "bearer ":
        # uWSGI and Werkzeug keep the white space at the end of a field (RFC 9110 section 5.5).
        return value[7:].lstrip(" ").rstrip(" \t")
    if _SCHEME.match(value):
        raise InvalidRequest(_MALFORMED)
    if "," in value and _SECOND.search(_QUOTED.sub("", value)):
        raise InvalidRequest("The request carries two credentials", reason=Reason.TWO_CREDENTIALS)
    return None


def other_credentials(request: Request) -> str:
    """Describe, for the log, an `Authorization` header that holds something else than `Bearer`.

    Nothing of it is quoted but the name of a scheme that is known; empty where there is none.
    """
    value = request.environ.get("HTTP_AUTHORIZATION", "").strip(" \t")
    if not value:
        return ""
    first, _, rest = value.partition(" ")
    if not rest:
        what = "a token alone" if _JWT.fullmatch(first) else "one word alone"
        return f"the Authorization header holds {what}; write Bearer and a space before the token"
    scheme = _SCHEMES.get(first.lower())
    what = "a scheme that is not known" if scheme is None else f"the scheme {scheme}"
    return f"the Authorization header has {what}; Bearer is wanted"


def warn_if_withheld(request: Request, app: Flask) -> None:
    """Log, once an app and process, what makes mod_wsgi withhold the header.

    Its environ is the same where the client sent none, so the line names a condition.
    """
    environ = request.environ
    if "mod_wsgi.version" in environ and "HTTP_AUTHORIZATION" not in environ and app not in _warned:
        _warned.add(app)
        _logger.warning(_WITHHELD)


def header_fault(location: str | None, token: str | None) -> InvalidRequest | None:
    """Return the fault of a header that brought no `b64token` (RFC 6750 section 2.1), or None.

    Call it for refused tokens alone: every accepted token is a `b64token`.
    """
    if location != HEADER or _TOKEN.fullmatch(token or ""):
        return None
    return InvalidRequest(_MALFORMED)


def in_form(request: Request, *, parameter: str, bound: int) -> str | None:
    """Read a form body that is not multipart, of a method that has one (RFC 6750 section 2.2)."""
    if not bodies.has_form(request) or bodies.read(request, bound) is None:
        return None
    return bodies.texts(request.form.getlist, parameter).get(parameter)


def in_query(request: Request, *, parameter: str) -> str | None:
    """Read the query (RFC 6750 section 2.3), which logs and histories keep."""
    token = bodies.texts(request.args.getlist, parameter).get(parameter)
    # What is no body's parameter is a token, and a bad one, also where it is empty.
    return "" if token is None and parameter in request.args else token


def in_json(request: Request, *, parameter: str, bound: int) -> str | None:
    """Read a member of a JSON object, for which there is no RFC."""
    body = bodies.read(request, bound) if bodies.has_json(request) else None
    if body is None:
        return None
    return bodies.texts(partial(body.find_members, request=request), parameter).get(parameter)


def in_field(request: Request, *, variable: str) -> str | None:
    """Read a header that holds a token alone; an empty one holds none.

    Args:
        request: The request.
        variable: The name of the header in the environ.

    Raises:
        InvalidRequest: The header came twice.
    """
    value: str = request.environ.get(variable, "").strip(" \t")
    if "," in value:
        raise InvalidRequest("The request carries two tokens", reason=Reason.TWO_CREDENTIALS)
    return value or None


def proxy_headers(headers: Iterable[tuple[str, str]]) -> tuple[Location, ...]:
    """Make a location of each header in which a proxy sends tokens that it signed.

    Args:
        headers: The name of a header, in any case, with an issuer whose tokens may be there.
    """
    issuers: dict[str, set[str]] = {}
    for name, issuer in headers:
        issuers.setdefault(name.title(), set()).add(issuer)
    return tuple(
        Location(
            name,
            partial(in_field, variable=f"HTTP_{name.upper().replace('-', '_')}"),
            issuers=frozenset(issuers[name]),
            yields_to=frozenset({HEADER}),
        )
        for name in issuers
    )


def locations_named(
    names: Iterable[str], *, parameter: str = _ACCESS_TOKEN, bound: int
) -> tuple[Location, ...]:
    """Look up locations by their names.

    Args:
        names: As in TOKENGUARD_TOKEN_LOCATIONS, but for cookies.
        parameter: What the token is called in a form, a query or a JSON object.
        bound: That of a body, in octets; a larger one is not looked into.
    """
    form = partial(in_form, parameter=parameter, bound=bound)
    query = partial(in_query, parameter=parameter)
    json = partial(in_json, parameter=parameter, bound=bound)
    locations = (
        Location(HEADER, in_header),
        Location(FORM, form, reads_body=True, kind=FORM),
        Location(QUERY, query, kind=QUERY, on_accepted=_forbid_sharing),
        Location(JSON, json, reads_body=True, kind=JSON),
    )
    by_name = {location.name: location for location in locations}
    return tuple(by_name[name] for name in names)


def without_body(locations: Iterable[Location]) -> tuple[Location, ...]:
    """Return the locations that read no body."""
    return tuple(location for location in locations if not location.reads_body)


def _forbid_sharing(_request: Request, _token: VerifiedToken) -> None:
    after_this_request(_set_private)


def _set_private(response: Response) -> Response:
    # A token in a URL escapes the rule that keeps shared caches off requests with Authorization.
    response.cache_control.public = False
    response.cache_control.private = True
    return response


def find_token(request: Request, locations: Iterable[Location]) -> Found | None:
    """Find the one unverified token of a request, or None.

    Raises:
        InvalidRequest: There is more than one, or one is malformed.
    """
    found = [Found(at, token) for at in locations if (token := at.read(request)) is not None]
    if len(found) > 1:
        raise InvalidRequest("The request carries two tokens", reason=Reason.TWO_CREDENTIALS)
    return found[0] if found else None
