"""The examples of RFC 7516 appendix A and RFC 7520 section 5: wycheproof."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose import jwe, material
from flask_tokenguard.jose.jwe import EncryptionKey
from flask_tokenguard.jose.jwk import KeySet
from flask_tokenguard.keys.text import read_keys, read_material

from .support import bound

FOLDER = os.environ.get("WYCHEPROOF_VECTORS")
FILES = ("json_web_encryption_test", "json_web_crypto_test")
needs_vectors = pytest.mark.skipif(
    FOLDER is None, reason="WYCHEPROOF_VECTORS does not name the folder of the vectors"
)
_SHA_1 = "RSA-OAEP uses SHA-1"
_RSA1_5 = "RSA1_5 has told many attackers the plaintext"
_192 = "no content encryption with 192 bits"
_KEY_192 = "no key wrapping with 192 bits, or with GCM and 128"
_WRAP = "ECDH-ES wraps with A256KW alone"
_ZIP = "compressed"
_ENC_AS_ALG = "the key's alg is that of the content; ours says how the content key is protected"
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


class Vector(NamedTuple):
    """A token, its key, its content encryption, and what a reader must say."""

    file: str
    tc_id: int
    name: str
    jwk: dict[str, Any]
    enc: str | None
    token: str
    plaintext: bytes | None


def read_vectors(file: str) -> list[Vector]:
    """Read the encrypted tokens of a file where it lies; the plaintext is None if invalid."""
    if FOLDER is None:
        return []
    groups = json.loads(Path(FOLDER, f"{file}.json").read_text())["testGroups"]
    return [
        Vector(
            file,
            test["tcId"],
            f"{group['comment']}-{test['comment']}",
            group["private"],
            test.get("enc", _ENC_OF_GROUP.get(group["comment"])),
            test["jwe"] if isinstance(test["jwe"], str) else json.dumps(test["jwe"]),
            # This file does not say what its tokens hold; it is what they hold in the other one.
            bytes.fromhex(test.get("pt", b"foo".hex())) if test["result"] == "valid" else None,
        )
        for group in groups
        for test in group["tests"]
        if "jwe" in test
    ]


def plaintext_of(vector: Vector) -> bytes | None:
    """Say what we say of a vector: bind its key, find the one that its header names, decrypt."""
    try:
        key = bound(vector.jwk, vector.jwk["alg"], vector.enc or "")
        found = KeySet([key]).find(jwe.parse(vector.token), "enc")
    except (ValueError, InvalidToken):
        return None
    return next((key.decrypt(vector.token) for key in found), None)


VECTORS = {(vector.file, vector.tc_id): vector for file in FILES for vector in read_vectors(file)}
RUN = [vector for place, vector in VECTORS.items() if place not in NOT_ALLOWED]


@needs_vectors
@pytest.mark.parametrize(
    "vector", RUN, ids=lambda vector: f"{vector.file[9:-5]}-{vector.tc_id}-{vector.name}"
)
def test_a_vector_gets_its_result(vector: Vector) -> None:
    assert plaintext_of(vector) == vector.plaintext


@needs_vectors
@pytest.mark.parametrize("place", NOT_ALLOWED, ids=str)
def test_a_valid_vector_of_a_forbidden_kind_is_refused(place: tuple[str, int]) -> None:
    assert VECTORS[place].plaintext is not None
    assert plaintext_of(VECTORS[place]) is None


@needs_vectors
def test_every_vector_has_one_answer_of_two() -> None:
    assert len(VECTORS) == 139 + 34
    assert sum(vector.plaintext is not None for vector in RUN) >= 25


@needs_vectors
@pytest.mark.parametrize("tc_id", [25, 26])
def test_an_aes_key_verifies_no_signature(tc_id: int) -> None:
    text = json.dumps(key_of_vector(tc_id))
    with pytest.raises(ValueError, match=r"names the algorithm 'A256(GCM|KW)'"):
        read_keys(text)


@needs_vectors
@pytest.mark.parametrize("tc_id", [25, 26])
def test_an_aes_key_whose_use_is_sig_decrypts_nothing(tc_id: int) -> None:
    with pytest.raises(ValueError, match="has the use 'sig', and 'enc' beside it"):
        read_material(json.dumps(key_of_vector(tc_id)), use="enc")


@needs_vectors
def test_an_rsa_key_that_can_be_factored_is_refused() -> None:
    (jwk,) = key_of_vector(7)["keys"]
    with pytest.raises(ValueError, match="CVE-2017-15361"):
        EncryptionKey(material.from_jwk(jwk))


def key_of_vector(tc_id: int) -> dict[str, Any]:
    """Read the key set of one vector of Wycheproof's file for keys."""
    groups = json.loads(Path(FOLDER or "", "json_web_key_test.json").read_text())["testGroups"]
    (jwks,) = (
        group["private"] for group in groups for test in group["tests"] if test["tcId"] == tc_id
    )
    found: dict[str, Any] = jwks
    return found
