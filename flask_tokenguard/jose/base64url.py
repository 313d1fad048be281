"""Strict base64url (RFC 7515 section 2): no padding, no foreign character, one spelling only.

The standard library's decoder skips what it does not know and ignores the unused bits of the last
character, so that one token would have many spellings. Everything here runs in C-level calls.
"""

from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from typing import Any

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STANDARD = _ALPHABET[:62] + b"+/"

# Any byte outside the alphabet becomes "!", which a2b_base64 refuses in strict mode.
_TO_STANDARD = bytes(
    _STANDARD[_ALPHABET.index(byte)] if byte in _ALPHABET else ord("!") for byte in range(256)
)
_PADDING = (b"", b"", b"==", b"=")

# What the last character may be, by length modulo 4, so that its unused bits are zero.
_LAST = (_ALPHABET, b"", _ALPHABET[::16], _ALPHABET[::4])


def encode(octets: bytes) -> bytes:
    """Encode without padding."""
    encoded = b2a_base64(octets, newline=False).rstrip(b"=")
    # Shorter than a translation by a table: nearly all that it would look at stays as it is.
    return encoded.replace(b"+", b"-").replace(b"/", b"_")


def encoded_size(octets: int) -> int:
    """Return the length of what `encode` makes of so many octets."""
    return (4 * octets + 2) // 3


def decode(segment: bytes) -> bytes:
    """Decode the one canonical spelling.

    Raises:
        ValueError: A foreign character, padding, an impossible length or stray trailing bits.
    """
    rest = len(segment) & 3
    if rest and segment[-1] not in _LAST[rest]:
        raise ValueError("not canonical base64url")
    return a2b_base64(segment.translate(_TO_STANDARD) + _PADDING[rest], strict_mode=True)


def decode_member(jwk: Mapping[str, Any], name: str, *, padded: bool = False) -> bytes:
    """Decode a member of a JWK.

    Args:
        jwk: The JWK.
        name: The member's.
        padded: Whether it may have padding.

    Raises:
        ValueError: It is absent, no text or not canonical; the message follows "the key".
    """
    text = jwk.get(name)
    try:
        if isinstance(text, str):
            return decode((text.rstrip("=") if padded else text).encode())
    except ValueError:
        pass
    raise ValueError(f"has no canonical base64url member {name}")
