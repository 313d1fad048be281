"""Signatures (RFC 7515, RFC 7518 section 3): the only module that imports PyJWT.

PyJWT's Algorithm objects do the work, on keys that were prepared once. Its `jwt.decode` is not
used: it accepts padded base64url, duplicate members and tokens of any size.
"""

import re
from base64 import b64decode

from jwt.algorithms import Algorithm as SigningAlgorithm
from jwt.algorithms import HMACAlgorithm, get_default_algorithms
from jwt.exceptions import InvalidKeyError

from .algorithms import SIGNATURE_ALGORITHMS

__all__ = ["SigningAlgorithm", "algorithm", "check_secret"]

_DEFAULT = get_default_algorithms()
_PYJWT_NAMES = {"Ed25519": "EdDSA"}  # PyJWT 2.15 does not know the name of RFC 9864.
_ALGORITHMS: dict[str, SigningAlgorithm] = {
    name: _DEFAULT[_PYJWT_NAMES.get(name, name)] for name in SIGNATURE_ALGORITHMS
}
_KEY_TEXT = re.compile(rb"-- ?BEGIN |ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp")
_HMAC = HMACAlgorithm(HMACAlgorithm.SHA256)


def algorithm(name: str) -> SigningAlgorithm:
    """Look up the object that signs and verifies with keys prepared by `jwk`."""
    return _ALGORITHMS[name]


def check_secret(secret: bytes) -> None:
    """Refuse public key material as an HMAC secret (CVE-2022-29217): whoever knows it could sign.

    Raises:
        ValueError: The secret is empty, or is PEM, DER (also in base64), OpenSSH or JWK text.
    """
    bare = secret.removeprefix(b"\xef\xbb\xbf").strip()
    # Keycloak shows a realm's public key as the base64 of its DER, without PEM's frame.
    for spelling in (secret, bare, _from_base64(bare) or bare):
        if _KEY_TEXT.search(spelling) or not _is_secret(spelling):
            raise ValueError("is empty, or is an asymmetric key or a JWK, not a secret")


def _is_secret(octets: bytes) -> bool:
    try:
        _HMAC.prepare_key(octets)
    except InvalidKeyError:
        return False
    return True


def _from_base64(text: bytes) -> bytes:
    standard = b"".join(text.split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        return b64decode(standard + b"=" * (-len(standard) % 4), validate=True)
    except ValueError:
        return b""
