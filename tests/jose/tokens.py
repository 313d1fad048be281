"""Tokens and JWKs written by hand, with the standard library alone."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from math import prod
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey

# The same in every run; how the octets of a public key end makes a difference.
KNOWN_KEYS: dict[str, PrivateKey] = {
    "ES256": ec.derive_private_key(1, ec.SECP256R1()),
    "ES512": ec.derive_private_key(1, ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.from_private_bytes((1).to_bytes(32)),
}
# Their public keys end in an octet that is white space to ASCII.
KEYS_THAT_END_IN_A_BLANK: dict[str, PrivateKey] = {
    "ES256": ec.derive_private_key(50, ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.from_private_bytes((188).to_bytes(32)),
}


def encoded(value: object) -> str:
    """Write octets, or JSON, in base64url."""
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def uint(number: int) -> str:
    """Write a number as the JWK members of an RSA key are written."""
    return encoded(number.to_bytes((number.bit_length() + 7) // 8))


def signed(
    key: Key, payload: bytes | Mapping[str, Any], header: bytes | Mapping[str, Any] | None = None
) -> str:
    """Sign anything at all, under any header; by default one that names the key's algorithm."""
    signing_input = f"{encoded({'alg': key.alg} if header is None else header)}.{encoded(payload)}"
    return f"{signing_input}.{encoded(key.sign(signing_input.encode()))}"


def unsigned(header: bytes | Mapping[str, Any], payload: bytes | Mapping[str, Any] = b"{}") -> str:
    """Write a token that nobody signed."""
    return f"{encoded(header)}.{encoded(payload)}.AAAA"


def factorable_rsa_key() -> rsa.RSAPublicKey:
    """Make a modulus with the structure of CVE-2017-15361."""
    product = 2 * prod((11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157))
    # 65537 itself is a power of 65537 modulo each of the primes that tell such a modulus.
    modulus = product * (2**2047 // product + 1) + 65537
    return rsa.RSAPublicNumbers(65537, modulus).public_key()
