"""The cache of verified tokens: what it never mixes up."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import g

from flask_tokenguard import (
    TokenGuard,
)
from flask_tokenguard.jose.jwk import Key, KeySet
from flask_tokenguard.verify.cache import VerifiedCache
from flask_tokenguard.verify.claims import VerifiedToken
from flask_tokenguard.verify.trusted import TrustedIssuer
from flask_tokenguard.verify.verifier import TokenVerifier

from ...jose.tokens import signed
from ...support import SettableClock, bearer
from .support import (
    HEADER,
    OTHER,
    OWN,
    SECRET,
    CountingKey,
    refusal,
    remembered,
    remembering,
    start,
)


def test_a_change_of_the_claims_does_not_reach_the_next_request(
    guard: TokenGuard,
) -> None:
    app = start(guard)

    @app.get("/")
    def spoil() -> Any:
        before = dict(g.claims)
        seen = json.loads(json.dumps(before))
        g.claims["sub"] = "root"
        g.claims["nested"]["roles"].append("admin")
        g.claims["list"].clear()
        return seen

    claims = OWN | {"nested": {"roles": ["guest"]}, "list": [1]}
    headers = bearer(signed(Key(SECRET), claims, HEADER))
    client = app.test_client()
    assert [client.get("/", headers=headers).get_json() for _ in range(4)] == [claims] * 4


def test_a_change_that_the_apps_rule_makes_is_not_remembered(clock: SettableClock) -> None:
    def count(token: VerifiedToken) -> None:
        token.claims["seen"] = token.claims.get("seen", 0) + 1
        token.claims["nested"]["roles"].append("admin")

    guard = TokenGuard(validators=[count], clock=clock)
    start(guard)
    token = signed(Key(SECRET), OWN | {"nested": {"roles": []}}, HEADER)
    for _ in range(4):
        claims = guard.verify(token).claims
        assert (claims["seen"], claims["nested"]) == (1, {"roles": ["admin"]})


@pytest.mark.parametrize(
    "respell",
    [
        lambda token: token + "=",
        lambda token: token + " ",
        lambda token: " " + token,
        lambda token: token + "\0",
        lambda token: token + "\ud800",
        lambda token: token[:-1] + chr(ord(token[-1]) ^ 1),
        lambda token: token.swapcase(),
        lambda token: "".join(chr(ord(letter) + 0xFEE0) for letter in token),
    ],
    ids=["padding", "space after", "before", "NUL", "surrogate", "bits", "case", "full width"],
)
def test_another_spelling_of_a_remembered_token_is_refused(
    guard: TokenGuard, token: str, respell: Callable[[str], str]
) -> None:
    start(guard)
    remembered(guard, token)
    assert refusal(guard, respell(token))


def test_two_apps_with_one_key_do_not_share_what_they_remember(
    clock: SettableClock, token: str
) -> None:
    first, second = TokenGuard(clock=clock), TokenGuard(clock=clock)
    start(first)
    start(second, KEY=OTHER)
    remembered(first, token)
    assert refusal(second, token) == "The token's signature is not valid"


def test_two_issuers_are_not_mixed_up() -> None:
    keys = {"https://a.example": CountingKey(), "https://b.example": CountingKey(OTHER.encode())}
    issuers = {issuer: TrustedIssuer(KeySet([key]), {}) for issuer, key in keys.items()}
    own = TrustedIssuer(KeySet([Key(SECRET[::-1])]), {})
    verifier = TokenVerifier(own, others=issuers.get, cache=VerifiedCache(4, 300))
    tokens = [signed(key, OWN | {"iss": issuer}) for issuer, key in keys.items()]
    for _ in range(4):
        assert [verifier.verify(token).claims.issuer for token in tokens] == [*keys]
    assert [key.verified for key in keys.values()] == [1, 1]


def test_headers_are_not_mixed_up() -> None:
    made = remembering()
    headers = [{"alg": "HS256", "x": "long" * 200 + str(number)} for number in range(3)]
    tokens = [signed(made.key, OWN, header) for header in headers]
    for _ in range(4):
        assert [made.verifier.verify(token).header for token in tokens] == headers
    assert made.key.verified == 3
