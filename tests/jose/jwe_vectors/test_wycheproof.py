"""Project Wycheproof's vectors for JSON Web Encryption."""

import json

import pytest

from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose import jwe, material
from flask_tokenguard.jose.jwe import EncryptionKey
from flask_tokenguard.jose.jwk import KeySet
from flask_tokenguard.keys.text import read_keys, read_material

from ..wycheproof import Members, Vector, needs_vectors, read_vectors
from .support import bound

pytestmark = needs_vectors
FILES = ("json_web_encryption_test", "json_web_crypto_test")
_SHA_1 = "RSA-OAEP uses SHA-1"
_RSA1_5 = "RSA1_5 has given many attackers the plaintext"
_192 = "no content encryption with 192 bits"
_KEY_192 = "no key wrapping with 192 bits, or with GCM and 128"
_WRAP = "ECDH-ES wraps with A256KW alone"
_ZIP = "compressed"
_ENC_AS_ALG = "the key's alg is that of the content; ours names how the content key is protected"
# The vectors that are called valid and that we refuse, by file and tcId, each with its reason.
NOT_ALLOWED = {
    **dict.fromkeys([("json_web_encryption_test", n) for n in (28, 31, 77, 80, 89, 92)], _192),
    **dict.fromkeys([("json_web_encryption_test", n) for n in (33, 34, 35, *range(52, 62))], _WRAP),
    ("json_web_encryption_test", 130): _WRAP,
    **dict.fromkeys([("json_web_encryption_test", n) for n in (70, 71, 72)], _KEY_192),
    **dict.fromkeys([("json_web_encryption_test", n) for n in (*range(82, 88), 129)], _SHA_1),
    **dict.fromkeys([("json_web_encryption_test", n) for n in (*range(100, 106), 112)], _RSA1_5),
    ("json_web_encryption_test", 128): _RSA1_5,
    ("json_web_encryption_test", 132): _ENC_AS_ALG,
    ("json_web_encryption_test", 135): _ZIP,
    ("json_web_crypto_test", 67): _WRAP,
}
_ENC_OF_GROUP = {"jwe_aes": "A256CBC-HS512", "jwe_ec": "A128CBC-HS256"}


def plaintext_of(vector: Vector) -> bytes | None:
    """Return what a vector holds; None if it is invalid."""
    # One of the files leaves out what its tokens hold; it is what they hold in the other one.
    return bytes.fromhex(vector.test.get("pt", b"foo".hex())) if vector.is_valid else None


def decrypt(vector: Vector) -> bytes | None:
    """Bind the key of a vector, find the one that its header names, and decrypt with it."""
    jwk, token = vector.group["private"], vector.token("jwe") or ""
    enc = vector.test.get("enc", _ENC_OF_GROUP.get(vector.group["comment"], ""))
    try:
        key = bound(jwk, jwk["alg"], enc)
        found = KeySet([key]).find(jwe.parse(token), "enc")
    except (ValueError, InvalidToken):
        return None
    return next((key.decrypt(token) for key in found), None)


VECTORS = {
    vector.place: vector for file in FILES for vector in read_vectors(file) if "jwe" in vector.test
}
RUN = [vector for place, vector in VECTORS.items() if place not in NOT_ALLOWED]


@pytest.mark.parametrize("vector", RUN, ids=str)
def test_a_vector_gets_its_result(vector: Vector) -> None:
    assert decrypt(vector) == plaintext_of(vector)


@pytest.mark.parametrize("place", NOT_ALLOWED, ids=str)
def test_a_valid_vector_of_a_forbidden_kind_is_refused(place: tuple[str, int]) -> None:
    assert VECTORS[place].is_valid
    assert decrypt(VECTORS[place]) is None


def test_every_vector_has_one_answer_of_two() -> None:
    assert len(VECTORS) == 139 + 34
    assert sum(vector.is_valid for vector in RUN) >= 25


@pytest.mark.parametrize("tc_id", [25, 26])
def test_an_aes_key_verifies_no_signature(tc_id: int) -> None:
    text = json.dumps(key_of_vector(tc_id))
    with pytest.raises(ValueError, match=r"names the algorithm 'A256(GCM|KW)'"):
        read_keys(text)


@pytest.mark.parametrize("tc_id", [25, 26])
def test_an_aes_key_whose_use_is_sig_decrypts_nothing(tc_id: int) -> None:
    with pytest.raises(ValueError, match="has the use 'sig', and 'enc' beside it"):
        read_material(json.dumps(key_of_vector(tc_id)), use="enc")


def test_an_rsa_key_that_can_be_factored_is_refused() -> None:
    (jwk,) = key_of_vector(7)["keys"]
    with pytest.raises(ValueError, match="CVE-2017-15361"):
        EncryptionKey(material.from_jwk(jwk))


def key_of_vector(tc_id: int) -> Members:
    """Read the key set of one vector of Wycheproof's file for keys."""
    (jwks,) = (
        vector.group["private"]
        for vector in read_vectors("json_web_key_test")
        if vector.place[1] == tc_id
    )
    found: Members = jwks
    return found
