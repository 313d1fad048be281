"""Algorithms: a row for each (RFC 7518, RFC 8037, RFC 9864, RFC 9964).

Absent on purpose: `none`, ES256K, Ed448; PBES2, RSA1_5 and RSA-OAEP with SHA-1.
"""

from typing import NamedTuple


class Kind(NamedTuple):
    """The `kty` of a key, its `crv`, of AKP its `alg`, if it has one, and its size in bits."""

    kty: str
    subtype: str | None
    bits: int


class SignatureAlgorithm(NamedTuple):
    """The key that one algorithm takes.

    Attributes:
        kty: The key type, as in a JWK.
        subtype: The curve, for EC and OKP; the algorithm, for AKP.
        least_bits: The shortest key that may be used (RFC 7518 sections 3.2, 3.3 and 3.5).
        signature_size: The octets of a signature; None where it is as long as the key.
    """

    kty: str
    subtype: str | None
    least_bits: int
    signature_size: int | None


SIGNATURE_ALGORITHMS = {
    "HS256": SignatureAlgorithm("oct", None, 256, 32),
    "HS384": SignatureAlgorithm("oct", None, 384, 48),
    "HS512": SignatureAlgorithm("oct", None, 512, 64),
    "RS256": SignatureAlgorithm("RSA", None, 2048, None),
    "RS384": SignatureAlgorithm("RSA", None, 2048, None),
    "RS512": SignatureAlgorithm("RSA", None, 2048, None),
    "PS256": SignatureAlgorithm("RSA", None, 2048, None),
    "PS384": SignatureAlgorithm("RSA", None, 2048, None),
    "PS512": SignatureAlgorithm("RSA", None, 2048, None),
    "ES256": SignatureAlgorithm("EC", "P-256", 256, 64),
    "ES384": SignatureAlgorithm("EC", "P-384", 384, 96),
    "ES512": SignatureAlgorithm("EC", "P-521", 521, 132),
    "EdDSA": SignatureAlgorithm("OKP", "Ed25519", 256, 64),
    "Ed25519": SignatureAlgorithm("OKP", "Ed25519", 256, 64),
    "ML-DSA-44": SignatureAlgorithm("AKP", "ML-DSA-44", 8 * 1312, 2420),
    "ML-DSA-65": SignatureAlgorithm("AKP", "ML-DSA-65", 8 * 1952, 3309),
    "ML-DSA-87": SignatureAlgorithm("AKP", "ML-DSA-87", 8 * 2592, 4627),
}

KEY_TYPES = tuple(dict.fromkeys(row.kty for row in SIGNATURE_ALGORITHMS.values()))


def key_for(alg: str) -> str:
    """Name the kind of key that a signature algorithm takes, with its article."""
    row = SIGNATURE_ALGORITHMS[alg]
    return {"oct": "a secret", "RSA": "an RSA key", "EC": f"an EC key on {row.subtype}"}.get(
        row.kty, f"an {row.subtype} key"
    )


# Two names of one algorithm (RFC 9864): a key for either accepts both.
ED25519_NAMES = frozenset({"EdDSA", "Ed25519"})

# How a content key is protected (RFC 7518 section 4.1): the keys that serve, by kty, crv and bits,
# where 0 stands for any length; an RSA key's is checked by its own bound.
ENCRYPTION_ALGORITHMS: dict[str, tuple[tuple[str, str | None, int], ...]] = {
    "A128KW": (("oct", None, 128),),
    "A256KW": (("oct", None, 256),),
    "dir": (("oct", None, 128), ("oct", None, 256), ("oct", None, 512)),
    "A256GCMKW": (("oct", None, 256),),
    "RSA-OAEP-256": (("RSA", None, 0),),
    "ECDH-ES+A256KW": (("EC", "P-256", 0), ("EC", "P-384", 0), ("OKP", "X25519", 0)),
    "ECDH-ES": (("EC", "P-256", 0), ("EC", "P-384", 0), ("OKP", "X25519", 0)),
}
LEAST_RSA_BITS = 2048

# How content is encrypted (RFC 7518 section 5.1), with the bits of the content key.
CONTENT_BITS = {"A256GCM": 256, "A128GCM": 128, "A256CBC-HS512": 512, "A128CBC-HS256": 256}
