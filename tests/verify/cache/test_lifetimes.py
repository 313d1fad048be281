"""The cache of verified tokens: what it never outlives."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flask_tokenguard import (
    InvalidToken,
    TokenGuard,
    Unavailable,
    end_all_sessions,
    end_session,
    issue_token_pair,
    revoke_token,
)
from flask_tokenguard.fetching import Fetched
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.jose.jwk import Key, KeySet
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys import ring_files
from flask_tokenguard.keys.remote.keys import RemoteKeys
from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.verify.cache import VerifiedCache
from flask_tokenguard.verify.claims import VerifiedToken
from flask_tokenguard.verify.issuers import Issuers
from flask_tokenguard.verify.trusted import TrustedIssuer
from flask_tokenguard.verify.verifier import TokenVerifier

from ...jose.tokens import signed
from ...support import SettableClock
from .support import (
    HEADER,
    NOW,
    OTHER,
    OWN,
    SECRET,
    CountingKey,
    refusal,
    remembered,
    start,
)

ISSUER = "https://id.example"


def test_a_remembered_token_does_not_outlive_its_exp(
    guard: TokenGuard, clock: SettableClock, token: str
) -> None:
    start(guard)
    remembered(guard, token)
    clock.now = OWN["exp"] - 0.001
    assert guard.verify(token)
    clock.now = OWN["exp"] + 1
    assert refusal(guard, token) == "The token has expired (exp)"


def test_a_cached_token_is_expired_in_the_very_second_of_its_exp(
    guard: TokenGuard, clock: SettableClock, token: str
) -> None:
    start(guard)
    remembered(guard, token)
    clock.now = OWN["exp"]
    assert refusal(guard, token) == "The token has expired (exp)"


def test_a_remembered_token_has_the_leeway_and_no_more(
    guard: TokenGuard, clock: SettableClock, token: str
) -> None:
    start(guard, LEEWAY=30)
    remembered(guard, token)
    clock.now = OWN["exp"] + 29
    assert guard.verify(token)
    clock.now = OWN["exp"] + 30
    assert refusal(guard, token) == "The token has expired (exp)"


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_cached_token_is_not_yet_valid_by_a_clock_put_back(
    guard: TokenGuard, clock: SettableClock, claim: str
) -> None:
    start(guard)
    clock.now += 60
    token = remembered(guard, signed(Key(SECRET), OWN | {claim: NOW + 60}, HEADER))
    clock.now -= 6
    assert refusal(guard, token) == f"The token is not valid yet ({claim})"


@pytest.mark.parametrize(
    "end",
    [
        revoke_token,
        lambda claims: end_session(claims["sid"]),
        lambda claims: end_all_sessions(claims["sub"]),
    ],
    ids=["token", "session", "subject"],
)
def test_a_remembered_token_does_not_outlive_a_revocation(
    guard: TokenGuard, end: Callable[[Any], Any]
) -> None:
    app = start(guard, STORAGE_URI="memory://")
    with app.app_context():
        token = remembered(guard, issue_token_pair("me")["access_token"])
        end(guard.verify(token).claims)
    assert "revoked" in refusal(guard, token)


def test_a_cached_token_is_refused_while_the_store_is_away(
    token: str, clock: SettableClock
) -> None:
    answers: Iterator[Exception | None] = iter([*[None] * 4, Unavailable("The store is down")])

    def ask(_: VerifiedToken) -> None:
        error = next(answers)
        if error is not None:
            raise error

    guard = TokenGuard(validators=[ask], clock=clock)
    start(guard)
    remembered(guard, token)
    with pytest.raises(Unavailable):
        guard.verify(token)


class Source:
    """Keys that a test changes."""

    def __init__(self, *keys: Key) -> None:
        self.keys = keys

    def find(self, header: Header, use: str) -> tuple[Key, ...]:  # noqa: ARG002 - finds all
        return self.keys

    def __contains__(self, key: object) -> bool:
        return key in self.keys

    def __iter__(self) -> Iterator[Key]:
        return iter(self.keys)


def test_a_remembered_token_does_not_outlive_its_key() -> None:
    key, source = Key(SECRET), Source(Key(SECRET))
    verifier = TokenVerifier(TrustedIssuer(source, {}), cache=VerifiedCache(4, 300))
    token = signed(key, OWN)
    assert verifier.verify(token).claims == verifier.verify(token).claims
    source.keys = (Key(OTHER.encode()),)
    with pytest.raises(InvalidToken, match="signature"):
        verifier.verify(token)
    source.keys = ()
    with pytest.raises(InvalidToken, match="No key is known"):
        verifier.verify(token)


def test_a_token_is_verified_anew_when_its_key_was_read_anew() -> None:
    first, second = CountingKey(), CountingKey()
    source = Source(first)
    verifier = TokenVerifier(TrustedIssuer(source, {}), cache=VerifiedCache(4, 300))
    token = signed(first, OWN)
    verifier.verify(token)
    source.keys = (second,)
    for _ in range(2):
        assert verifier.verify(token).claims == OWN
    assert (first.verified, second.verified) == (1, 1)


def test_a_remembered_token_does_not_outlive_its_settings(clock: SettableClock) -> None:
    first, second = TokenGuard(clock=clock), TokenGuard(clock=clock)
    start(first, AUDIENCE="files")
    start(second, AUDIENCE="notes")
    token = remembered(first, signed(Key(SECRET), OWN | {"aud": "files"}, HEADER))
    assert refusal(second, token) == "The token is for another audience (aud)"


def test_a_cached_token_does_not_outlive_its_key_in_the_ring(tmp_path: Path) -> None:
    ring_files.make(tmp_path, alg="ES256", password=None, now=NOW)
    monotonic = SettableClock(0)
    ring = KeyRing(tmp_path, monotonic=monotonic)
    verifier = TokenVerifier(TrustedIssuer(ring, {}), cache=VerifiedCache(4, 300))
    assert ring.signing is not None
    token = signed(ring.signing, OWN, {"alg": "ES256", "kid": ring.signing.kid})
    verifier.verify(token)
    retired = ring.signing

    ring_files.rotate(tmp_path, alg="ES256", password=None, now=NOW + 1, least_age=0)
    look_again(ring, monotonic)
    assert ring.signing is not retired
    assert verifier.verify(token).claims == OWN

    ring_files.prune(tmp_path, now=NOW + 10, keep=1)
    look_again(ring, monotonic)
    with pytest.raises(InvalidToken, match="No key is known"):
        verifier.verify(token)


def look_again(ring: KeyRing, monotonic: SettableClock) -> None:
    """Let the ring notice that its folder has changed."""
    monotonic.now += 2
    assert ring.signing is not None


def test_a_remembered_token_does_not_outlive_its_issuers_key_set(
    private_keys: dict[str, PrivateKey],
) -> None:
    old, new = Key(private_keys["ES256"], kid="old"), Key(private_keys["EdDSA"], kid="new")
    published, monotonic = [old], SettableClock(0)

    def fetch(_url: str, _etag: str | None) -> Fetched:
        keys = [key.public_jwk() for key in published]
        return Fetched(json.dumps({"keys": keys}).encode(), max_age=600)

    remote = RemoteKeys(
        "https://id.example/jwks",
        algorithms=["ES256", "EdDSA"],
        fetch=fetch,
        monotonic=monotonic,
    )
    verifier = TokenVerifier(TrustedIssuer(remote, {}), cache=VerifiedCache(4, 3600))
    token = signed(old, OWN, {"alg": "ES256", "kid": "old"})
    verifier.verify(token)
    published[:] = [new]
    assert verifier.verify(token).claims == OWN
    monotonic.now += 3600
    with pytest.raises(InvalidToken, match="No key is known"):
        verifier.verify(token)


def test_a_cached_token_does_not_outlive_its_tenant() -> None:
    tenants: dict[str, object] = {ISSUER: "an entry"}
    monotonic, theirs = SettableClock(0), Key(SECRET)
    issuers = Issuers(
        {},
        resolve=tenants.get,
        build=lambda _issuer, _said: TrustedIssuer(KeySet([theirs]), {}),
        monotonic=monotonic,
    )
    own = TrustedIssuer(KeySet([Key(OTHER.encode())]), {})
    verifier = TokenVerifier(own, others=issuers.find, cache=VerifiedCache(4, 3600))
    token = signed(theirs, OWN | {"iss": ISSUER})
    assert verifier.verify(token).claims == verifier.verify(token).claims
    del tenants[ISSUER]
    monotonic.now += 3600
    with pytest.raises(InvalidToken, match="another issuer"):
        verifier.verify(token)


def test_a_token_is_verified_anew_when_its_tenant_changes() -> None:
    key = CountingKey()
    issuers = [TrustedIssuer(KeySet([key]), {}), TrustedIssuer(KeySet([key]), {})]
    verifier = TokenVerifier(issuers[0], others=lambda _: issuers[1], cache=VerifiedCache(4, 300))
    token = signed(key, OWN | {"iss": ISSUER})
    for _ in range(2):
        verifier.verify(token)
    assert key.verified == 1
    issuers[1] = TrustedIssuer(KeySet([key]), {})
    for _ in range(2):
        verifier.verify(token)
    assert key.verified == 2
