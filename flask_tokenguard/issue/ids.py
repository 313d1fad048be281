"""Ids of 16 octets: our own `jti` and `sid`, in base64url, and what a store knows things by.

A `jti` begins with the instant of issue, since `iat` is too coarse. A token may be issued in the
second in which its subject's tokens are ended, before or after it.
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Any

from ..jose import base64url
from ..jose.compact import optional_date

# The length of the text of every id.
TEXT_SIZE = 22
_SIZE = 16
_INSTANT_SIZE = 6
# How far a store's clock and ours may be apart; beyond that, a jti was not made here.
_MOST_APART = 3_600_000


def new_jti(instant: int) -> bytes:
    """Make the `jti` of a token that is issued now.

    Args:
        instant: Milliseconds since the epoch, as the store counts them.
    """
    # What secrets.token_bytes calls in the end, three functions further down.
    return instant.to_bytes(_INSTANT_SIZE) + os.urandom(_SIZE - _INSTANT_SIZE)


def new_session(subject: bytes) -> bytes:
    """Make the id of a session.

    It begins as its subject's does, so that a store can keep both together.

    Args:
        subject: The subject's id in the store.
    """
    return subject[:1] + os.urandom(_SIZE - 1)


def new_csrf() -> str:
    """Make a claim `csrf`, which no other site can guess."""
    return to_text(os.urandom(_SIZE))


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


def token_id(issuer: str | None, jti: str) -> bytes:
    """Return the id of a token in a store; the `jti` of an issuer may be any text."""
    return _digest("jti", issuer, jti)


def subject_id(issuer: str | None, subject: str) -> bytes:
    """Return the id of an issuer's subject in a store."""
    return _digest("sub", issuer, subject)


def former_refresh_id(issuer: str | None, jti: str) -> bytes:
    """Return the id by which a store spends a refresh token of another program.

    It is not the token's own, by which it is revoked.
    """
    return _digest("former rt", issuer, jti)


def former_session(subject: bytes, refresh_id: bytes) -> bytes:
    """Return the id of the session that a refresh token of another program begins, always the same.

    Args:
        subject: The subject's id in the store.
        refresh_id: The token's, of `former_refresh_id`.
    """
    return subject[:1] + hashlib.sha256(b"former sid " + subject + refresh_id).digest()[: _SIZE - 1]


def import_mark(issuer: str | None, near: bytes) -> bytes:
    """Return the id that is revoked, beside another, where what another program revoked is known.

    A store that is spread over machines has a mark in each of 256 places, so that a machine that
    lost what it kept has lost its marks too.

    Args:
        issuer: Our own; what was revoked is kept under it.
        near: An id, beside which the mark stands.
    """
    return near[:1] + _digest("former import", issuer, "")[: _SIZE - 1]


def _digest(claim: str, issuer: str | None, value: str) -> bytes:
    # The length keeps apart what issuer and value have between them.
    named = f"{claim} {-1 if issuer is None else len(issuer)} {issuer}{value}"
    # JSON can spell half of a surrogate pair, which has an id like any other text.
    return hashlib.sha256(named.encode(errors="surrogatepass")).digest()[:16]


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
