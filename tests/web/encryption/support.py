"""Nested tokens: what the tests share."""

import hashlib
import hmac
import json
import secrets
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from flask_tokenguard import TokenGuard
from flask_tokenguard.errors import InvalidToken

from ...jose.tokens import encoded
from ...support import bearer

ENCS = ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"]
ANSWER = "The token cannot be decrypted"
ALL_ALGS = [
    *("A128KW", "A192KW", "A256KW", "dir", "A256GCMKW", "RSA1_5", "RSA-OAEP", "RSA-OAEP-256"),
    *("ECDH-ES", "ECDH-ES+A256KW", "PBES2-HS256+A128KW", *ENCS, "A192GCM"),
]
Jwk = dict[str, str]


def oct_jwk(size: int = 32, **members: str) -> Jwk:
    """Make a secret key."""
    return {"kty": "oct", "k": encoded(secrets.token_bytes(size)), **members}


def pem(key: rsa.RSAPrivateKey | x25519.X25519PrivateKey, password: str | None = None) -> str:
    """Write a private key."""
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def public_pem(key: rsa.RSAPrivateKey | x25519.X25519PrivateKey) -> str:
    """Write its public key."""
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sealed_object(plaintext: str | bytes, key: JWK, **header: Any) -> JWE:
    """Encrypt anything at all with jwcrypto; a header member that is None is left out."""
    members = {"alg": "A256KW", "enc": "A256CBC-HS512", **header}
    protected = {name: value for name, value in members.items() if value is not None}
    writer = JWE(plaintext, json.dumps(protected), algs=ALL_ALGS)
    writer.add_recipient(key)
    return writer


def sealed(plaintext: str | bytes, key: Jwk, **header: Any) -> str:
    """Encrypt to the compact serialization."""
    token: str = sealed_object(plaintext, JWK(**key), **header).serialize(compact=True)
    return token


def signed(secret: str, header: object = None, **claims: Any) -> str:
    """Sign with HS256 what every token must say, changed by some claims; None leaves one out."""
    now = int(time.time())
    members = {"sub": "alice", "jti": "1", "iat": now, "exp": now + 600, **claims}
    payload = {name: value for name, value in members.items() if value is not None}
    signing_input = f"{encoded(header or {'alg': 'HS256', 'typ': 'at+jwt'})}.{encoded(payload)}"
    signature = hmac.digest(secret.encode(), signing_input.encode(), hashlib.sha256)
    return f"{signing_input}.{encoded(signature)}"


def guard_of(app: Flask) -> TokenGuard:
    """Find the guard of an app."""
    guard: TokenGuard = app.extensions["guard"]
    return guard


def answer(app: Flask, token: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """Ask the guarded route; all that goes over the wire."""
    response = app.test_client().get("/claims", headers=bearer(token))
    return response.status, response.headers.to_wsgi_list(), response.data


def reason(app: Flask, token: str) -> str:
    """Be refused outside a request, and read why."""
    with pytest.raises(InvalidToken) as caught:
        guard_of(app).verify(token)
    return caught.value.description
