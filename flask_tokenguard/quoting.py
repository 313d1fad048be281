"""Quoting: what a token or a request states, for one line of a log that it cannot forge.

What comes out is printable ASCII, at most 200 characters long. A member that nobody vouches for may
hold a secret that was pasted into the wrong place, so a name as long as a secret is not shown
whole.
"""

import json
import re
from collections.abc import Collection, Iterable
from itertools import islice

LONGEST = 200
# The octets of the shortest secret (RFC 7518 section 3.2), and how much of a longer name is shown.
_SHORTEST_SECRET = 32
_SHOWN = 8
_MOST_LISTED = 20


def _type_of(value: object) -> str:
    return type(value).__name__


_encode = json.JSONEncoder(default=_type_of).encode
_BROKEN_ESCAPE = r"((?:^|[^\\])(?:\\\\)*)\\(?:u[0-9a-f]{0,3})?$"
# Without user information, query and fragment, where secrets stand.
_PLAIN_URL = r'https?://[!"$->A-~]+'


def quote(value: object) -> str:
    """Write a text, a number or a list of them as JSON in ASCII, cut if need be."""
    if isinstance(value, str):
        value = value[: LONGEST + 1]
    # json leaves DEL alone.
    encoded = _encode(value).replace("\x7f", r"\u007f")
    if len(encoded) <= LONGEST:
        return encoded
    end = '..."' if isinstance(value, str) else "..."
    return re.sub(_BROKEN_ESCAPE, r"\1", encoded[: LONGEST - len(end)]) + end


def quote_list(names: Iterable[str | None]) -> str:
    """Quote what is accepted: each name as `quote` does, sorted, at most 200 characters in all."""
    # A few more than fit: a refusal must not cost more the more keys or issuers there are.
    first = [*islice(names, _MOST_LISTED)]
    joined = ", ".join(sorted({"none" if name is None else quote(name) for name in first}))
    if len(joined) <= LONGEST and len(first) < _MOST_LISTED:
        return joined or "nothing"
    return joined[: LONGEST - 3] + "..."


def quote_name(name: object) -> str:
    """Quote an unverified name: whole if it is shorter than every secret, else how it begins."""
    if not isinstance(name, str):
        return quote_shape(name)
    if len(name.encode(errors="replace")) < _SHORTEST_SECRET:
        return quote(name)
    return f"{quote(name[:_SHOWN] + '...')} of {len(name)} characters"


def quote_issuer(issuer: object) -> str:
    """Quote an unverified `iss`: a plain URL whole, else as a name."""
    if isinstance(issuer, str) and re.fullmatch(_PLAIN_URL, issuer):
        return quote(issuer)
    return quote_name(issuer)


def contrast(name: str, came: Iterable[str], accepted: Iterable[str]) -> str:
    """Write the values of a verified claim beside those that are accepted."""
    return f"{name} {quote_list(came)} came, accepted: {quote_list(accepted)}"


def contrast_issuers(came: object, accepted: Collection[str]) -> str:
    """Write an `iss` beside those that are accepted; if one differs by a slash, it alone."""
    if isinstance(came, str):
        other = came.removesuffix("/") if came.endswith("/") else f"{came}/"
        if other in accepted:
            return f"iss {quote(came)} came, {quote(other)} is accepted; a slash at the end differs"
    return f"iss {quote_issuer(came)} came, accepted: {quote_list(accepted)}"


def quote_claim(value: object) -> str:
    """Quote a claim of a token whose signature was good: a text as it is, else its shape."""
    return quote(value) if isinstance(value, str) else quote_shape(value)


def quote_shape(value: object) -> str:
    """Describe a value of the wrong kind: a number or a constant as it is, else its JSON type."""
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return quote(value)
