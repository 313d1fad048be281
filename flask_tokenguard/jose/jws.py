"""Signatures (RFC 7515, RFC 7518 section 3): the only module that imports PyJWT.

PyJWT's Algorithm objects do the work, on keys that were prepared once. Its `jwt.decode` is not
used: it accepts padded base64url, duplicate members and tokens of any size.
"""

import re
from base64 import b64decode
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hmac import HMAC
from jwt.algorithms import Algorithm as SigningAlgorithm
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, get_default_algorithms
from jwt.exceptions import InvalidKeyError

from .algorithms import SIGNATURE_ALGORITHMS

__all__ = ["SigningAlgorithm", "algorithm", "check_secret", "prepare_secret"]


class _PreparedHMAC(HMACAlgorithm):
    """HMAC with a context that has taken in its key already; PyJWT makes one for each token."""

    def sign(self, msg: bytes, key: Any) -> bytes:
        context = key.copy()
        context.update(msg)
        octets: bytes = context.finalize()
        return octets


class _PreparedEC(ECAlgorithm):
    """ECDSA with its parameters made once; PyJWT's conversion goes by way of hexadecimal text."""

    def __init__(self, hash_alg: type[hashes.HashAlgorithm], size: int) -> None:
        super().__init__(hash_alg)
        self._size = size
        self._ecdsa = ECDSA(hash_alg())

    def sign(self, msg: bytes, key: Any) -> bytes:
        r, s = decode_dss_signature(key.sign(msg, self._ecdsa))
        return r.to_bytes(self._size) + s.to_bytes(self._size)

    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        size = self._size
        if len(sig) != 2 * size:
            return False
        r, s = int.from_bytes(sig[:size]), int.from_bytes(sig[size:])
        try:
            key.verify(encode_dss_signature(r, s), msg, self._ecdsa)
        except InvalidSignature:
            return False
        return True


_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "HS256": hashes.SHA256,
    "HS384": hashes.SHA384,
    "HS512": hashes.SHA512,
}
_KEY_TEXT = re.compile(rb"-- ?BEGIN |ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp")
_HMAC = _PreparedHMAC(HMACAlgorithm.SHA256)
_DEFAULT = get_default_algorithms()
_ALGORITHMS: dict[str, SigningAlgorithm] = {
    **{name: _DEFAULT[name] for name in SIGNATURE_ALGORITHMS if name in _DEFAULT},
    # PyJWT 2.15 does not know the name of RFC 9864.
    "Ed25519": _DEFAULT["EdDSA"],
    "HS256": _HMAC,
    "HS384": _HMAC,
    "HS512": _HMAC,
}
_CURVES: dict[str, tuple[type[hashes.HashAlgorithm], int]] = {
    "ES256": (hashes.SHA256, 32),
    "ES384": (hashes.SHA384, 48),
    "ES512": (hashes.SHA512, 66),
}


@cache
def algorithm(name: str) -> SigningAlgorithm:
    """Look up the object that signs and verifies with keys prepared by `jwk`."""
    # Made when a key asks for it, since it makes `cryptography` load what no other one needs.
    return _PreparedEC(*_CURVES[name]) if name in _CURVES else _ALGORITHMS[name]


def prepare_secret(name: str, secret: bytes) -> HMAC:
    """Let an HMAC context take in its key, to be copied for each token."""
    return HMAC(secret, _HASHES[name]())


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
