"""The compact serialization, parsed and still unverified (RFC 7515 sections 3.1, 4 and 7.1).

Nothing in a `Compact` may be trusted. Key material or addresses of it in a header (`jwk`, `jku`,
`x5u`, `x5c`) are not even looked at.

JSON knows numbers of any size, and text, `null` and truth values besides. A number that no datetime
can hold fails in each place that computes with it, so each reads it with `numeric_date`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ..errors import InvalidToken, Reason
from ..quoting import quote_shape
from . import base64url, strict_json

# `crit` names extensions that must be understood, and we understand none (RFC 7515 section
# 4.1.11); `b64` changes what was signed (RFC 7797), for readers that look at it.
_FORBIDDEN = ("crit", "b64")
_TEXTS = ("alg", "kid", "typ", "cty")
# In characters. With `Authorization: Bearer ` before it, it is the longest that gunicorn, nginx and
# Apache pass on as they come.
LONGEST_TOKEN = 8160
_CACHED_HEADERS = 256
_LONGEST_CACHED_HEADER = 512
# 9999-12-31T23:59:59Z, the last second that a datetime can hold.
LAST_NUMERIC_DATE = 253_402_300_799


class Header(NamedTuple):
    """A protected header, unverified.

    Attributes:
        alg: The algorithm, never looked up before a key is found.
        kid: The key's name, or None.
        typ: The media type in lower case without `application/`, or None.
        members: All members of the header; not to be changed, since headers are shared.
    """

    alg: str
    kid: str | None
    typ: str | None
    members: Mapping[str, Any]


class Compact(NamedTuple):
    """A token of three parts, parsed and unverified."""

    header: Header
    signing_input: bytes
    payload: bytes
    signature: bytes


def parse(token: str) -> Compact:
    """Split and decode a token of any content, whose size was checked.

    Raises:
        InvalidToken: It is not a compact JWS.
    """
    try:
        octets = token.encode("ascii")
        signing_input, _, encoded_signature = octets.rpartition(b".")
        encoded_header, dot, encoded_payload = signing_input.partition(b".")
        if not dot or b"." in encoded_payload:
            raise InvalidToken(
                "The token is not a compact JWS",
                reason=Reason.MALFORMED,
                detail=f"the number of parts is {octets.count(b'.') + 1}, and must be 3",
            )
        return Compact(
            parse_header(encoded_header),
            signing_input,
            base64url.decode(encoded_payload),
            base64url.decode(encoded_signature),
        )
    except ValueError:
        raise InvalidToken("The token is malformed", reason=Reason.MALFORMED) from None


def parse_payload(compact: Compact) -> dict[str, Any]:
    """Read the payload of a token whose signature has been verified.

    Raises:
        InvalidToken: It is not one strict JSON object.
    """
    try:
        return strict_json.parse_object(compact.payload)
    except ValueError:
        raise InvalidToken(
            "The token's payload is not a JSON object", reason=Reason.MALFORMED
        ) from None


def numeric_date(claims: Mapping[str, Any], claim: str) -> float:
    """Read a NumericDate claim that must be there.

    Args:
        claims: Of a token, whether its rules were checked or not.
        claim: Such as `"exp"`.

    Returns:
        Seconds since the epoch, from 0 to the end of the year 9999.

    Raises:
        InvalidToken: The claim is absent, or no such number.
    """
    instant: Any = claims.get(claim)
    # Not isinstance: bool is an int to Python. NaN is not within any bounds.
    if (type(instant) is int or type(instant) is float) and 0 <= instant <= LAST_NUMERIC_DATE:
        return instant
    if claim not in claims:
        description = f"The token has no {claim}"
        raise InvalidToken(description, claim=claim, reason=Reason.MISSING_CLAIM)
    raise InvalidToken(
        f"The token has no valid {claim}",
        claim=claim,
        reason=Reason.MALFORMED_CLAIM,
        detail=f"{claim} is {quote_shape(instant)}",
    )


def optional_date(claims: Mapping[str, Any], claim: str) -> float | None:
    """Read a NumericDate claim; None where it is absent. Otherwise as `numeric_date`."""
    return numeric_date(claims, claim) if claim in claims else None


def media_type(typ: str) -> str:
    """Normalize a `typ`: case does not count, `application/` may be left out (RFC 7515 4.1.9)."""
    typ = typ.lower()
    bare = typ.removeprefix("application/")
    return typ if "/" in bare else bare


def parse_header(segment: bytes) -> Header:
    """Decode a header segment; the tokens of one key share it, so it is cached by its text."""
    if len(segment) > _LONGEST_CACHED_HEADER:
        return _parse_header(segment)
    return _cached_header(segment)


def _parse_header(segment: bytes) -> Header:
    members = strict_json.parse_object(base64url.decode(segment))
    if any(name in members for name in _FORBIDDEN):
        raise InvalidToken(
            "The token's header has an extension that is not supported", reason=Reason.MALFORMED
        )
    if not all(isinstance(members.get(name, ""), str) for name in _TEXTS) or "alg" not in members:
        raise InvalidToken("The token's header is malformed", reason=Reason.MALFORMED)
    typ = members.get("typ")
    return Header(
        members["alg"], members.get("kid"), None if typ is None else media_type(typ), members
    )


_cached_header = lru_cache(_CACHED_HEADERS)(_parse_header)
