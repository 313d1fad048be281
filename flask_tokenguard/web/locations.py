"""Locations: where on a request a token may be, one function a place (RFC 6750 section 2).

To add one, name it in `config/locations.py` and add a row to `locations_named`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Request

from ..config.locations import FORM, HEADER, JSON, QUERY
from ..errors import InvalidGrant, InvalidRequest, Reason
from . import bodies

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_JWT = re.compile(r"eyJ[A-Za-z0-9._-]+")
_SCHEME = re.compile(r"(?i:bearer)(?![!#$%&'*+.^_`|~0-9A-Za-z-])")
# Servers join several headers with a comma (RFC 9110 section 5.3). A parameter has the `=`.
_SECOND = re.compile(r",[ \t]*bearer[ \t]+(?![ \t=])", re.IGNORECASE)
# The closing quote may be missing, so that a hostile header is read once and no more.
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"?')
_NAME = "access_token"
_MALFORMED = "The Authorization header is malformed"
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
    """

    name: str
    read: Callable[[Request], str | None]
    reads_body: bool = False


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


def header_fault(location: str | None, token: str | None) -> InvalidRequest | None:
    """Return the fault of a header that brought no `b64token` (RFC 6750 section 2.1), or None.

    Call it for refused tokens alone: every accepted token is a `b64token`.
    """
    if location != HEADER or _TOKEN.fullmatch(token or ""):
        return None
    return InvalidRequest(_MALFORMED)


def in_form(request: Request, *, bound: int) -> str | None:
    """Read a form body that is not multipart, of a method that has one (RFC 6750 section 2.2)."""
    if not bodies.has_form(request) or bodies.read(request, bound) is None:
        return None
    return _only(request.form.getlist(_NAME), _NAME)


def in_query(request: Request) -> str | None:
    """Read the query (RFC 6750 section 2.3), which logs and histories keep."""
    return _only(request.args.getlist(_NAME), _NAME)


def in_json(request: Request, *, bound: int) -> str | None:
    """Read a member of a JSON object, for which there is no RFC."""
    body = bodies.read(request, bound) if bodies.has_json(request) else None
    return None if body is None else _only(body.find_members(_NAME, request), _NAME)


def locations_named(names: Iterable[str], *, bound: int) -> tuple[Location, ...]:
    """Look up locations by their names; `bound` is that of a body, in octets."""
    locations = (
        Location(HEADER, in_header),
        Location(FORM, partial(in_form, bound=bound), reads_body=True),
        Location(QUERY, in_query),
        Location(JSON, partial(in_json, bound=bound), reads_body=True),
    )
    by_name = {location.name: location for location in locations}
    return tuple(by_name[name] for name in names)


def without_body(locations: Iterable[Location]) -> tuple[Location, ...]:
    """Return the locations that read no body."""
    return tuple(location for location in locations if not location.reads_body)


class Parameters:
    """The parameters of a request for tokens, in a form or a JSON object (RFC 6749 section 3.2).

    Attributes:
        is_too_large: Whether there is a body that was not looked into.
    """

    __slots__ = ("_values_of", "is_too_large")

    def __init__(self, request: Request, *, bound: int) -> None:
        """Read the body, once for all parameters.

        Args:
            request: The current request.
            bound: In octets; a larger body is not looked into.
        """
        is_form = bodies.has_form(request)
        has_parameters = is_form or bodies.has_json(request)
        body = bodies.read(request, bound) if has_parameters else None
        self.is_too_large = has_parameters and body is None
        self._values_of: Callable[[str], Sequence[Any]] | None = None
        if body is not None:
            find_members = partial(body.find_members, request=request)
            self._values_of = request.form.getlist if is_form else find_members

    def find(self, name: str) -> str | None:
        """Return a parameter, or None.

        Raises:
            InvalidGrant: It occurs twice, or is not text.
        """
        if self._values_of is None:
            return None
        try:
            return _only(self._values_of(name), name)
        except InvalidRequest as error:
            raise InvalidGrant.of(error, error="invalid_request") from None

    def get(self, name: str) -> str:
        """Return a parameter that must be there.

        Raises:
            InvalidGrant: It is not, or as `find` does.
        """
        value = self.find(name)
        if value is None:
            raise InvalidGrant(
                f"There is no {name}", error="invalid_request", reason=Reason.MALFORMED_REQUEST
            )
        return value


def _only(values: Sequence[object], name: str) -> str | None:
    if not values:
        return None
    if len(values) > 1:
        raise InvalidRequest(
            f"The request carries two parameters {name}", reason=Reason.TWO_CREDENTIALS
        )
    if not isinstance(values[0], str):
        raise InvalidRequest(f"The {name} is not text")
    return values[0]
