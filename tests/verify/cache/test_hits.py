"""The cache of verified tokens: hits."""

import pytest

from flask_tokenguard import (
    TokenGuard,
    issue_token,
)
from flask_tokenguard.jose.jwk import Key

from ...jose.tokens import signed
from .support import HEADER, OTHER, OWN, SECRET, remembered, remembering, start


def test_a_token_that_comes_again_is_not_verified_again() -> None:
    made = remembering()
    for _ in range(3):
        assert made.verifier.verify(made.token()).claims == {"jti": "0"}
    assert made.key.verified == 1


def test_what_is_recalled_is_what_was_verified(guard: TokenGuard) -> None:
    start(guard)
    claims = OWN | {"nested": {"a": [1, 2.5, None, True, {"b": "é"}]}, "big": 10**30}
    token = signed(Key(SECRET), claims, HEADER)
    first, *others = [guard.verify(token) for _ in range(4)]
    for again in others:
        assert (again.claims, again.typ, again.header) == (first.claims, "at+jwt", HEADER)
        assert [*again.claims] == [*first.claims]
        assert type(again.claims) is type(first.claims)


def test_authenticate_and_parse_remember_nothing() -> None:
    made = remembering()
    made.verifier.authenticate(made.token())
    made.verifier.parse(made.token())
    made.verifier.authenticate(made.token())
    assert (made.key.verified, len(made.cache)) == (2, 0)


def test_a_nested_token_is_not_decrypted_again(
    guard: TokenGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = start(guard, ENCRYPTION={"key": OTHER[:32], "alg": "dir", "enc": "A256GCM"})
    with app.app_context():
        token = remembered(guard, issue_token("me"))
    monkeypatch.setattr("flask_tokenguard.jose.jwe.decrypt", None)
    assert guard.verify(token).claims.subject == "me"
