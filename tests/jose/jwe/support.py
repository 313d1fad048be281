"""Encryption by hand-made and foreign tokens: what the tests share."""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose import base64url, jwe
from flask_tokenguard.jose.jwe import EncryptionKey
from flask_tokenguard.jose.jwk import KeySet
from flask_tokenguard.jose.material import Material

ANSWER = "The token cannot be decrypted"
INNER = "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"
ENCS = ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"]
# Every algorithm of the issue with every key that it takes (RFC 7518 sections 4 and 5, RFC 8037).
WAYS = [
    *(("A128KW", "16 octets", enc) for enc in ENCS),
    *(("A256KW", "32 octets", enc) for enc in ENCS),
    *(("A256GCMKW", "32 octets", enc) for enc in ENCS),
    *(("RSA-OAEP-256", "RSA", enc) for enc in ENCS),
    *(("ECDH-ES", crv, enc) for crv in ("P-256", "P-384", "X25519") for enc in ENCS),
    *(("ECDH-ES+A256KW", crv, enc) for crv in ("P-256", "P-384", "X25519") for enc in ENCS),
    ("dir", "16 octets", "A128GCM"),
    ("dir", "32 octets", "A256GCM"),
    ("dir", "32 octets", "A128CBC-HS256"),
    ("dir", "64 octets", "A256CBC-HS512"),
]
each_way = pytest.mark.parametrize(("alg", "kind", "enc"), WAYS)


def one_of_each() -> dict[str, Material]:
    return {
        "16 octets": secrets.token_bytes(16),
        "32 octets": secrets.token_bytes(32),
        "64 octets": secrets.token_bytes(64),
        "RSA": rsa.generate_private_key(65537, 2048),
        "P-256": ec.generate_private_key(ec.SECP256R1()),
        "P-384": ec.generate_private_key(ec.SECP384R1()),
        "X25519": x25519.X25519PrivateKey.generate(),
    }


def encoded(value: bytes | Mapping[str, Any]) -> str:
    """Write octets, or an object as JSON, in base64url."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed(
    octets: bytes,
    header: bytes | Mapping[str, Any] | None = None,
    plaintext: bytes = INNER.encode(),
    *,
    iv_size: int = 12,
    encrypted_key: bytes = b"",
) -> str:
    """Encrypt by hand with A256GCM (RFC 7516 section 5.1), under any header; `dir` by default."""
    protected = encoded({"alg": "dir", "enc": "A256GCM"} if header is None else header)
    iv = secrets.token_bytes(iv_size)
    ciphertext = AESGCM(octets).encrypt(iv, plaintext, protected.encode())
    parts = (encrypted_key, iv, ciphertext[:-16], ciphertext[-16:])
    return ".".join([protected, *map(encoded, parts)])


def refusal(token: str, *keys: EncryptionKey) -> str:
    """Be refused, and read why."""
    with pytest.raises(InvalidToken) as caught:
        jwe.decrypt(token, KeySet(keys))
    return str(caught.value)


def header_of(token: str) -> dict[str, Any]:
    """Read a token's header, unverified."""
    members: dict[str, Any] = json.loads(base64url.decode(token.partition(".")[0].encode()))
    return members


ONE_ANSWER = str(InvalidToken(ANSWER))
