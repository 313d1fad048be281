"""Every part of a five-part token, mutated: never accepted, never a 500, always one answer."""

import json
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa, x25519
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from flask_tokenguard import TokenGuard, token_required
from flask_tokenguard.errors import InvalidToken
from flask_tokenguard.jose import base64url
from flask_tokenguard.keys.generate import to_jwk

from ..support import bearer

ANSWER = "The token cannot be decrypted"
BODY = json.dumps({"error": "invalid_token", "error_description": ANSWER}).encode()
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# What a bearer token may hold (RFC 6750 section 2.1), but for the dot that parts it.
TOKEN_CHARACTERS = BASE64URL + "~+/"


class Target(NamedTuple):
    """An app, and a token that it takes."""

    app: Flask
    guard: TokenGuard
    token: str


def target(key: dict[str, str], alg: str, enc: str) -> Target:
    """Make an app that encrypts so."""
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = secrets.token_urlsafe(64)
    app.config["TOKENGUARD_ENCRYPTION"] = {"key": key, "alg": alg, "enc": enc}
    guard = TokenGuard(app)

    @app.get("/")
    @token_required
    def served() -> str:
        return "served"

    return Target(app, guard, guard.issue_token("alice"))


@pytest.fixture(
    scope="module",
    params=["A256KW", "dir", "A256GCMKW", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"],
)
def attacked(request: pytest.FixtureRequest) -> Target:
    """An app for each way, with both kinds of content encryption among them."""
    alg: str = request.param
    if alg == "RSA-OAEP-256":
        return target(to_jwk(rsa.generate_private_key(65537, 2048), private=True), alg, "A256GCM")
    if alg.startswith("ECDH-ES"):
        pair = x25519.X25519PrivateKey.generate()
        return target(to_jwk(pair, private=True), alg, "A128CBC-HS256")
    if alg == "dir":
        return target(to_jwk(secrets.token_bytes(32), private=True), alg, "A256GCM")
    return target(to_jwk(secrets.token_bytes(32), private=True), alg, "A256CBC-HS512")


def mutations(characters: st.SearchStrategy[str]) -> st.SearchStrategy[Callable[[str], str]]:
    """Draw what changes one part."""
    place, text = st.integers(0, 4096), characters

    def at(position: int, part: str) -> int:
        return position % (len(part) + 1)

    return st.one_of(
        st.builds(
            lambda position, new: (
                lambda part: (
                    part[: at(position, part)] + new + part[at(position, part) + len(new) :]
                )
            ),
            place,
            text,
        ),
        st.builds(
            lambda position, new: (
                lambda part: part[: at(position, part)] + new + part[at(position, part) :]
            ),
            place,
            text,
        ),
        st.builds(
            lambda start, length: (
                lambda part: part[: at(start, part)] + part[at(start, part) + length :]
            ),
            place,
            st.integers(1, 64),
        ),
        st.builds(lambda new: lambda _: new, text),
        st.just(lambda part: part + part),
        st.just(lambda part: part[::-1]),
        st.just(lambda part: part.swapcase()),
    )


def mutated(token: str, position: int, change: Callable[[str], str]) -> str:
    """Change one part of a token."""
    parts = token.split(".")
    parts[position] = change(parts[position])
    return ".".join(parts)


def verdict(guard: TokenGuard, token: str) -> str:
    """Verify outside a request, where a token may hold any character."""
    try:
        guard.verify(token)
    except InvalidToken as error:
        return error.description
    return "accepted"


@given(
    position=st.integers(0, 4), change=mutations(st.text(TOKEN_CHARACTERS, min_size=1, max_size=99))
)
def test_a_mutated_part_is_answered_like_any_other(
    attacked: Target, position: int, change: Callable[[str], str]
) -> None:
    token = mutated(attacked.token, position, change)
    response = attacked.app.test_client().get("/", headers=bearer(token))
    expected = (200, b"served") if token == attacked.token else (401, BODY)
    assert (response.status_code, response.data) == expected


@given(
    position=st.integers(0, 4),
    change=mutations(st.text(st.characters(exclude_characters="."), min_size=1, max_size=99)),
)
def test_a_part_of_any_characters_is_answered_like_any_other(
    attacked: Target, position: int, change: Callable[[str], str]
) -> None:
    token = mutated(attacked.token, position, change)
    expected = "accepted" if token == attacked.token else ANSWER
    assert verdict(attacked.guard, token) == expected


@given(position=st.integers(0, 4), place=st.integers(0, 4096), bit=st.integers(0, 7))
def test_a_flipped_bit_is_answered_like_any_other(
    attacked: Target, position: int, place: int, bit: int
) -> None:
    def flipped(part: str) -> str:
        octets = bytearray(base64url.decode(part.encode()) or b"\0")
        octets[place % len(octets)] ^= 1 << bit
        return base64url.encode(bytes(octets)).decode()

    assert verdict(attacked.guard, mutated(attacked.token, position, flipped)) == ANSWER


@given(octets=st.lists(st.binary(max_size=600), min_size=5, max_size=5))
def test_any_five_parts_are_answered_like_any_other(attacked: Target, octets: list[bytes]) -> None:
    token = b".".join(base64url.encode(part) for part in octets).decode()
    assert verdict(attacked.guard, token) == ANSWER


@given(octets=st.lists(st.binary(max_size=600), min_size=4, max_size=4))
def test_any_four_parts_after_the_header_are_answered_alike(
    attacked: Target, octets: list[bytes]
) -> None:
    header = attacked.token.partition(".")[0].encode()
    token = b".".join([header, *(base64url.encode(part) for part in octets)]).decode()
    assert verdict(attacked.guard, token) == ANSWER


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=40)
    | st.sampled_from(["JWT", "DEF", "none", "A256KW", "dir", "A256GCM", "PBES2-HS256+A128KW"]),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=4), children, max_size=4)
    ),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    "alg enc kid typ cty zip crit b64 epk apu apv iv tag p2s p2c jwk jku x5c x5u x5t".split()
)


@given(members=st.dictionaries(MEMBERS, VALUES, min_size=1, max_size=5))
def test_a_header_of_anything_else_is_answered_like_any_other(
    attacked: Target, members: dict[str, Any]
) -> None:
    def changed(part: str) -> str:
        header = {**json.loads(base64url.decode(part.encode())), **members}
        return base64url.encode(json.dumps(header).encode()).decode()

    # Written anew, the header differs in its spaces at least, and it is authenticated.
    assert verdict(attacked.guard, mutated(attacked.token, 0, changed)) == ANSWER


@given(order=st.permutations(range(5)))
def test_parts_in_another_order_are_answered_like_any_other(
    attacked: Target, order: list[int]
) -> None:
    parts = attacked.token.split(".")
    token = ".".join(parts[place] for place in order)
    expected = "accepted" if token == attacked.token else ANSWER
    assert verdict(attacked.guard, token) == expected


@given(position=st.integers(0, 4))
def test_a_part_of_another_token_is_answered_like_any_other(
    attacked: Target, position: int
) -> None:
    theirs = attacked.guard.issue_token("mallory").split(".")[position]
    token = mutated(attacked.token, position, lambda _: theirs)
    expected = "accepted" if token == attacked.token else ANSWER
    assert verdict(attacked.guard, token) == expected


@given(token=st.text(st.characters(), max_size=400))
def test_any_text_is_refused(attacked: Target, token: str) -> None:
    assert verdict(attacked.guard, token) != "accepted"
