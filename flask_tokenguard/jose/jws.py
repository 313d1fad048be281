"""Signatures (RFC 7515, RFC 7518 section 3): by secrets here, by key pairs in `pair_signatures`."""

from functools import cache
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from .algorithms import SIGNATURE_ALGORITHMS

if TYPE_CHECKING:
    from .pair_signatures import SigningAlgorithm


class _PreparedHMAC:
    """HMAC with a context that has taken in its key already; PyJWT makes one for each token."""

    def sign(self, msg: bytes, key: Any) -> bytes:
        context = key.copy()
        context.update(msg)
        octets: bytes = context.finalize()
        return octets

    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        return compare_digest(sig, self.sign(msg, key))


_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "HS256": hashes.SHA256,
    "HS384": hashes.SHA384,
    "HS512": hashes.SHA512,
}


@cache
def algorithm(name: str) -> "SigningAlgorithm":
    """Look up the object that signs and verifies with keys prepared by `jwk`.

    Raises:
        KeyError: There is none of this name.
        ConfigurationError: PyJWT is needed, and cannot be imported.
    """
    if SIGNATURE_ALGORITHMS[name].kty == "oct":
        return _PreparedHMAC()
    from . import pair_signatures  # noqa: PLC0415 - no secret needs it

    return pair_signatures.algorithm(name)


def prepare_secret(name: str, secret: bytes) -> HMAC:
    """Let an HMAC context take in its key, to be copied for each token."""
    return HMAC(secret, _HASHES[name]())
