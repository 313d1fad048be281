"""The cache of verified tokens: what it takes in, and how much."""

import tracemalloc

import pytest
from flask import Flask

from flask_tokenguard import (
    InvalidToken,
    TokenGuard,
    issue_token,
)
from flask_tokenguard.jose.jwk import Key, KeySet
from flask_tokenguard.verify.cache import LONGEST_TOKEN, VerifiedCache
from flask_tokenguard.verify.claims import VerifiedToken
from flask_tokenguard.verify.trusted import TrustedIssuer
from flask_tokenguard.verify.validators import is_current
from flask_tokenguard.verify.verifier import TokenVerifier

from ...jose.tokens import signed
from ...support import SettableClock, bearer
from .support import NOW, OTHER, OWN, SECRET, refusal, remembered, remembering, start


def test_refused_tokens_are_not_remembered(clock: SettableClock) -> None:
    def refuse(token: VerifiedToken) -> None:
        if token.claims["sub"] != "me":
            raise InvalidToken("Not you")

    cache = VerifiedCache(4, 300)
    rules = {"exp": is_current(0, clock)}
    verifier = TokenVerifier(
        TrustedIssuer(KeySet([Key(SECRET)]), rules, live_rules=[refuse]), cache=cache
    )
    for bad in ("", "a.b.c", signed(Key(OTHER.encode()), OWN)):
        with pytest.raises(InvalidToken):
            verifier.verify(bad)
    for claims in (OWN | {"exp": NOW}, OWN | {"sub": "you"}):
        with pytest.raises(InvalidToken):
            verifier.verify(signed(Key(SECRET), claims))
    assert len(cache) == 0


def test_the_apps_rules_are_asked_at_every_request(clock: SettableClock, token: str) -> None:
    asked: list[str | None] = []
    guard = TokenGuard(validators=[lambda token: asked.append(token.claims.subject)], clock=clock)
    client = start(guard).test_client()
    for _ in range(3):
        client.get("/", headers=bearer(token))
    assert asked == ["me", "me", "me"]


def test_a_rule_that_returns_a_value_is_a_type_error_again() -> None:
    answers = iter([None, None, True])
    trusted = TrustedIssuer(KeySet([Key(SECRET)]), {}, live_rules=[lambda _: next(answers)])  # type: ignore[list-item, unused-ignore] # what it is about
    verifier = TokenVerifier(trusted, cache=VerifiedCache(4, 300))
    token = signed(Key(SECRET), OWN)
    for _ in range(2):
        verifier.verify(token)
    with pytest.raises(TypeError, match="a validator raises, or returns None"):
        verifier.verify(token)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_it_never_grows_past_its_size(size: int) -> None:
    made = remembering(size)
    for number in range(4 * size):
        made.verifier.verify(made.token(number))
        made.verifier.verify(made.token(number // 3))
        assert len(made.cache) <= size
    assert len(made.cache) == size


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_newest_token_is_always_remembered(size: int) -> None:
    made = remembering(size)
    for number in range(4 * size):
        made.verifier.verify(made.token(number))
        made.verifier.verify(made.token(number))
    assert made.key.verified == 4 * size


def test_a_flood_of_tokens_does_not_drive_out_one_that_is_in_use() -> None:
    made = remembering(8)
    for number in range(1000):
        made.verifier.verify(made.token(number))
        if number % 4 == 0:
            made.verifier.verify(made.token(0))
    assert made.key.verified <= 1001


def test_a_token_that_is_too_long_is_verified_and_not_remembered() -> None:
    made = remembering()
    token = made.token(padding="x" * LONGEST_TOKEN)
    for _ in range(2):
        assert made.verifier.verify(token).claims["jti"] == "0"
    assert (made.key.verified, len(made.cache)) == (2, 0)


def test_a_token_is_forgotten_after_the_lifetime() -> None:
    made = remembering(lifetime=10)
    made.verifier.verify(made.token())
    made.monotonic.now = 9.9
    made.verifier.verify(made.token())
    assert made.key.verified == 1
    made.monotonic.now = 10
    made.verifier.verify(made.token())
    assert made.key.verified == 2


@pytest.mark.parametrize("off", ["CACHE_SIZE", "CACHE_LIFETIME"])
def test_it_can_be_turned_off(
    guard: TokenGuard, token: str, monkeypatch: pytest.MonkeyPatch, off: str
) -> None:
    app = Flask(__name__)
    app.config.update({"TOKENGUARD_KEY": SECRET.decode(), f"TOKENGUARD_{off}": 0})
    guard.init_app(app)
    assert guard.verify(token)
    monkeypatch.setattr(Key, "verify", lambda *_: False)
    assert refusal(guard, token) == "The token's signature is not valid"


def test_ever_new_shapes_of_claims_take_no_more_memory() -> None:
    made = remembering(2)
    for number in range(600):
        token = made.token(number, **{f"claim {number}": 1})
        assert made.verifier.verify(token).claims == made.verifier.verify(token).claims
    assert len(made.cache._names) <= 256


@pytest.mark.parametrize("turns", [1, 2], ids=["came once", "came again"])
def test_a_remembered_token_takes_at_most_640_octets(guard: TokenGuard, turns: int) -> None:
    app = start(guard, ISSUER="https://api.example", AUDIENCE="https://api.example")
    with app.app_context():
        tokens = [
            issue_token(f"user-{number}", scope="notes:read notes:write", claims={"role": "guest"})
            for number in range(1001)
        ]
    remembered(guard, tokens.pop())
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for token in tokens * turns:
            guard.verify(token)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / len(tokens) <= 640
