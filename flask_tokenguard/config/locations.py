"""Locations: the entries that name where on a request a token may be (RFC 6750 section 2).

An entry is a kind, or a kind with a name: `cookie`, `cookie:access_token_cookie`. What browsers
send by themselves is no header here, since it would pass the check of cookies by.
"""

import re
from typing import NamedTuple

from ..quoting import quote_name
from .readers import Fault, texts

HEADER = "header"
COOKIE = "cookie"
FORM = "form"
QUERY = "query"
JSON = "json"
LOCATIONS = (HEADER, COOKIE, FORM, QUERY, JSON)
AUTHORIZATION = "Authorization"
BEARER = "Bearer"
ACCESS_TOKEN = "access_token"  # noqa: S105 - a name
# Tokens of RFC 9110 section 5.6.2, as far as servers pass them on.
_FIELD_NAME = r"[A-Za-z][A-Za-z0-9-]{0,127}"
_TCHARS = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}"
_PARAMETER = r"[!-~]{1,128}"
_SENT_BY_BROWSERS = (
    r"(cookie2?|host|origin|referer|user-agent|accept.*|content-.*|if-.*|sec-.*|proxy-.*)"
)
_SCHEMES_OF_BROWSERS = ("basic", "digest", "negotiate", "ntlm")
_OTHER_WORDS = {
    "headers": HEADER,
    "authorization": HEADER,
    "bearer": HEADER,
    "cookies": COOKIE,
    "body": f"{FORM} or {JSON}",
    "query_string": QUERY,
    "args": QUERY,
    "url": QUERY,
}


class LocationEntry(NamedTuple):
    """An entry of TOKENGUARD_TOKEN_LOCATIONS, or of a view's own list.

    Attributes:
        kind: One of `LOCATIONS`.
        name: That of the header, the cookie or the parameter; None for the usual one.
        scheme: What comes before the token in the header; None where it stands alone.
    """

    kind: str
    name: str | None = None
    scheme: str | None = None

    def __str__(self) -> str:
        return ":".join(filter(None, self))


def read_locations(value: object) -> tuple[LocationEntry, ...]:
    """Read entries that name where tokens may be, each place once."""
    entries = tuple(map(_read_entry, texts(value)))
    if len({_place_of(entry) for entry in entries}) < len(entries):
        raise Fault(f"must name some of {', '.join(LOCATIONS)}, each place once")
    return entries


def _place_of(entry: LocationEntry) -> tuple[str, ...]:
    """Return the place that an entry names, by the name that a request has for it."""
    if entry.kind == HEADER:
        name, scheme = (entry.name, entry.scheme) if entry.name else (AUTHORIZATION, BEARER)
        return HEADER, name.lower(), (scheme or "").lower()
    return entry.kind, entry.name or ("" if entry.kind == COOKIE else ACCESS_TOKEN)


def _read_entry(text: str) -> LocationEntry:
    kind, colon, name = text.partition(":")
    if kind not in LOCATIONS:
        lowered = kind.lower()
        near = lowered if lowered in LOCATIONS else _OTHER_WORDS.get(lowered)
        near = near or (f"header:{kind}" if "-" in kind else f"some of {', '.join(LOCATIONS)}")
        raise Fault(f"holds {quote_name(text)}, which is no place of a token; write {near}")
    if not colon:
        return LocationEntry(kind)
    if kind == HEADER:
        return _read_header(text, name)
    pattern = _TCHARS if kind == COOKIE else _PARAMETER
    if not re.fullmatch(pattern, name):
        raise Fault(
            f"holds {quote_name(text)}; write {kind}:NAME, where NAME is printable ASCII without"
            " blanks"
        )
    return LocationEntry(kind, name)


def _read_header(text: str, rest: str) -> LocationEntry:
    name, colon, scheme = rest.partition(":")
    if not re.fullmatch(_FIELD_NAME, name) or (colon and not re.fullmatch(_TCHARS, scheme)):
        raise Fault(
            f"holds {quote_name(text)}; write header:NAME or header:NAME:SCHEME, such as"
            " header:X-Auth-Token or header:Authorization:Token"
        )
    is_sent = re.fullmatch(_SENT_BY_BROWSERS, name.lower()) is not None
    if is_sent or scheme.lower() in _SCHEMES_OF_BROWSERS:
        raise Fault(
            f"holds {quote_name(text)}, which browsers send by themselves, also for pages of other"
            " sites; name a header of the client's own, or write cookie:NAME"
        )
    return LocationEntry(HEADER, name, scheme or None)
