"""Project Wycheproof's vectors for JSON Web Signature and JSON Web Key.

They are read from the folder that the environment variable WYCHEPROOF_VECTORS names: the
`testvectors_v1` of https://github.com/C2SP/wycheproof.
"""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose import compact
from flask_tokenguard.jose.jwk import KeySet
from flask_tokenguard.keys.text import read_keys

FOLDER = os.environ.get("WYCHEPROOF_VECTORS")
FILES = ("json_web_signature_test", "json_web_key_test", "json_web_crypto_test")

_PS384 = "called valid, but is a PS384 token for a key whose alg is PS256"
_ES521 = "called valid, but its key's alg is ES521, which does not exist (ES512 is meant)"
_SAME = "called invalid for its padding, but is the very text of the valid vector 357"
_FOREIGN = "called valid, but has a ? inside, which is not base64url"
_JWE = "an encrypted token; see test_jwe_vectors.py"

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

pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="WYCHEPROOF_VECTORS does not name the folder of the vectors"
)


@pytest.fixture(autouse=True)
def _published_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take secrets that are refused because they are published, or one octet repeated."""
    monkeypatch.setattr("flask_tokenguard.keys.text.check_secret", lambda *_, **__: None)


class Vector(NamedTuple):
    """A token, its key and what a verifier must say."""

    file: str
    tc_id: int
    name: str
    key: dict[str, Any]
    token: str | None
    is_valid: bool


def read_vectors(file: str) -> list[Vector]:
    """Read a file where it lies; a token that is no text is in the JSON serialization."""
    if FOLDER is None:
        return []
    groups = json.loads(Path(FOLDER, f"{file}.json").read_text())["testGroups"]
    return [
        Vector(
            file,
            test["tcId"],
            f"{group['comment']}-{test['comment']}",
            group.get("public") or group["private"],
            _text(test.get("jws")),
            test["result"] == "valid",
        )
        for group in groups
        for test in group["tests"]
    ]


def _text(token: Any) -> str | None:
    return token if token is None or isinstance(token, str) else json.dumps(token)


def is_valid(vector: Vector) -> bool:
    """Say what we say of a vector: read its key, find the one that its header names, verify."""
    assert vector.token is not None
    try:
        keys = KeySet(read_keys(json.dumps(vector.key)))
        parsed = compact.parse(vector.token)
    except (ValueError, InvalidToken):
        return False
    return any(
        parsed.header.alg in key.algs and key.verify(parsed.signing_input, parsed.signature)
        for key in keys.find(parsed.header, "sig")
    )


VECTORS = {(vector.file, vector.tc_id): vector for file in FILES for vector in read_vectors(file)}
RUN = [vector for place, vector in VECTORS.items() if place not in LEFT_OUT]


@pytest.mark.parametrize(
    "vector", RUN, ids=lambda vector: f"{vector.file[9:-5]}-{vector.tc_id}-{vector.name}"
)
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
    assert VECTORS[place].token is None


def test_nearly_all_vectors_are_run() -> None:
    assert len(RUN) >= 460
    assert sum(vector.is_valid for vector in RUN) >= 45
