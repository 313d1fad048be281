"""Project Wycheproof's vectors for JSON Web Signature and JSON Web Key."""

import json

import pytest

from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose import compact
from flask_tokenguard.jose.jwk import KeySet
from flask_tokenguard.keys.text import read_keys

from .wycheproof import Vector, needs_vectors, read_vectors

FILES = ("json_web_signature_test", "json_web_key_test", "json_web_crypto_test")

_PS384 = "called valid, but is a PS384 token for a key whose alg is PS256"
_ES521 = "called valid, but its key's alg is ES521, which does not exist (ES512 is meant)"
_SAME = "called invalid for its padding, but is the very text of the valid vector 357"
_FOREIGN = "called valid, but has a ? inside, which is not base64url"
_JWE = "an encrypted token; see jwe_vectors/"

# The vectors to which our answer is not theirs, by file and tcId, each with its reason.
MISTAKEN = {
    ("json_web_signature_test", 346): _PS384,
    ("json_web_signature_test", 347): _ES521,
    ("json_web_signature_test", 350): _PS384,
    ("json_web_signature_test", 351): _ES521,
    ("json_web_signature_test", 367): _SAME,
    ("json_web_signature_test", 370): _SAME,
    ("json_web_signature_test", 372): _FOREIGN,
    ("json_web_signature_test", 373): _FOREIGN,
}
ENCRYPTED = {("json_web_crypto_test", tc_id): _JWE for tc_id in range(50, 84)}
LEFT_OUT = MISTAKEN | ENCRYPTED

pytestmark = needs_vectors


@pytest.fixture(autouse=True)
def _published_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take secrets that are refused because they are published, or one octet repeated."""
    monkeypatch.setattr("flask_tokenguard.keys.text.check_secret", lambda *_, **__: None)


def is_valid(vector: Vector) -> bool:
    """Read the key of a vector, find the one that its header names, and verify."""
    token = vector.token("jws")
    assert token is not None
    jwk = vector.group.get("public") or vector.group["private"]
    try:
        keys = KeySet(read_keys(json.dumps(jwk)))
        parsed = compact.parse(token)
    except (ValueError, InvalidToken):
        return False
    return any(
        parsed.header.alg in key.algs and key.verify(parsed.signing_input, parsed.signature)
        for key in keys.find(parsed.header, "sig")
    )


VECTORS = {vector.place: vector for file in FILES for vector in read_vectors(file)}
RUN = [vector for place, vector in VECTORS.items() if place not in LEFT_OUT]


@pytest.mark.parametrize("vector", RUN, ids=str)
def test_a_vector_gets_its_result(vector: Vector) -> None:
    assert is_valid(vector) is vector.is_valid


@pytest.mark.parametrize("place", LEFT_OUT, ids=str)
def test_a_vector_that_is_left_out_exists(place: tuple[str, int]) -> None:
    assert place in VECTORS


@pytest.mark.parametrize("place", MISTAKEN, ids=str)
def test_a_vector_that_is_left_out_still_needs_to_be(place: tuple[str, int]) -> None:
    assert is_valid(VECTORS[place]) is not VECTORS[place].is_valid


@pytest.mark.parametrize("place", ENCRYPTED, ids=str)
def test_a_vector_that_is_left_out_as_encrypted_is_no_signature(place: tuple[str, int]) -> None:
    assert VECTORS[place].token("jws") is None


def test_nearly_all_vectors_are_run() -> None:
    assert len(RUN) >= 460
    assert sum(vector.is_valid for vector in RUN) >= 45
