"""Key generation: new keys, and the forms in which they are written (RFC 5958, RFC 7517)."""

import secrets

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ..jose import akp, base64url, material
from ..jose.algorithms import CONTENT_BITS, ENCRYPTION_ALGORITHMS, SIGNATURE_ALGORITHMS
from ..jose.key_pairs import CURVES
from ..jose.material import Material, PrivateKey, PublicKey

_RSA_BITS = 3072


def use_of(alg: str) -> str:
    """Return the use of an algorithm: `"sig"` or `"enc"`.

    Raises:
        ValueError: There is no such algorithm.
    """
    if alg in SIGNATURE_ALGORITHMS:
        return "sig"
    if alg in ENCRYPTION_ALGORITHMS:
        return "enc"
    known = ", ".join((*SIGNATURE_ALGORITHMS, *ENCRYPTION_ALGORITHMS))
    raise ValueError(f"{alg} is not one of {known}")


def generate(alg: str, *, crv: str | None = None, enc: str | None = None) -> bytes | PrivateKey:
    """Make a new key for an algorithm.

    Args:
        alg: A signature or encryption algorithm.
        crv: The curve, for ECDH-ES; default X25519.
        enc: The content encryption, for `dir`, which sets the key's length.

    Raises:
        ValueError: There is no such algorithm, the installed `cryptography` cannot do it, or it
            does not take this curve.
    """
    if enc is not None and (alg != "dir" or enc not in CONTENT_BITS):
        raise ValueError(f"{alg} does not take {enc}; dir takes {', '.join(CONTENT_BITS)}")
    if use_of(alg) == "sig":
        row = SIGNATURE_ALGORITHMS[alg]
        if crv not in (None, row.subtype):
            raise ValueError(f"{alg} does not take the curve {crv}")
        return _new(row.kty, row.subtype, row.least_bits)
    kinds = ENCRYPTION_ALGORITHMS[alg]
    kty, first_crv, bits = kinds[-1]
    crv = crv or first_crv
    if crv not in {kind[1] for kind in kinds}:
        raise ValueError(f"{alg} does not take the curve {crv}")
    return _new(kty, crv, CONTENT_BITS[enc or "A256CBC-HS512"] if alg == "dir" else bits)


def to_pem(key: PrivateKey, password: str | None) -> bytes:
    """Write PKCS#8, encrypted if there is a password.

    Raises:
        ValueError: The password is empty, too long or not Unicode text.
    """
    encryption: KeySerializationEncryption = NoEncryption()
    if password is not None:
        encryption = BestAvailableEncryption(password.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def to_public_pem(key: PrivateKey | PublicKey) -> bytes:
    """Write SubjectPublicKeyInfo."""
    public = material.public_part(key)
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def to_jwk(key: Material, *, private: bool, **metadata: str | None) -> dict[str, str]:
    """Write a JWK, with its private members only if asked.

    Args:
        key: The key; a secret has no public part.
        private: Whether the private members are written.
        metadata: More members, such as `kid`, `alg` and `use`; those that are None are left out.

    Raises:
        ValueError: The public part of a secret is wanted.
    """
    named = {name: value for name, value in metadata.items() if value is not None}
    if isinstance(key, bytes):
        if not private:
            raise ValueError("a secret has no public part")
        return {"kty": "oct", "k": base64url.encode(key).decode(), **named}
    members = material.to_public_jwk(material.public_part(key))
    if private and isinstance(key, PrivateKey):
        members |= material.to_private_members(key)
    return members | named


def _new(kty: str, subtype: str | None, bits: int) -> bytes | PrivateKey:
    if kty == "oct":
        return secrets.token_bytes(bits // 8)
    if kty == "RSA":
        return rsa.generate_private_key(65537, _RSA_BITS)
    if kty == "AKP":
        return akp.generate(subtype or "")
    if subtype in CURVES:
        return ec.generate_private_key(CURVES[subtype])
    if subtype == "X25519":
        return x25519.X25519PrivateKey.generate()
    return ed25519.Ed25519PrivateKey.generate()
