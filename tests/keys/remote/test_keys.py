"""Another issuer's keys in use: freshness, rotation, outages, floods, threads and forks."""

import json
import logging
import multiprocessing
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from flask_tokenguard.errors import ConfigurationError, InvalidToken, KeysUnusable, Unavailable
from flask_tokenguard.fetching import Fetched, FetchError
from flask_tokenguard.fetching.document import Lifetimes
from flask_tokenguard.fetching.fetcher import Fetcher
from flask_tokenguard.jose import base64url, material
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey, to_private_members
from flask_tokenguard.keys.generate import to_jwk
from flask_tokenguard.keys.remote import attempt as attempts
from flask_tokenguard.keys.remote.discovery import Discovery
from flask_tokenguard.keys.remote.key_set import RemoteSet
from flask_tokenguard.keys.remote.keys import RemoteKeys
from flask_tokenguard.verify.cache import VerifiedCache
from flask_tokenguard.verify.trusted import TrustedIssuer
from flask_tokenguard.verify.verifier import TokenVerifier

from ...fetching.servers import KeyServer, Send, head, within
from ...jose.tokens import encoded, signed
from ...support import SettableClock
from .providers import ISSUER, JWKS_URL, Jwk, Provider, header, jwk_of

HOUR = 3600
DAY = 24 * HOUR
ALGORITHMS = ("RS256", "ES256", "EdDSA")
METADATA_URL = f"{ISSUER}/.well-known/openid-configuration"

PrivateKeys = dict[str, PrivateKey]


def at_once(run: Callable[[], None]) -> None:
    """Run what a thread would, before the caller goes on."""
    run()


class Later:
    """What threads would do, kept until a test does it."""

    def __init__(self) -> None:
        self.runs: list[Callable[[], None]] = []

    def __call__(self, run: Callable[[], None]) -> None:
        self.runs.append(run)

    def run(self) -> None:
        """Do the one thing that waits."""
        (run,) = self.runs
        self.runs.clear()
        run()


class SwitchableThreads:
    """Runs at once, or later after a switch."""

    def __init__(self) -> None:
        self.start: Callable[[Callable[[], None]], None] = at_once

    def __call__(self, run: Callable[[], None]) -> None:
        self.start(run)


@pytest.fixture
def monotonic() -> SettableClock:
    """What freshness is timed with."""
    return SettableClock(1000.0)


@pytest.fixture
def jwk(private_keys: PrivateKeys) -> Jwk:
    """The JWK of the key `one`."""
    return jwk_of(private_keys["ES256"])


@pytest.fixture
def other_jwk(private_keys: PrivateKeys) -> Jwk:
    """The JWK of a key `two`."""
    return jwk_of(private_keys["EdDSA"], "two")


@pytest.fixture
def provider(jwk: Jwk) -> Provider:
    """A provider that publishes the key `one`."""
    return Provider(jwk)


@pytest.fixture
def threads() -> SwitchableThreads:
    """What runs fetches; at once, until it is switched."""
    return SwitchableThreads()


@pytest.fixture
def keys(provider: Provider, monotonic: SettableClock, threads: SwitchableThreads) -> RemoteKeys:
    """The provider's keys in use."""
    return RemoteKeys(
        JWKS_URL,
        fetch=provider,
        algorithms=ALGORITHMS,
        monotonic=monotonic,
        start_thread=threads,
    )


def kids(found: Sequence[Key]) -> list[str | None]:
    """Tell the names of keys."""
    return [key.kid for key in found]


def keys_of(*jwks: Any, algorithms: Sequence[str] = ALGORITHMS) -> RemoteKeys:
    """Use the keys of a set."""
    return RemoteKeys(JWKS_URL, fetch=Provider(*jwks), algorithms=algorithms, start_thread=at_once)


def published(*jwks: Any) -> list[Key]:
    """List the keys that are used of a set."""
    return list(RemoteSet.read(json.dumps({"keys": jwks}).encode(), ALGORITHMS))


# Use.


def test_before_the_first_use_no_fetch_and_no_thread_runs(
    provider: Provider, monotonic: SettableClock
) -> None:
    later = Later()
    RemoteKeys(
        JWKS_URL,
        fetch=provider,
        algorithms=ALGORITHMS,
        monotonic=monotonic,
        start_thread=later,
    )
    assert (provider.asked, later.runs) == ([], [])


def test_the_first_use_fetches_the_keys(keys: RemoteKeys, private_keys: PrivateKeys) -> None:
    (key,) = keys.find(header(), "sig")
    signature = Key(private_keys["ES256"]).sign(b"message")
    assert key.verify(b"message", signature)


def test_known_keys_are_found_without_a_fetch(keys: RemoteKeys, provider: Provider) -> None:
    for _ in range(100):
        keys.find(header(), "sig")
    assert provider.asked == [(JWKS_URL, None)]


def test_a_key_that_is_still_trusted_stays_the_same_object(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock, jwk: Jwk, other_jwk: Jwk
) -> None:
    (before,) = keys.find(header(), "sig")
    provider.publish(other_jwk, {**jwk, "x5t": "changed"})
    monotonic.now += HOUR
    assert keys.find(header(), "sig")[0] is before
    assert len(provider.asked) == 2


@pytest.mark.parametrize("alg", ["HS256", "none", "ES384", "PS256", ""])
def test_an_algorithm_that_is_not_accepted_fetches_nothing(
    keys: RemoteKeys, provider: Provider, alg: str
) -> None:
    assert keys.find(header(alg=alg), "sig") == ()
    assert provider.asked == []


def test_keys_for_encryption_are_not_served(keys: RemoteKeys) -> None:
    assert keys.find(header(), "enc") == ()


@pytest.mark.parametrize("algorithms", [["HS256"], ["none"], ["RS256", "HS512"], ["ES256K"], []])
def test_algorithms_that_no_public_key_serves_are_refused(algorithms: list[str]) -> None:
    with pytest.raises(ValueError, match=r"by which no public key verifies|is empty"):
        RemoteKeys(JWKS_URL, fetch=Provider(), algorithms=algorithms)


def test_the_keys_do_not_show_more_than_their_issuer() -> None:
    keys = RemoteKeys(f"{JWKS_URL}?secret", fetch=Provider(), algorithms=ALGORITHMS)
    assert repr(keys) == "<RemoteKeys of id.example>"


# Sets.


def test_a_key_without_an_alg_is_bound_to_those_accepted(private_keys: PrivateKeys) -> None:
    keys = keys_of(jwk_of(private_keys["RS256"], alg=None), algorithms=("RS256", "PS256"))
    for alg in ("RS256", "PS256"):
        (key,) = keys.find(header(alg=alg), "sig")
        assert (key.kid, key.alg) == ("one", alg)
    assert keys.find(header(alg="RS512"), "sig") == ()


def test_a_key_with_an_alg_verifies_no_other(private_keys: PrivateKeys) -> None:
    keys = keys_of(jwk_of(private_keys["RS256"], alg="RS256"), algorithms=("RS256", "PS256"))
    assert keys.find(header(alg="PS256"), "sig") == ()


@pytest.mark.parametrize("stated", ["EdDSA", "Ed25519", None])
@pytest.mark.parametrize("accepted", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_both_names_of_ed25519_are_one(
    private_keys: PrivateKeys, stated: str | None, accepted: str, alg: str
) -> None:
    keys = keys_of(jwk_of(private_keys["EdDSA"], alg=stated), algorithms=(accepted,))
    assert kids(keys.find(header(alg=alg), "sig")) == ["one"]
    assert kids(keys.find(header(None, alg), "sig")) == ["one"]


def broken(jwk: Jwk, private_keys: PrivateKeys) -> dict[str, Any]:
    """Write what a set may hold beside a good key, each with the kid `two`."""
    rsa_key = private_keys["RS256"]
    weak = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - to be refused
    exchange = x25519.X25519PrivateKey.generate().public_key()
    return {
        "no object": "two",
        "nothing": None,
        "no members": {"kid": "two"},
        "an unknown kty": {"kty": "LMS", "kid": "two", "pub": "AA"},
        "a kty that is no text": {"kty": ["EC"], "kid": "two"},
        "an unknown crv": {**jwk, "kid": "two", "crv": "secp256k1"},
        "an unknown alg": {**jwk, "kid": "two", "alg": "ES256K"},
        "an alg of another type": {**jwk, "kid": "two", "alg": "RS256"},
        "an alg that is no text": {**jwk, "kid": "two", "alg": 1},
        "an unknown use": {**jwk, "kid": "two", "use": "both"},
        "the use enc": {**jwk_of(rsa_key, "two"), "use": "enc", "alg": "RSA-OAEP"},
        "the use enc without an alg": {**jwk_of(rsa_key, "two", alg=None), "use": "enc"},
        "key_ops without verify": {**jwk, "kid": "two", "key_ops": ["encrypt"]},
        "a kid that is no text": {**jwk, "kid": 2},
        "a point that is on no curve": {**jwk, "kid": "two", "x": jwk["y"], "y": jwk["x"]},
        "a short coordinate": {**jwk, "kid": "two", "x": "AA"},
        "a key that is too short": {**material.to_public_jwk(weak), "kid": "two"},
        "a modulus that is too long": {**jwk_of(rsa_key, "two"), "n": "_" * 2732},
        "a key for exchange": {**material.to_public_jwk(exchange), "kid": "two"},
        "a secret": {"kty": "oct", "kid": "two", "k": "A" * 43, "alg": "HS256"},
        "a secret of another kty": {**jwk, "kid": "two", "k": "A" * 43},
        "a seed of ML-DSA": to_jwk(private_keys["ML-DSA-44"], private=True, kid="two"),
        "a private key": {**jwk, **to_private_members(private_keys["ES256"]), "kid": "two"},
    }


@pytest.mark.parametrize("is_first", [True, False])
def test_a_set_with_a_broken_key_keeps_the_others(
    jwk: Jwk, private_keys: PrivateKeys, is_first: bool
) -> None:
    for name, entry in broken(jwk, private_keys).items():
        jwks = (entry, jwk) if is_first else (jwk, entry)
        assert kids(published(*jwks)) == ["one"], name
        keys = keys_of(*jwks)
        assert kids(keys.find(header(), "sig")) == ["one"], name
        for alg in ALGORITHMS:
            assert keys.find(header("two", alg), "sig") == (), name


def test_each_key_that_is_passed_over_is_named_once(
    keys: RemoteKeys,
    provider: Provider,
    monotonic: SettableClock,
    private_keys: PrivateKeys,
    jwk: Jwk,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "flask_tokenguard")
    enc = {**jwk_of(private_keys["RS256"], "enc"), "use": "enc", "alg": "RSA-OAEP"}
    provider.publish(jwk, enc)
    keys.find(header(), "sig")
    provider.publish(jwk, enc, {"kty": "LMS", "kid": "ml"})
    monotonic.now += HOUR
    keys.find(header(), "sig")
    assert caplog.messages == [
        'a key of id.example is passed over: kid "enc" has the use "enc", not sig',
        'a key of id.example is passed over: kid "ml" has a kty other than oct, RSA, EC, OKP, AKP',
    ]


def test_every_key_that_is_passed_over_has_a_reason(jwk: Jwk, private_keys: PrivateKeys) -> None:
    for name, entry in broken(jwk, private_keys).items():
        body = json.dumps({"keys": [jwk, entry]}).encode()
        (fault,) = RemoteSet.read(body, ALGORITHMS).faults
        assert fault.startswith(('kid "two" ', "keys[1] ")), name
        assert "A" * 43 not in fault


def test_a_set_without_a_usable_key_is_no_outage(
    keys: RemoteKeys, provider: Provider, jwk: Jwk
) -> None:
    provider.publish({**jwk, "use": "enc"}, {"kty": "LMS", "kid": "ml"}, 7)
    with pytest.raises(KeysUnusable) as caught:
        keys.find(header(), "sig")
    assert caught.value.reason == "no_usable_key"
    assert caught.value.detail == (
        'fetched, and none of its 3 keys can be used: kid "one" has the use "enc", not sig;'
        ' kid "ml" has a kty other than oct, RSA, EC, OKP, AKP; keys[2] is not an object'
    )


def test_a_coordinate_without_its_first_zero_is_read() -> None:
    private = ec.derive_private_key(379, ec.SECP256R1())
    members = material.to_public_jwk(private.public_key())
    short = encoded(base64url.decode(members["x"].encode()).lstrip(b"\0"))
    assert len(short) < len(members["x"])
    (key,) = published({**members, "x": short, "kid": "short"})
    assert key.verify(b"message", Key(private).sign(b"message"))


def test_a_key_that_this_system_does_not_support_is_passed_over(
    jwk: Jwk, other_jwk: Jwk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = material.from_jwk

    def read_ec(jwk: Jwk) -> material.Material:
        if jwk["kty"] == "OKP":
            raise UnsupportedAlgorithm("not in this mode")
        return read(jwk)

    monkeypatch.setattr(material, "from_jwk", read_ec)
    assert kids(published(other_jwk, jwk)) == ["one"]


def test_of_two_keys_with_one_kid_the_first_counts() -> None:
    first, second = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    (key,) = keys_of(jwk_of(first), jwk_of(second)).find(header(alg="RS256"), "sig")
    assert key.verify(b"message", Key(first).sign(b"message"))


def test_one_kid_may_name_keys_of_different_types(jwk: Jwk, private_keys: PrivateKeys) -> None:
    keys = keys_of(jwk, jwk_of(private_keys["RS256"]))
    assert [keys.find(header(alg=alg), "sig")[0].alg for alg in ("ES256", "RS256")] == [
        "ES256",
        "RS256",
    ]


def test_a_key_that_is_there_twice_is_there_once(jwk: Jwk) -> None:
    assert kids(published(jwk, jwk)) == ["one"]


def test_a_hidden_key_of_the_same_kid_is_not_tried_without_one(jwk: Jwk) -> None:
    keys = keys_of(jwk, {**jwk, "use": None})
    assert len(keys.find(header(None), "sig")) == 1


def test_without_a_kid_the_keys_of_the_alg_are_tried(private_keys: PrivateKeys) -> None:
    jwks = [jwk_of(private_keys["ES256"], f"{place}") for place in range(4)]
    keys = keys_of(jwk_of(private_keys["RS256"], "rsa"), *jwks)
    assert kids(keys.find(header(None), "sig")) == ["0", "1", "2", "3"]


def test_without_a_kid_no_more_than_four_keys_are_tried(private_keys: PrivateKeys) -> None:
    keys = keys_of(*[jwk_of(private_keys["ES256"], f"{place}") for place in range(5)])
    assert keys.find(header(None), "sig") == ()
    assert kids(keys.find(header("4"), "sig")) == ["4"]


def test_a_set_of_a_hundred_keys_is_taken(private_keys: PrivateKeys) -> None:
    jwks = [jwk_of(private_keys["EdDSA"], f"{place}") for place in range(100)]
    assert len(published(*jwks)) == 100


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"keys": [{}] * 101}, "the key set has more than 100 keys"),
        ({}, "the key set has no list of keys"),
        ({"keys": {"one": {}}}, "the key set has no list of keys"),
        ({"keys": None}, "the key set has no list of keys"),
        ([], "the key set is not a JSON object"),
        (b"", "the key set is not a JSON object"),
        (b"<html>secret</html>", "the key set is not a JSON object"),
        (b"\xff\xfe", "the key set is not a JSON object"),
        (b'{"keys": [], "keys": []}', "the key set is not a JSON object"),
        (b'{"keys": ' + b"[" * 100_000, "the key set is not a JSON object"),
        (b'{"keys": [' + b"9" * 10_000 + b"]}", "the key set is not a JSON object"),
        (b'{"keys": [NaN]}', "the key set is not a JSON object"),
    ],
)
def test_what_is_no_key_set_is_an_outage(
    keys: RemoteKeys,
    provider: Provider,
    caplog: pytest.LogCaptureFixture,
    document: Any,
    fault: str,
) -> None:
    provider.documents[JWKS_URL] = document
    with pytest.raises(Unavailable):
        keys.find(header(), "sig")
    assert caplog.messages == [f"the keys of id.example cannot be fetched: {fault}"]


def test_a_pyjwt_that_cannot_be_imported_is_named(
    keys: RemoteKeys, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = ConfigurationError("PyJWT cannot be imported")
    monkeypatch.setattr("flask_tokenguard.jose.jws.algorithm", Mock(side_effect=fault))
    with pytest.raises(Unavailable):
        keys.find(header(), "sig")
    assert caplog.messages == [f"the keys of id.example cannot be fetched: {fault}"]


def test_what_is_no_key_set_leaves_the_keys_that_are_known(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    keys.find(header(), "sig")
    provider.documents[JWKS_URL] = b"<html>"
    monotonic.now += HOUR
    assert kids(keys.find(header(), "sig")) == ["one"]
    assert len(provider.asked) == 2


# Freshness.


@pytest.mark.parametrize(
    ("max_age", "due"),
    [(0, 50), (1, 50), (60, 50), (90, 80), (600, 540), (None, 270), (10**9, 0.9 * DAY)],
)
def test_keys_are_fetched_anew_ahead_of_expiry_within_bounds(
    keys: RemoteKeys,
    provider: Provider,
    monotonic: SettableClock,
    max_age: int | None,
    due: float,
) -> None:
    provider.max_age = max_age
    keys.find(header(), "sig")
    monotonic.now = 1000 + due - 1
    keys.find(header(), "sig")
    assert len(provider.asked) == 1
    monotonic.now = 1000 + due
    keys.find(header(), "sig")
    assert len(provider.asked) == 2


def test_known_keys_verify_at_once_while_they_are_fetched_anew(
    keys: RemoteKeys, monotonic: SettableClock, threads: SwitchableThreads
) -> None:
    keys.find(header(), "sig")
    later = threads.start = Later()
    monotonic.now += 599
    with within(1):
        assert kids(keys.find(header(), "sig")) == ["one"]
        assert kids(keys.find(header(), "sig")) == ["one"]
    assert len(later.runs) == 1


def test_keys_long_unused_are_fetched_before_they_verify(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock, other_jwk: Jwk
) -> None:
    keys.find(header(), "sig")
    provider.publish(other_jwk)
    monotonic.now += HOUR
    assert keys.find(header(), "sig") == ()


def test_who_comes_after_long_waits_for_the_fetch(
    provider: Provider, monotonic: SettableClock, other_jwk: Jwk
) -> None:
    def fetch_slowly(url: str, etag: str | None) -> Fetched:
        time.sleep(0.1)
        return provider(url, etag)

    keys = RemoteKeys(JWKS_URL, fetch=fetch_slowly, algorithms=ALGORITHMS, monotonic=monotonic)
    keys.find(header(), "sig")
    provider.publish(other_jwk)
    monotonic.now += HOUR
    assert keys.find(header(), "sig") == ()
    assert len(provider.asked) == 2


def test_nobody_waits_at_all_while_a_failure_backs_off(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock, threads: SwitchableThreads
) -> None:
    keys.find(header(), "sig")
    provider.error = FetchError("down")
    monotonic.now += HOUR
    keys.find(header(), "sig")
    later = threads.start = Later()
    monotonic.now += 0.4
    with within(0.2):
        assert kids(keys.find(header(), "sig")) == ["one"]
    assert later.runs == []


def test_a_provider_that_was_down_long_ago_is_asked_again_first(
    provider: Provider, monotonic: SettableClock, other_jwk: Jwk
) -> None:
    def fetch_slowly(url: str, etag: str | None) -> Fetched:
        time.sleep(0.1)
        return provider(url, etag)

    keys = RemoteKeys(JWKS_URL, fetch=fetch_slowly, algorithms=ALGORITHMS, monotonic=monotonic)
    keys.find(header(), "sig")
    provider.error = FetchError("down")
    monotonic.now += HOUR
    assert kids(keys.find(header(), "sig")) == ["one"]
    provider.error = None
    provider.publish(other_jwk)
    monotonic.now += HOUR
    assert keys.find(header(), "sig") == ()


@pytest.mark.parametrize("kid", ["one", "unknown", None])
@pytest.mark.parametrize(
    ("failed_ago", "expected"),
    [(None, [1, 4]), (HOUR, [1, 4]), (121, [1, 4]), (59, [1]), (1, [1])],
)
def test_all_wait_a_second_and_longer_unless_it_failed_last(
    keys: RemoteKeys,
    provider: Provider,
    monotonic: SettableClock,
    threads: SwitchableThreads,
    kid: str | None,
    failed_ago: float | None,
    expected: list[float],
) -> None:
    if kid is not None:
        keys.find(header(), "sig")
        monotonic.now += HOUR
    if failed_ago is not None:
        provider.error = FetchError("down")
        answer_of(keys, "one")
        monotonic.now += failed_ago
    threads.start = Later()
    waits = note_waits(keys, monotonic)
    assert answer_of(keys, kid) == (["one"] if kid == "one" else 503)
    assert waits == expected


def answer_of(keys: RemoteKeys, kid: str | None) -> list[str | None] | int | None:
    """Return the names of the keys that were found, or the status of the refusal."""
    try:
        return kids(keys.find(header(kid), "sig"))
    except Unavailable as error:
        return error.code


def note_waits(keys: RemoteKeys, monotonic: SettableClock) -> list[float]:
    """Note for how long a fetch is waited for in vain, and move the clock instead."""
    waits: list[float] = []

    class NotedEvent(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            waits.append(timeout)
            monotonic.now += timeout
            return False

    begin = keys._begin

    def begin_noted(now: float, **options: Any) -> Any:
        attempt = begin(now, **options)
        if attempt is not None:
            attempt.is_over = NotedEvent()
        return attempt

    keys._begin = begin_noted  # type: ignore[method-assign]  # what the test looks at
    return waits


@pytest.mark.parametrize("max_age", [0, 60, 600])
def test_a_set_is_believed_for_no_second_longer_than_its_age(
    keys: RemoteKeys,
    provider: Provider,
    monotonic: SettableClock,
    threads: SwitchableThreads,
    max_age: int,
) -> None:
    provider.max_age = max_age
    keys.find(header(), "sig")
    threads.start = Later()
    waits = note_waits(keys, monotonic)
    monotonic.now = 1000 + max(60, max_age) - 0.5
    keys.find(header(), "sig")
    assert waits == []
    monotonic.now += 0.5
    keys.find(header(), "sig")
    assert waits == [0.5, 4.0]


def test_threads_that_come_after_long_wait_for_the_same_fetch(
    provider: Provider, other_jwk: Jwk
) -> None:
    now, fetcher = 1000.0, threading.Event()
    looks: Counter[int] = Counter()

    def monotonic() -> float:
        looks[threading.get_ident()] += 1
        # Who asks a second time is about to wait, or would go on.
        if sum(count >= 2 for count in looks.values()) >= 2:
            fetcher.set()
        return now

    def fetch_when_both_wait(url: str, etag: str | None) -> Fetched:
        assert now == 1000 or fetcher.wait(30)
        return provider(url, etag)

    keys = RemoteKeys(
        JWKS_URL, fetch=fetch_when_both_wait, algorithms=ALGORITHMS, monotonic=monotonic
    )
    keys.find(header(), "sig")
    provider.publish(other_jwk)
    looks.clear()
    fetcher.clear()
    now += HOUR
    found: list[Sequence[Key]] = []
    threads = [
        threading.Thread(target=lambda: found.append(keys.find(header(), "sig"))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (found, len(provider.asked)) == ([(), ()], 2)


def test_a_set_that_has_not_changed_is_not_sent_again(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    provider.etag = '"v1"'
    (before,) = keys.find(header(), "sig")
    monotonic.now += 600
    assert keys.find(header(), "sig")[0] is before
    monotonic.now += 539
    keys.find(header(), "sig")
    assert provider.asked == [(JWKS_URL, None), (JWKS_URL, '"v1"')]


def test_a_set_that_has_changed_comes_in_spite_of_its_etag(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock, other_jwk: Jwk
) -> None:
    provider.etag = '"v1"'
    keys.find(header(), "sig")
    provider.etag = '"v2"'
    provider.publish(other_jwk)
    monotonic.now += 600
    assert kids(keys.find(header("two", "EdDSA"), "sig")) == ["two"]
    monotonic.now += 600
    keys.find(header("two", "EdDSA"), "sig")
    assert [etag for _, etag in provider.asked] == [None, '"v1"', '"v2"']


# Rotation.


def test_a_key_that_was_added_verifies_at_once(
    keys: RemoteKeys, provider: Provider, jwk: Jwk, other_jwk: Jwk
) -> None:
    keys.find(header(), "sig")
    provider.publish(jwk, other_jwk)
    assert kids(keys.find(header("two", "EdDSA"), "sig")) == ["two"]
    assert kids(keys.find(header(), "sig")) == ["one"]
    assert len(provider.asked) == 2


def test_a_key_that_was_removed_stops_when_the_new_set_is_here(
    keys: RemoteKeys,
    provider: Provider,
    monotonic: SettableClock,
    threads: SwitchableThreads,
    other_jwk: Jwk,
) -> None:
    keys.find(header(), "sig")
    provider.publish(other_jwk)
    later = threads.start = Later()
    monotonic.now += 590
    assert kids(keys.find(header(), "sig")) == ["one"]
    later.run()
    threads.start = at_once
    assert keys.find(header(), "sig") == ()


def test_a_set_without_keys_is_an_outage_of_its_issuer(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock, jwk: Jwk
) -> None:
    provider.publish()
    with pytest.raises(Unavailable) as caught:
        keys.find(header(), "sig")
    assert caught.value.retry_after == 1
    for _ in range(100):
        with pytest.raises(Unavailable):
            keys.find(header(), "sig")
    assert len(provider.asked) == 1
    provider.publish(jwk)
    monotonic.now += 60
    assert kids(keys.find(header(), "sig")) == ["one"]


# Outages.


def test_an_outage_of_an_hour_refuses_no_good_token(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    (before,) = keys.find(header(), "sig")
    provider.error = FetchError("down")
    for _ in range(HOUR):
        monotonic.now += 1
        assert keys.find(header(), "sig")[0] is before
    # From 540 s on, with 60 s of back-off, less up to a half by chance.
    assert len(provider.asked) < 1 + (HOUR - 540) / 30 + 7


def test_stale_keys_serve_up_to_a_limit(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    keys.find(header(), "sig")
    provider.error = FetchError("down")
    monotonic.now += 600 + DAY - 1
    assert kids(keys.find(header(), "sig")) == ["one"]
    monotonic.now += 1
    with pytest.raises(Unavailable):
        keys.find(header(), "sig")
    with pytest.raises(Unavailable):
        keys.__contains__(None)


def test_the_limit_of_stale_keys_can_be_set(provider: Provider, monotonic: SettableClock) -> None:
    keys = RemoteKeys(
        JWKS_URL,
        fetch=provider,
        algorithms=ALGORITHMS,
        lifetimes=Lifetimes(least=10, most=100, stale=0),
        monotonic=monotonic,
        start_thread=at_once,
    )
    keys.find(header(), "sig")
    provider.error = FetchError("down")
    monotonic.now += 99
    assert kids(keys.find(header(), "sig")) == ["one"]
    monotonic.now += 1
    with pytest.raises(Unavailable):
        keys.find(header(), "sig")


def test_keys_past_their_limit_serve_again_with_the_provider(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    keys.find(header(), "sig")
    provider.error = FetchError("down")
    monotonic.now += 2 * DAY
    with pytest.raises(Unavailable):
        keys.find(header(), "sig")
    provider.error = None
    monotonic.now += 1
    assert kids(keys.find(header(), "sig")) == ["one"]


def test_an_outage_without_any_keys_has_a_time_to_come_again(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    provider.error = FetchError("down")
    waits = []
    for _ in range(10):
        with pytest.raises(Unavailable) as caught:
            keys.find(header(), "sig")
        waits.append(caught.value.retry_after)
        monotonic.now += caught.value.retry_after
    # 1, 2, 4, 8, 16, 32, then 60 s, less up to a half by chance.
    assert waits[:6] == sorted(waits[:6])
    assert waits[0] == 1
    assert all(30 <= wait <= 60 for wait in waits[6:])
    assert len(provider.asked) == 10


def test_failures_back_off_whatever_is_sent(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    provider.error = FetchError("down")
    for second in range(600):
        monotonic.now = 1000 + second
        for kid in (None, "one", f"{second}"):
            with pytest.raises(Unavailable):
                keys.find(header(kid), "sig")
    # 1, 2, 4, 8, 16, 32, then 60 s, less up to a half by chance.
    assert 10 <= len(provider.asked) <= 6 + 600 / 30


def test_workers_that_failed_together_do_not_come_back_together() -> None:
    monotonic = SettableClock(0)
    workers = [
        RemoteKeys(
            JWKS_URL,
            fetch=lambda *_: Fetched(b""),
            algorithms=ALGORITHMS,
            monotonic=monotonic,
            start_thread=at_once,
        )
        for _ in range(8)
    ]
    for keys in workers:
        with pytest.raises(Unavailable):
            keys.find(header(), "sig")
    retries = {keys._retry_at for keys in workers}
    assert len(retries) > 1
    assert all(0.5 <= retry <= 1 for retry in retries)


def test_back_off_starts_anew_after_a_success(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    provider.error = FetchError("down")
    for _ in range(10):
        with pytest.raises(Unavailable):
            keys.find(header(), "sig")
        monotonic.now += 60
    provider.error = None
    keys.find(header(), "sig")
    provider.error = FetchError("down")
    monotonic.now += 2 * DAY
    with pytest.raises(Unavailable) as caught:
        keys.find(header(), "sig")
    assert caught.value.retry_after == 1


def test_an_outage_is_logged_when_it_starts_and_when_it_ends(
    keys: RemoteKeys,
    provider: Provider,
    monotonic: SettableClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys.find(header(), "sig")
    provider.error = FetchError("the answer has the status 500")
    for _ in range(HOUR):
        monotonic.now += 1
        keys.find(header(), "sig")
    provider.error = None
    for _ in range(HOUR):
        monotonic.now += 1
        keys.find(header(), "sig")
    assert caplog.record_tuples == [
        (
            "flask_tokenguard",
            logging.WARNING,
            "the keys of id.example cannot be fetched: the answer has the status 500",
        ),
        ("flask_tokenguard", logging.WARNING, "the keys of id.example can be fetched again"),
    ]


@pytest.mark.parametrize("error", [OSError("secret"), ValueError("secret"), RecursionError])
def test_what_an_apps_fetch_raises_is_an_outage_and_not_shown(
    keys: RemoteKeys, provider: Provider, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    provider.error = error
    with pytest.raises(Unavailable):
        keys.find(header(), "sig")
    assert "fetch raised " in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("answer", [None, b"{}", Fetched("{}"), Fetched(b"{}", 304)])  # type: ignore[arg-type] # what an app may return
def test_rubbish_of_an_apps_fetch_is_an_outage_that_backs_off(
    caplog: pytest.LogCaptureFixture, answer: Any, monotonic: SettableClock
) -> None:
    asked = []

    def fetch(url: str, _: str | None) -> Any:
        asked.append(url)
        return answer

    keys = RemoteKeys(
        JWKS_URL,
        fetch=fetch,
        algorithms=ALGORITHMS,
        monotonic=monotonic,
        start_thread=at_once,
    )
    for _ in range(10):
        with pytest.raises(Unavailable):
            keys.find(header(), "sig")
    assert len(asked) == 1
    assert len(caplog.records) == 1


def test_a_system_without_a_thread_to_spare_is_asked_again(
    keys: RemoteKeys,
    monotonic: SettableClock,
    threads: SwitchableThreads,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def start_nothing(_: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    threads.start = start_nothing
    with pytest.raises(Unavailable):
        keys.find(header(), "sig")
    assert "no thread left" in caplog.text
    threads.start = at_once
    monotonic.now += 1
    assert kids(keys.find(header(), "sig")) == ["one"]


# Unknown kids.


def test_a_flood_of_unknown_kids_causes_one_fetch_in_30_seconds(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    keys.find(header(), "sig")
    for tenth in range(299):
        monotonic.now = 1000 + tenth / 10
        for place in range(10):
            assert keys.find(header(f"{tenth}-{place}"), "sig") == ()
        assert kids(keys.find(header(), "sig")) == ["one"]
    assert len(provider.asked) == 2
    monotonic.now = 1030
    assert keys.find(header("x"), "sig") == ()
    assert keys.find(header("y"), "sig") == ()
    assert len(provider.asked) == 3


def test_an_unknown_kid_at_the_first_use_is_not_asked_for_twice(
    keys: RemoteKeys, provider: Provider
) -> None:
    assert keys.find(header("unknown"), "sig") == ()
    assert len(provider.asked) == 1


def test_no_key_is_unknown_while_the_provider_is_down(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    keys.find(header(), "sig")
    provider.error = FetchError("down")
    for second in range(100):
        monotonic.now = 1000 + second
        assert answer_of(keys, "unknown") == 503
    # At once, then after 1, 2, 4, 8, 16, 32 s, less up to a half by chance, and 60 s.
    assert 1 + 6 <= len(provider.asked) <= 1 + 9
    provider.error = None
    monotonic.now += 60
    assert answer_of(keys, "unknown") == []


def test_a_key_that_was_missing_stays_unknown_through_an_outage(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    keys.find(header(), "sig")
    keys.find(header("unknown"), "sig")
    provider.error = FetchError("down")
    monotonic.now += 29
    assert answer_of(keys, "unknown") == []
    monotonic.now += 1
    assert answer_of(keys, "unknown") == 503


def test_a_key_that_was_missing_stays_unknown_through_a_refresh(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    keys.find(header(), "sig")
    monotonic.now += 530
    keys.find(header("unknown"), "sig")
    keys._known = keys._known and keys._known._replace(refresh_at=monotonic.now)
    for _ in range(2):
        assert answer_of(keys, "unknown") == []
    assert len(provider.asked) == 3


def test_no_missing_key_is_waited_for_while_a_failure_backs_off(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock, threads: SwitchableThreads
) -> None:
    keys.find(header(), "sig")
    provider.error = FetchError("down")
    answer_of(keys, "unknown")
    later = threads.start = Later()
    waits = note_waits(keys, monotonic)
    monotonic.now += 0.4
    assert answer_of(keys, "unknown") == 503
    assert (waits, later.runs) == ([], [])


def test_a_key_for_a_token_without_kid_is_fetched_too(
    keys: RemoteKeys, provider: Provider, jwk: Jwk, other_jwk: Jwk
) -> None:
    keys.find(header(), "sig")
    provider.publish(jwk, other_jwk)
    assert kids(keys.find(header(None, "EdDSA"), "sig")) == ["two"]


def test_a_key_that_comes_while_it_is_looked_for_is_found(
    keys: RemoteKeys,
    provider: Provider,
    monotonic: SettableClock,
    threads: SwitchableThreads,
    jwk: Jwk,
    other_jwk: Jwk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys.find(header(), "sig")
    later = threads.start = Later()
    monotonic.now += 590
    keys.find(header(), "sig")
    provider.publish(jwk, other_jwk)
    find = RemoteSet.find

    def find_and_fetch(before: RemoteSet, *arguments: Any) -> Sequence[Key]:
        found = find(before, *arguments)
        if later.runs:
            later.run()
        return found

    monkeypatch.setattr(RemoteSet, "find", find_and_fetch)
    threads.start = at_once
    assert kids(keys.find(header("two", "EdDSA"), "sig")) == ["two"]


def test_a_fetch_under_way_is_waited_for_and_not_started_twice(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock, threads: SwitchableThreads
) -> None:
    keys.find(header(), "sig")
    later = threads.start = Later()
    monotonic.now += 590
    keys.find(header(), "sig")
    waits = note_waits(keys, monotonic)
    monotonic.now += 0.75
    assert answer_of(keys, "unknown") == 503
    assert waits == [0.25, 4.0]
    assert len(later.runs) == 1
    later.run()
    assert len(provider.asked) == 2


@pytest.mark.parametrize("kid", ["unknown", None])
def test_a_fetch_that_is_late_is_waited_for_no_more(
    keys: RemoteKeys, monotonic: SettableClock, threads: SwitchableThreads, kid: str | None
) -> None:
    later = Later()
    if kid is not None:
        keys.find(header(), "sig")
    threads.start = later
    waits = note_waits(keys, monotonic)
    monotonic.now += 590
    keys._begin(monotonic.now, is_due=lambda _: True)
    monotonic.now += 1
    for _ in range(100):
        assert answer_of(keys, kid) == 503
    with pytest.raises(Unavailable) as caught:
        keys.find(header(kid), "sig")
    assert (caught.value.retry_after, waits, len(later.runs)) == (4, [], 1)


def test_of_many_that_wait_for_a_late_fetch_four_go_on(
    provider: Provider, jwk: Jwk, other_jwk: Jwk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "PATIENCE", 0.1)
    answers: queue.SimpleQueue[list[str | None] | None] = queue.SimpleQueue()
    is_first, go_on, start = True, threading.Event(), threading.Barrier(16)

    def fetch(url: str, etag: str | None) -> Fetched:
        assert is_first or go_on.wait(30)
        return provider(url, etag)

    # The clock stands still, so that all 16 come in time, however slow the machine is.
    keys = RemoteKeys(
        JWKS_URL, fetch=fetch, algorithms=ALGORITHMS, deadline=30, monotonic=SettableClock(0)
    )

    def use() -> None:
        start.wait(30)
        try:
            answers.put(kids(keys.find(header("two", "EdDSA"), "sig")))
        except Unavailable:
            answers.put(None)

    keys.find(header(), "sig")
    is_first = False
    provider.publish(jwk, other_jwk)
    users = [threading.Thread(target=use) for _ in range(16)]
    for user in users:
        user.start()
    refused = [answers.get(timeout=30) for _ in range(12)]
    go_on.set()
    served = [answers.get(timeout=30) for _ in range(4)]
    for user in users:
        user.join(30)
    assert (refused, served) == ([None] * 12, [["two"]] * 4)
    join_fetches()


def test_a_fetch_that_never_ends_holds_nobody_up_for_long(
    monotonic: SettableClock,
) -> None:
    later = Later()
    keys = RemoteKeys(
        JWKS_URL,
        fetch=Provider(),
        algorithms=ALGORITHMS,
        deadline=0.2,
        monotonic=monotonic,
        start_thread=later,
    )
    with within(1), pytest.raises(Unavailable):
        keys.find(header(), "sig")
    monotonic.now += 0.2
    with within(0.2):
        for _ in range(100):
            with pytest.raises(Unavailable):
                keys.find(header(), "sig")
    assert len(later.runs) == 1


# Discovery.


@pytest.fixture
def discovered(provider: Provider, monotonic: SettableClock) -> RemoteKeys:
    """The same keys, found by discovery."""
    provider.documents[METADATA_URL] = {"issuer": ISSUER, "jwks_uri": JWKS_URL}
    where = Discovery(ISSUER, fetch=provider, kind="oidc", monotonic=monotonic)
    return RemoteKeys(
        where,
        fetch=provider,
        algorithms=ALGORITHMS,
        monotonic=monotonic,
        start_thread=at_once,
    )


def test_keys_are_found_by_discovery(discovered: RemoteKeys, provider: Provider) -> None:
    assert kids(discovered.find(header(), "sig")) == ["one"]
    assert [url for url, _ in provider.asked] == [METADATA_URL, JWKS_URL]
    assert repr(discovered) == f"<RemoteKeys of {ISSUER}>"


def test_an_unknown_kid_asks_for_the_keys_alone(discovered: RemoteKeys, provider: Provider) -> None:
    discovered.find(header(), "sig")
    discovered.find(header("unknown"), "sig")
    assert [url for url, _ in provider.asked] == [METADATA_URL, JWKS_URL, JWKS_URL]


def test_keys_that_have_moved_are_found_again(
    discovered: RemoteKeys, provider: Provider, monotonic: SettableClock, other_jwk: Jwk
) -> None:
    discovered.find(header(), "sig")
    del provider.documents[JWKS_URL]
    moved = "https://keys.example/moved"
    provider.documents[moved] = {"keys": [other_jwk]}
    provider.documents[METADATA_URL] = {"issuer": ISSUER, "jwks_uri": moved}
    monotonic.now += 590
    assert kids(discovered.find(header(), "sig")) == ["one"]
    monotonic.now += 1
    assert kids(discovered.find(header("two", "EdDSA"), "sig")) == ["two"]


def test_an_issuer_that_is_not_found_is_an_outage(
    discovered: RemoteKeys, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.documents[METADATA_URL] = {"issuer": "https://evil.example", "jwks_uri": JWKS_URL}
    with pytest.raises(Unavailable):
        discovered.find(header(), "sig")
    assert "the metadata is of another issuer" in caplog.text
    assert [url for url, _ in provider.asked] == [METADATA_URL]


# Threads and processes.


def test_many_threads_at_once_cause_one_fetch(provider: Provider) -> None:
    started = threading.Barrier(32)

    def fetch_slowly(url: str, etag: str | None) -> Fetched:
        time.sleep(0.2)
        return provider(url, etag)

    keys = RemoteKeys(JWKS_URL, fetch=fetch_slowly, algorithms=ALGORITHMS)
    found: list[list[str | None]] = []

    def use() -> None:
        started.wait(30)
        found.append(kids(keys.find(header(), "sig")))

    run_all(use)
    assert found == [["one"]] * 32
    assert len(provider.asked) == 1


def test_many_threads_with_a_new_kid_share_one_fetch(
    provider: Provider, jwk: Jwk, other_jwk: Jwk
) -> None:
    started = threading.Barrier(32)
    keys = RemoteKeys(JWKS_URL, fetch=provider, algorithms=ALGORITHMS)
    keys.find(header(), "sig")
    provider.publish(jwk, other_jwk)
    found: list[list[str | None]] = []

    def use() -> None:
        started.wait(30)
        found.append(kids(keys.find(header("two", "EdDSA"), "sig")))

    run_all(use)
    assert found == [["two"]] * 32
    assert len(provider.asked) == 2


def run_all(use: Callable[[], None]) -> None:
    """Run a function in 32 threads."""
    running = [threading.Thread(target=use) for _ in range(32)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(30)


def find_in_child(keys: RemoteKeys, found: Any) -> None:
    """Find a key in a forked process, and tell it."""
    try:
        found.put(kids(keys.find(header(), "sig")))
    except Unavailable:
        found.put(None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_worker_forked_during_a_fetch_fetches_by_itself(provider: Provider) -> None:
    is_parent = os.getpid()
    in_fetch, go_on = threading.Event(), threading.Event()

    def hang_in_the_parent(url: str, etag: str | None) -> Fetched:
        if os.getpid() == is_parent:
            in_fetch.set()
            go_on.wait(30)
        return provider(url, etag)

    keys = RemoteKeys(JWKS_URL, fetch=hang_in_the_parent, algorithms=ALGORITHMS, deadline=0.2)
    with pytest.raises(Unavailable):
        keys.find(header(), "sig")
    assert in_fetch.is_set()
    with keys._gates.get().lock:
        context = multiprocessing.get_context("fork")
        found = context.SimpleQueue()
        child = context.Process(target=find_in_child, args=(keys, found))
        child.start()
        child.join(30)
    go_on.set()
    assert child.exitcode == 0
    assert found.get() == ["one"]
    join_fetches()


def join_fetches() -> None:
    """Wait for the threads that fetch."""
    for thread in threading.enumerate():
        if thread.name == "tokenguard-keys":
            thread.join(30)
            assert not thread.is_alive()


# With a real fetcher.


def test_keys_come_over_a_real_connection(jwk: Jwk) -> None:
    document = Provider(jwk)(JWKS_URL, None).body

    def answer(send: Send) -> None:
        send(head("Cache-Control: max-age=600", size=len(document)) + document)

    with KeyServer(answer) as server:
        keys = RemoteKeys(
            server.url(), fetch=Fetcher(allow_insecure_loopback=True), algorithms=ALGORITHMS
        )
        for _ in range(10):
            assert kids(keys.find(header(), "sig")) == ["one"]
        assert server.connections == 1


@pytest.mark.parametrize("remembers", [False, True])
def test_an_idle_worker_refuses_the_first_token_of_a_removed_key(
    private_keys: PrivateKeys, monotonic: SettableClock, remembers: bool
) -> None:
    signer = Key(private_keys["ES256"], kid="one")
    published = [jwk_of(private_keys["ES256"])]

    def answer(send: Send) -> None:
        document = json.dumps({"keys": published}).encode()
        send(head("Cache-Control: max-age=600", size=len(document)) + document)

    with KeyServer(answer) as server:
        fetcher = Fetcher(allow_insecure_loopback=True)
        keys = RemoteKeys(server.url(), fetch=fetcher, algorithms=ALGORITHMS, monotonic=monotonic)
        cache = VerifiedCache(8, 3600) if remembers else None
        verifier = TokenVerifier(TrustedIssuer(keys, {}), cache=cache)
        token = signed(signer, {"sub": "me"}, {"alg": "ES256", "kid": "one"})
        for _ in range(3):
            verifier.verify(token)
        published[:] = [jwk_of(private_keys["EdDSA"], "two")]
        monotonic.now += 601
        with pytest.raises(InvalidToken, match="No key is known"):
            verifier.verify(token)


def test_a_dripping_key_server_holds_up_no_request() -> None:
    with KeyServer(lambda send: server.send_slowly(send, b"H" * 5000)) as server:
        keys = RemoteKeys(
            server.url(),
            fetch=Fetcher(deadline=0.3, allow_insecure_loopback=True),
            algorithms=ALGORITHMS,
            deadline=0.3,
        )
        with within(2):
            for place in range(50):
                with pytest.raises(Unavailable):
                    keys.find(header(f"{place}"), "sig")
        join_fetches()
        assert server.connections == 1
