"""That the floor is a verifier at all: what it does not check would make us look slow."""

import json
import time

import pytest

from benchmarks.peers import floor, ours
from benchmarks.peers.signing_keys import ALGORITHMS, SigningKey
from flask_tokenguard.jose import base64url
from flask_tokenguard.jose.jwk import Key

NOW = int(time.time())
GOOD = {"sub": "ada", "jti": "1", "iat": NOW - 10, "exp": NOW + 900}
KEY = SigningKey.generate("HS256")
VERIFY = floor.remembering(floor.verifier(KEY))


def signed(claims: bytes, header: bytes = b'{"alg":"HS256","typ":"at+jwt"}') -> str:
    message = base64url.encode(header) + b"." + base64url.encode(claims)
    signature = Key(KEY.text.encode()).sign(message)
    return (message + b"." + base64url.encode(signature)).decode()


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_floor_takes_our_tokens_and_nobody_elses(alg: str) -> None:
    key = SigningKey.generate(alg)
    verify = floor.remembering(floor.verifier(key))
    (good,), (forged,) = ours.tokens(key, ["ada"]), ours.tokens(SigningKey.generate(alg), ["ada"])
    assert verify(good)["sub"] == verify(good)["sub"] == "ada"
    with pytest.raises(ValueError, match=r"^$"):
        verify(forged)


@pytest.mark.parametrize(
    "changed",
    [
        {"sub": ""},
        {"sub": 1},
        {"jti": None},
        {"exp": NOW - 1},
        {"exp": "9999999999"},
        {"exp": True},
        {"iat": NOW + 86_400},
        {"nbf": NOW + 86_400},
        {"iss": "https://login.example.com"},
        {"aud": "https://notes.example.com"},
        {"cnf": {}},
    ],
)
def test_the_floor_checks_the_claims(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        VERIFY(signed(json.dumps({**GOOD, **changed}).encode()))


@pytest.mark.parametrize(
    "claims",
    [
        json.dumps(GOOD).encode()[:-1] + b',"sub":"eve"}',
        json.dumps(GOOD).encode() + b"{}",
        json.dumps({**GOOD, "deep": [[[]] * 32]}).encode(),
        json.dumps(GOOD).encode()[:-1] + b',"number":NaN}',
        json.dumps(GOOD).encode()[:-1] + b',"number":1e999}',
    ],
    # Not by their text: workers that start in different seconds must collect the same tests.
    ids=["twice", "more", "deep", "NaN", "too large"],
)
def test_the_floor_reads_strict_json(claims: bytes) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        VERIFY(signed(claims))


@pytest.mark.parametrize(
    "token",
    [
        signed(json.dumps(GOOD).encode(), b'{"alg":"HS256","typ":"JWT"}'),
        signed(json.dumps(GOOD).encode(), b'{"alg":"none","typ":"at+jwt"}'),
        signed(json.dumps(GOOD).encode(), b'{"alg":"HS256","typ":"at+jwt","crit":["b64"]}'),
        signed(json.dumps(GOOD).encode()) + "=",
        signed(json.dumps(GOOD).encode()) + ".",
        signed(json.dumps(GOOD).encode()) + "x" * 8192,
    ],
)
def test_the_floor_knows_one_header_and_one_spelling(token: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - binascii has messages of its own
        VERIFY(token)
