"""Another issuer's keys in use: freshness, rotation."""

import threading
from collections import Counter
from collections.abc import Sequence

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.fetching import Fetched, FetchError
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.keys.remote.keys import RemoteKeys

from ....fetching.servers import within
from ....support import SettableClock
from ..providers import JWKS_URL, Jwk, Provider, header
from .support import (
    ALGORITHMS,
    DAY,
    HOUR,
    Later,
    SwitchableThreads,
    answer_of,
    at_once,
    kids,
    note_waits,
)


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
    slow_keys: RemoteKeys, provider: Provider, monotonic: SettableClock, other_jwk: Jwk
) -> None:
    slow_keys.find(header(), "sig")
    provider.publish(other_jwk)
    monotonic.now += HOUR
    assert slow_keys.find(header(), "sig") == ()
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
    slow_keys: RemoteKeys, provider: Provider, monotonic: SettableClock, other_jwk: Jwk
) -> None:
    slow_keys.find(header(), "sig")
    provider.error = FetchError("down")
    monotonic.now += HOUR
    assert kids(slow_keys.find(header(), "sig")) == ["one"]
    provider.error = None
    provider.publish(other_jwk)
    monotonic.now += HOUR
    assert slow_keys.find(header(), "sig") == ()


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
