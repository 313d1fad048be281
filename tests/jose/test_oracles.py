"""Other libraries read our tokens, and we read theirs."""

import json
from collections.abc import Callable
from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from flask_tokenguard.jose import compact
from flask_tokenguard.jose.akp import PUBLIC_SIZES
from flask_tokenguard.jose.algorithms import SIGNATURE_ALGORITHMS
from flask_tokenguard.jose.jwk import Key, KeySet
from flask_tokenguard.jose.material import Material, public_part

from .tokens import encoded, signed

PAYLOAD = {"sub": "me", "ä": [1, None, "€"]}
WRITTEN = json.dumps(PAYLOAD).encode()

# PyJWT 2.15 does not know the name that RFC 9864 gives; of ML-DSA jwcrypto alone has heard.
KNOWN = {
    "joserfc": set(SIGNATURE_ALGORITHMS) - set(PUBLIC_SIZES),
    "jwcrypto": set(SIGNATURE_ALGORITHMS),
    "PyJWT": set(SIGNATURE_ALGORITHMS) - {"Ed25519", *PUBLIC_SIZES},
}


def private_pem(material: Material) -> bytes:
    """Write a private key as PKCS#8; a secret is its own text."""
    if isinstance(material, bytes):
        return material
    return material.private_bytes(  # type: ignore[union-attr]  # the fixture holds private keys
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def public_pem(material: Material) -> bytes:
    """Write the public key as SubjectPublicKeyInfo; a secret is its own text."""
    if isinstance(material, bytes):
        return material
    return public_part(material).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@cache
def joserfc_key(octets: bytes, kty: str) -> OctKey | RSAKey | ECKey | OKPKey:
    """Read a key as joserfc does, once for all of its algorithms."""
    kinds: dict[str, type[OctKey | RSAKey | ECKey | OKPKey]] = {
        "oct": OctKey,
        "RSA": RSAKey,
        "EC": ECKey,
    }
    return kinds.get(kty, OKPKey).import_key(octets)


@cache
def jwcrypto_key(octets: bytes, kty: str) -> JWK:
    """Read a key as jwcrypto does, once for all of its algorithms."""
    if kty == "oct":
        return JWK(kty="oct", k=encoded(octets))
    return JWK.from_pem(octets)


def by_joserfc(material: Material, alg: str) -> str:
    """Sign with joserfc."""
    key = joserfc_key(private_pem(material), SIGNATURE_ALGORITHMS[alg].kty)
    return joserfc_jws.serialize_compact({"alg": alg}, WRITTEN, key, algorithms=[alg])


def by_jwcrypto(material: Material, alg: str) -> str:
    """Sign with jwcrypto."""
    token = JWS(WRITTEN)
    token.allowed_algs = [alg]
    key = jwcrypto_key(private_pem(material), SIGNATURE_ALGORITHMS[alg].kty)
    token.add_signature(key, None, {"alg": alg})
    written: str = token.serialize(compact=True)
    return written


def by_pyjwt(material: Material, alg: str) -> str:
    """Sign with PyJWT."""
    return jwt.encode(PAYLOAD, private_pem(material), alg)


def read_by_joserfc(token: str, material: Material, alg: str) -> bytes:
    """Verify with joserfc."""
    key = joserfc_key(public_pem(material), SIGNATURE_ALGORITHMS[alg].kty)
    return joserfc_jws.deserialize_compact(token, key, algorithms=[alg]).payload


def read_by_jwcrypto(token: str, material: Material, alg: str) -> bytes:
    """Verify with jwcrypto."""
    read = JWS()
    read.allowed_algs = [alg]
    read.deserialize(token, jwcrypto_key(public_pem(material), SIGNATURE_ALGORITHMS[alg].kty))
    payload: bytes = read.payload
    return payload


def read_by_pyjwt(token: str, material: Material, alg: str) -> bytes:
    """Verify with PyJWT."""
    return json.dumps(jwt.decode(token, public_pem(material), [alg])).encode()


WRITERS: dict[str, Callable[[Material, str], str]] = {
    "joserfc": by_joserfc,
    "jwcrypto": by_jwcrypto,
    "PyJWT": by_pyjwt,
}
READERS: dict[str, Callable[[str, Material, str], bytes]] = {
    "joserfc": read_by_joserfc,
    "jwcrypto": read_by_jwcrypto,
    "PyJWT": read_by_pyjwt,
}

each_oracle = pytest.mark.parametrize(
    ("oracle", "alg"),
    [
        (oracle, alg)
        for oracle, known in KNOWN.items()
        for alg in SIGNATURE_ALGORITHMS
        if alg in known
    ],
)
# joserfc warns of a name that nearly all readers know alone.
allow_eddsa = pytest.mark.filterwarnings(
    "ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning"
)


@allow_eddsa
@each_oracle
def test_their_token_is_verified_by_us(
    materials: dict[str, Material], oracle: str, alg: str
) -> None:
    parsed = compact.parse(WRITERS[oracle](materials[alg], alg))
    (key,) = KeySet([Key(materials[alg], alg=alg)]).find(parsed.header, "sig")
    assert key.verify(parsed.signing_input, parsed.signature)
    assert compact.parse_payload(parsed) == PAYLOAD


@allow_eddsa
@each_oracle
def test_our_token_is_verified_by_them(
    materials: dict[str, Material], keys: dict[str, Key], oracle: str, alg: str
) -> None:
    payload = READERS[oracle](signed(keys[alg], PAYLOAD), materials[alg], alg)
    assert json.loads(payload) == PAYLOAD


@allow_eddsa
@each_oracle
def test_their_token_is_not_verified_by_another_key(
    materials: dict[str, Material], other_keys: dict[str, Key], oracle: str, alg: str
) -> None:
    parsed = compact.parse(WRITERS[oracle](materials[alg], alg))
    assert not other_keys[alg].verify(parsed.signing_input, parsed.signature)
