"""Signatures by key pairs (RFC 7518 section 3): the only module that imports PyJWT.

PyJWT's Algorithm objects do RSA, on keys that were prepared once; all else is done here, on
`cryptography`. Its `jwt.decode` is not used: it accepts padded base64url,
duplicate members and tokens of any size.
"""

import sys
from typing import Any, Protocol, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from ..errors import ConfigurationError
from .algorithms import SIGNATURE_ALGORITHMS


class SigningAlgorithm(Protocol):
    """The methods of PyJWT's Algorithm objects that take a prepared key."""

    def sign(self, msg: bytes, key: Any) -> bytes:
        """Sign with a private key."""
        ...

    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        """Return whether the key made the signature."""
        ...


class _PreparedEC:
    """ECDSA with its parameters made once; PyJWT's conversion goes by way of hexadecimal text."""

    def __init__(self, hash_alg: type[hashes.HashAlgorithm], size: int) -> None:
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


class _Plain:
    """EdDSA and ML-DSA: the key has all the parameters in it (RFC 8037, RFC 9964)."""

    def sign(self, msg: bytes, key: Any) -> bytes:
        octets: bytes = key.sign(msg)
        return octets

    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        try:
            key.verify(sig, msg)
        except InvalidSignature:
            return False
        return True


_CURVES: dict[str, tuple[type[hashes.HashAlgorithm], int]] = {
    "ES256": (hashes.SHA256, 32),
    "ES384": (hashes.SHA384, 48),
    "ES512": (hashes.SHA512, 66),
}


def algorithm(name: str) -> SigningAlgorithm:
    """Make the object that signs and verifies with key pairs.

    Raises:
        KeyError: There is none of this name.
        ConfigurationError: PyJWT is needed, and cannot be imported.
    """
    if SIGNATURE_ALGORITHMS[name].kty in ("OKP", "AKP"):
        return _Plain()
    if name in _CURVES:
        return _PreparedEC(*_CURVES[name])
    # Made when a key asks for it: PyJWT, and what `cryptography` loads for it, take longer to
    # import than all else here together.
    try:
        from jwt.algorithms import get_default_algorithms  # noqa: PLC0415 - imported when used
    except ImportError:
        raise ConfigurationError(_explain_no_pyjwt()) from None
    return cast(SigningAlgorithm, get_default_algorithms()[name])


def _explain_no_pyjwt() -> str:
    place = getattr(sys.modules.get("jwt"), "__file__", None)
    return (
        f"PyJWT cannot be imported: `import jwt` finds {place or 'nothing'}, where the PyPI package"
        " jwt or a file of that name stands in for it; type `pip uninstall jwt` and"
        " `pip install --force-reinstall pyjwt`"
    )
