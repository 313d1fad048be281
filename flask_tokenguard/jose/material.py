"""Key material: a secret's octets, or a key of `cryptography`; and JWKs -> both (RFC 7517).

What concerns key pairs stands in `key_pairs`, which is imported once a name of it is asked for.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..on_demand import names_on_demand
from . import base64url
from .algorithms import KEY_TYPES, Kind

if TYPE_CHECKING:
    from .key_pairs import (
        Material,
        PrivateKey,
        PublicKey,
        is_weak_rsa,
        public_part,
        thumbprint,
        to_private_members,
        to_public_jwk,
    )
else:
    __getattr__, __dir__ = names_on_demand(
        __name__,
        {
            ".key_pairs": "Material, PrivateKey, PublicKey, is_weak_rsa, public_part, thumbprint,"
            " to_private_members, to_public_jwk"
        },
    )

__all__ = [
    "Material",
    "PrivateKey",
    "PublicKey",
    "from_jwk",
    "is_weak_rsa",
    "kind_of",
    "public_part",
    "thumbprint",
    "to_private_members",
    "to_public_jwk",
]


def from_jwk(jwk: Mapping[str, Any]) -> "Material":
    """Read the key in a JWK; the private one if its private members are there.

    Raises:
        ValueError: A member is absent, malformed or contradicts another; no value is quoted.
    """
    kty = jwk.get("kty")
    if not isinstance(kty, str):
        raise ValueError("has no text member kty")
    if kty not in KEY_TYPES:
        raise ValueError(f"has a kty other than {', '.join(KEY_TYPES)}")
    if kty == "oct":
        return base64url.decode_member(jwk, "k")
    from .key_pairs import READERS  # noqa: PLC0415 - no secret needs it

    return READERS[kty](jwk)


def kind_of(material: "Material") -> Kind:
    """Return the kind of a key.

    Raises:
        ValueError: No algorithm that we know uses such a key.
    """
    if isinstance(material, bytes):
        return Kind("oct", None, len(material) * 8)
    from . import key_pairs  # noqa: PLC0415 - no secret needs it

    return key_pairs.kind_of(material)
