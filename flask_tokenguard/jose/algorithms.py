"""The signature algorithms, each a row (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864).

Absent on purpose: `none`, ES256K and Ed448.
"""

from typing import NamedTuple


class SignatureAlgorithm(NamedTuple):
    """What a key must be to serve one algorithm.

    Attributes:
        kty: The key type, as in a JWK.
        crv: The curve, for EC and OKP.
        least_bits: The shortest key that may be used (RFC 7518 sections 3.2, 3.3 and 3.5).
    """

    kty: str
    crv: str | None
    least_bits: int


SIGNATURE_ALGORITHMS = {
    "HS256": SignatureAlgorithm("oct", None, 256),
    "HS384": SignatureAlgorithm("oct", None, 384),
    "HS512": SignatureAlgorithm("oct", None, 512),
    "RS256": SignatureAlgorithm("RSA", None, 2048),
    "RS384": SignatureAlgorithm("RSA", None, 2048),
    "RS512": SignatureAlgorithm("RSA", None, 2048),
    "PS256": SignatureAlgorithm("RSA", None, 2048),
    "PS384": SignatureAlgorithm("RSA", None, 2048),
    "PS512": SignatureAlgorithm("RSA", None, 2048),
    "ES256": SignatureAlgorithm("EC", "P-256", 256),
    "ES384": SignatureAlgorithm("EC", "P-384", 384),
    "ES512": SignatureAlgorithm("EC", "P-521", 521),
    "EdDSA": SignatureAlgorithm("OKP", "Ed25519", 256),
    "Ed25519": SignatureAlgorithm("OKP", "Ed25519", 256),
}

# Two names of one algorithm (RFC 9864 section 2.2): a key for either accepts both.
ED25519_NAMES = frozenset({"EdDSA", "Ed25519"})


def fitting(kty: str, crv: str | None) -> tuple[str, ...]:
    """List the algorithms that a key of this type and curve can serve, the default first."""
    return tuple(
        name for name, row in SIGNATURE_ALGORITHMS.items() if (row.kty, row.crv) == (kty, crv)
    )
