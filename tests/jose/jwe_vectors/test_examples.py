"""The examples of RFC 7516 appendix A and RFC 7520 section 5: each is decrypted or refused."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose import jwe, material
from flask_tokenguard.jose.jwe import EncryptionKey
from flask_tokenguard.jose.jwk import KeySet

from .examples import (
    ALLOWED,
    ANSWER,
    COMPRESSED,
    IN_JSON,
    LIVE_LONG,
    PASSWORD_BASED,
    REFUSED,
    RFC7516_A1_KEY,
    RFC7516_A2_KEY,
    RFC7516_A3,
    RFC7516_A3_KEY,
    RFC7520_53_KEY,
    RFC7520_54_KEY,
    UNSUPPORTED,
)
from .support import bound, material_of


def refusal(token: str, key: EncryptionKey) -> str:
    """Be refused, and read why."""
    with pytest.raises(InvalidToken) as caught:
        jwe.decrypt(token, KeySet([key]))
    return caught.value.description


def flattened(token: str) -> str:
    """Write a compact token in the flattened JSON serialization (RFC 7516 section 7.2.2)."""
    names = ("protected", "encrypted_key", "iv", "ciphertext", "tag")
    members = zip(names, token.split("."), strict=True)
    return json.dumps({name: value for name, value in members if value})


def read_by_jwcrypto(token: str, jwk: Mapping[str, Any]) -> bytes:
    """Decrypt with everything allowed that is old enough to be in an example."""
    reader = JWE()
    reader.allowed_algs = ["A128CBC-HS256", "A128GCM", "A256GCM"]
    reader.allowed_algs += ["RSA1_5", "RSA-OAEP", "A128KW", "ECDH-ES", "ECDH-ES+A128KW", "dir"]
    reader.allowed_algs += ["PBES2-HS512+A256KW", "A256GCMKW"]
    reader.deserialize(token, key_of_jwcrypto(json.dumps(jwk)))
    payload: bytes = reader.payload
    return payload


@cache
def key_of_jwcrypto(jwk: str) -> JWK:
    """Have jwcrypto read a JWK once, with the primes that we found."""
    key = material_of(jwk)
    if isinstance(key, material.PrivateKey):
        return JWK.from_pem(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )
    return JWK.from_json(jwk)


@pytest.mark.parametrize(("token", "jwk", "alg", "enc", "plaintext"), ALLOWED)
def test_an_example_is_decrypted(
    token: str, jwk: dict[str, str], alg: str, enc: str, plaintext: bytes
) -> None:
    assert bound(jwk, alg, enc).decrypt(token) == plaintext


def test_an_example_of_ascii_text_is_decrypted_by_its_key() -> None:
    key = bound(RFC7516_A3_KEY, "A128KW", "A128CBC-HS256")
    assert jwe.decrypt(RFC7516_A3, KeySet([key])) == LIVE_LONG.decode()


@pytest.mark.parametrize(("token", "jwk", "alg", "enc", "plaintext"), ALLOWED)
def test_an_example_is_refused_in_the_json_serialization(
    token: str, jwk: dict[str, str], alg: str, enc: str, plaintext: bytes
) -> None:
    assert read_by_jwcrypto(flattened(token), jwk) == plaintext
    assert refusal(flattened(token), bound(jwk, alg, enc)) == ANSWER


@pytest.mark.parametrize(("token", "jwk"), REFUSED)
def test_an_example_that_is_refused_is_good_all_the_same(token: str, jwk: dict[str, str]) -> None:
    assert len(read_by_jwcrypto(token, jwk)) >= len(LIVE_LONG)


@pytest.mark.parametrize(("token", "jwk", "enc"), UNSUPPORTED)
def test_an_example_with_an_unsupported_alg_is_refused(
    token: str, jwk: dict[str, str], enc: str
) -> None:
    key = bound(jwk, None, enc)
    assert refusal(token, key) == ANSWER
    assert key.decrypt(token) is None


@pytest.mark.parametrize(
    ("jwk", "alg"),
    [
        (RFC7516_A1_KEY, "RSA-OAEP"),
        (RFC7516_A2_KEY, "RSA1_5"),
        (RFC7520_53_KEY, "PBES2-HS512+A256KW"),
        (RFC7520_54_KEY, "ECDH-ES+A128KW"),
    ],
)
def test_no_key_can_be_bound_to_an_unsupported_alg(jwk: dict[str, str], alg: str) -> None:
    with pytest.raises(ValueError, match=r"which is not supported$"):
        bound(jwk, alg, "A128CBC-HS256")


@pytest.mark.parametrize(("token", "jwk"), [PASSWORD_BASED])
def test_a_password_is_no_key(token: str, jwk: dict[str, str]) -> None:
    password = material.from_jwk(jwk)
    assert isinstance(password, bytes)
    assert refusal(token, EncryptionKey(password[:32], enc="A128CBC-HS256")) == ANSWER
    with pytest.raises(ValueError, match="which cannot encrypt"):
        EncryptionKey(password)


@pytest.mark.parametrize(("token", "jwk"), [COMPRESSED])
def test_a_compressed_example_is_refused_by_its_own_key(token: str, jwk: dict[str, str]) -> None:
    key = bound(jwk, "A128KW", "A128GCM")
    assert refusal(token, key) == ANSWER
    assert key.decrypt(token) is None


@pytest.mark.parametrize(("token", "jwk", "enc"), IN_JSON)
def test_an_example_in_json_is_refused_by_its_own_key(
    token: str, jwk: dict[str, str], enc: str
) -> None:
    assert refusal(token, bound(jwk, "A128KW", enc)) == ANSWER
