"""The ids of our own tokens and sessions: `jti` and `sid`, 16 octets in base64url.

A `jti` begins with the instant of issue, since `iat` is too coarse. A token may be issued in the
second in which its subject's tokens are ended, before or after it.
"""

import os
from collections.abc import Mapping
from typing import Any

from ..jose import base64url
from ..verify.claims import optional_date

# The length of the text of every id.
TEXT_SIZE = 22
_SIZE = 16
_INSTANT_SIZE = 6
# How far a store's clock and ours may be apart; beyond that, a jti was not made here.
_MOST_APART = 3_600_000


def new_jti(instant: int) -> str:
    """Make the `jti` of a token that is issued now.

    Args:
        instant: Milliseconds since the epoch, as the store counts them.
    """
    # What secrets.token_bytes calls in the end, three functions further down.
    octets = instant.to_bytes(_INSTANT_SIZE) + os.urandom(_SIZE - _INSTANT_SIZE)
    return base64url.encode(octets).decode()


def new_session(subject: bytes) -> bytes:
    """Make the id of a session.

    It begins as its subject's does, so that a store can keep both together.

    Args:
        subject: The subject's id in the store.
    """
    return subject[:1] + os.urandom(_SIZE - 1)


def to_text(octets: bytes) -> str:
    """Encode an id as tokens hold it."""
    return base64url.encode(octets).decode()


def from_text(text: object) -> bytes | None:
    """Decode an id; None for what cannot be one of ours."""
    try:
        octets = base64url.decode(text.encode()) if isinstance(text, str) else b""
    except ValueError:
        return None
    return octets if len(octets) == _SIZE else None


def instant_of(claims: Mapping[str, Any], *, is_own: bool) -> int:
    """Return when a token was issued: by its `jti` if that is ours, else when its `iat` begins.

    Args:
        claims: Verified; without `iat`, the token is older than anything.
        is_own: Whether we issued it.

    Returns:
        Milliseconds since the epoch.

    Raises:
        InvalidToken: `iat` is there, and is no instant.
    """
    begin = int(optional_date(claims, "iat") or 0) * 1000
    jti = from_text(claims.get("jti")) if is_own else None
    if jti is None:
        return begin
    instant = int.from_bytes(jti[:_INSTANT_SIZE])
    return instant if abs(instant - begin) <= _MOST_APART else begin
