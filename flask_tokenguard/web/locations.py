"""Where on a request the token may be, one function a place (RFC 6750 section 2)."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from flask import Request

from ..errors import InvalidRequest
from . import bodies

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_SCHEME = re.compile(r"(?i:bearer)(?![!#$%&'*+.^_`|~0-9A-Za-z-])")
_NAME = "access_token"
_MALFORMED = "The Authorization header is malformed"

# Names of places, each with what reads an unverified token there; a body is read only by its own.
Locations: TypeAlias = tuple[tuple[str, Callable[[Request], str | None]], ...]
BODY_LOCATIONS = frozenset({"form", "json"})


def in_header(request: Request) -> str | None:
    """Read `Authorization: Bearer`, the scheme in any case (RFC 6750 section 2.1)."""
    value: str | None = request.environ.get("HTTP_AUTHORIZATION")
    if value is None:
        return None
    if value.startswith("Bearer ") or value[:7].lower() == "bearer ":
        return value[7:].lstrip(" ")
    if _SCHEME.match(value):
        raise InvalidRequest(_MALFORMED)
    return None


def header_fault(location: str | None, token: str | None) -> InvalidRequest | None:
    """Tell a header that brought no `b64token` (RFC 6750 section 2.1) from one with a bad token.

    It is asked of what was refused alone, since a token that is accepted is a `b64token` too.
    """
    if location != "header" or _TOKEN.fullmatch(token or ""):
        return None
    return InvalidRequest(_MALFORMED)


def in_form(request: Request, name: str = _NAME, *, bound: int) -> str | None:
    """Read a form body that is not multipart, of a method that has one (RFC 6750 section 2.2)."""
    if not bodies.has_form(request) or bodies.read(request, bound) is None:
        return None
    return _only(request.form.getlist(name), name)


def in_query(request: Request) -> str | None:
    """Read the query (RFC 6750 section 2.3), which logs and histories keep."""
    return _only(request.args.getlist(_NAME), _NAME)


def in_json(request: Request, name: str = _NAME, *, bound: int) -> str | None:
    """Read a member of a JSON object, for which there is no RFC."""
    body = bodies.read(request, bound) if bodies.has_json(request) else None
    if body is None:
        return None
    try:
        members = body.find_members(name, request)
    except ValueError:
        raise InvalidRequest("The JSON body is malformed") from None
    return _only(members, name)


def parameter(request: Request, name: str, *, bound: int) -> str | None:
    """Read a parameter from the body, be it a form or JSON (RFC 6749 section 3.2).

    Args:
        request: The current request.
        name: The parameter's.
        bound: In octets; a larger body is not looked into.

    Raises:
        InvalidRequest: It occurs twice, or is not text.
    """
    value = in_form(request, name, bound=bound)
    return in_json(request, name, bound=bound) if value is None else value


def locations_named(names: Iterable[str], *, bound: int) -> Locations:
    """Look up the functions for some places; `bound` is that of a body, in octets."""
    places: dict[str, Callable[[Request], str | None]] = {
        "header": in_header,
        "form": partial(in_form, bound=bound),
        "query": in_query,
        "json": partial(in_json, bound=bound),
    }
    return tuple((name, places[name]) for name in names)


def _only(values: Sequence[object], name: str) -> str | None:
    if not values:
        return None
    if len(values) > 1:
        raise InvalidRequest(f"The request carries two parameters {name}")
    if not isinstance(values[0], str):
        raise InvalidRequest(f"The {name} is not text")
    return values[0]
