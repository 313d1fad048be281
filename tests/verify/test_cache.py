"""What the memory of verified tokens must never do, and what it does."""

import json
import os
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask, g

from flask_tokenguard import (
    InvalidToken,
    TokenGuard,
    Unavailable,
    end_all_sessions,
    end_session,
    issue_token,
    issue_token_pair,
    refresh_token_pair,
    revoke_token,
)
from flask_tokenguard.fetching import Fetched
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.jose.jwk import Key, KeySet
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys import ring_files
from flask_tokenguard.keys.remote.keys import RemoteKeys
from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.verify.cache import LONGEST_TOKEN, VerifiedCache
from flask_tokenguard.verify.claims import VerifiedToken
from flask_tokenguard.verify.issuers import Issuers
from flask_tokenguard.verify.trusted import TrustedIssuer
from flask_tokenguard.verify.validators import is_current
from flask_tokenguard.verify.verifier import TokenVerifier

from ..jose.tokens import signed
from ..support import SettableClock, bearer

SECRET = b"correct-horse-battery-staple-and-so-on"
OTHER = "another-horse-battery-staple-and-so-on"
NOW = 1_700_000_000
OWN: dict[str, Any] = {"sub": "me", "jti": "1", "iat": NOW, "exp": NOW + 900}
HEADER = {"alg": "HS256", "typ": "at+jwt"}
ISSUER = "https://id.example"


class CountingKey(Key):
    """A secret that counts how often it verifies."""

    __slots__ = ("_verified",)
    _verified: list[bytes]

    def __init__(self, secret: bytes = SECRET, **options: Any) -> None:
        super().__init__(secret, **options)
        self._set(_verified=[])

    def verify(self, message: bytes, signature: bytes) -> bool:
        self._verified.append(message)
        return super().verify(message, signature)

    @property
    def verified(self) -> int:
        """How often it was asked."""
        return len(self._verified)


class Remembering(NamedTuple):
    """A verifier that remembers, and all that it knows."""

    verifier: TokenVerifier
    cache: VerifiedCache
    key: CountingKey
    monotonic: SettableClock

    def token(self, number: int = 0, **claims: Any) -> str:
        """Sign a token of its key."""
        return signed(self.key, {"jti": str(number), **claims})


def remembering(
    size: int = 4, lifetime: float = 300, key: CountingKey | None = None
) -> Remembering:
    """Make a verifier that has no rule."""
    key, monotonic = CountingKey(), SettableClock(0)
    cache = VerifiedCache(size, lifetime, monotonic=monotonic)
    verifier = TokenVerifier(TrustedIssuer(KeySet([key]), {}), cache=cache)
    return Remembering(verifier, cache, key, monotonic)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    """A guard with a clock that stands."""
    return TokenGuard(clock=clock)


@pytest.fixture
def token() -> str:
    """A good token of the apps here."""
    return signed(Key(SECRET), OWN, HEADER)


def start(guard: TokenGuard, **settings: Any) -> Flask:
    """Start an app with the tests' secret unless other settings say otherwise."""
    app = Flask(__name__)
    config = {"KEY": SECRET.decode()} | settings
    app.config.update({f"TOKENGUARD_{name}": value for name, value in config.items() if value})
    guard.init_app(app)
    return app


def remembered(guard: TokenGuard, token: str) -> str:
    """Have a token remembered, in each of the forms that it is written in."""
    first, *others = [guard.verify(token).claims for _ in range(4)]
    assert others == [first] * 3
    return token


def refusal(guard: TokenGuard, token: str) -> str:
    with pytest.raises(InvalidToken) as caught:
        guard.verify(token)
    return caught.value.description


# It remembers.


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


# It never outlives ...


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


# Nor does it mix up ...


def test_a_change_of_the_claims_does_not_reach_the_next_request(
    guard: TokenGuard,
) -> None:
    app = start(guard)

    @app.get("/")
    def spoil() -> Any:
        said = dict(g.claims)
        seen = json.loads(json.dumps(said))
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


# What it takes in, and how much.


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


# Threads and forks.


def test_it_is_right_under_threads() -> None:
    made, wrong = remembering(16), []
    tokens = [made.token(number) for number in range(64)]
    start_line = threading.Barrier(8)

    def verify(thread: int) -> None:
        start_line.wait()
        for turn in range(400):
            number = (turn * (thread + 1)) % len(tokens)
            claims = made.verifier.verify(tokens[number]).claims
            if claims != {"jti": str(number)}:
                wrong.append(claims)
            claims["jti"] = "spoiled"

    threads = [threading.Thread(target=verify, args=(number,)) for number in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert len(made.cache) <= 16


def test_what_another_thread_was_quicker_to_forget_does_no_harm() -> None:
    class Raced(dict[bytes, Any]):
        """A generation whose last entry another thread takes."""

        def popitem(self) -> Any:
            super().popitem()
            raise KeyError

    made = remembering(1)
    made.verifier.verify(made.token(1))
    made.cache._generations = ({}, Raced(made.cache._generations[0]))
    assert made.verifier.verify(made.token(2)).claims == {"jti": "2"}
    assert len(made.cache) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_it_is_right_in_a_fork_and_after_it() -> None:
    made = remembering(2)
    made.verifier.verify(made.token(1))
    child = os.fork()
    if child == 0:  # pragma: no cover - runs in the child
        seen = [made.verifier.verify(made.token(number)).claims["jti"] for number in (1, 2, 3, 1)]
        os._exit(0 if seen == ["1", "2", "3", "1"] and len(made.cache) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    made.verifier.verify(made.token(1))
    assert (made.key.verified, len(made.cache)) == (1, 1)


def test_the_apps_refresh_tokens_are_not_remembered(guard: TokenGuard) -> None:
    app = start(guard, STORAGE_URI="memory://")
    with app.app_context():
        refresh_token = issue_token_pair("me")["refresh_token"]
    with app.test_request_context(method="POST", data={"refresh_token": refresh_token}):
        assert refresh_token_pair()
    assert len(app.extensions["tokenguard"].verifier.cache) == 0
