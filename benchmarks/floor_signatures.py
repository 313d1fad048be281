"""The raw primitive of each algorithm: a prepared key, one call, yes or no."""

import hmac
from collections.abc import Callable
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from .signing_keys import SigningKey

Signed: TypeAlias = Callable[[bytes, bytes], bool]


def signature_check(key: SigningKey) -> Signed:
    """Make the function that tells whether a key made a signature of a message."""
    secret_or_private = key.secret_or_private
    if isinstance(secret_or_private, str):
        return _hmac_check(secret_or_private.encode())
    public = secret_or_private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return _rsa_check(public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _ecdsa_check(public)
    return _plain_check(public)


def _hmac_check(secret: bytes) -> Signed:
    # A context that has taken in its key is quicker to copy than the standard library's one call.
    prepared, equal = HMAC(secret, SHA256()), hmac.compare_digest

    def check(message: bytes, signature: bytes) -> bool:
        context = prepared.copy()
        context.update(message)
        return equal(context.finalize(), signature)

    return check


def _rsa_check(public: rsa.RSAPublicKey) -> Signed:
    verify, padding, sha256 = public.verify, PKCS1v15(), SHA256()

    def check(message: bytes, signature: bytes) -> bool:
        try:
            verify(signature, message, padding, sha256)
        except InvalidSignature:
            return False
        return True

    return check


def _ecdsa_check(public: ec.EllipticCurvePublicKey) -> Signed:
    verify, ecdsa, integer = public.verify, ec.ECDSA(SHA256()), int.from_bytes

    def check(message: bytes, signature: bytes) -> bool:
        if len(signature) != 64:
            return False
        pair = encode_dss_signature(integer(signature[:32]), integer(signature[32:]))
        try:
            verify(pair, message, ecdsa)
        except InvalidSignature:
            return False
        return True

    return check


def _plain_check(public: ed25519.Ed25519PublicKey | mldsa.MLDSA44PublicKey) -> Signed:
    verify = public.verify

    def check(message: bytes, signature: bytes) -> bool:
        try:
            verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return check
