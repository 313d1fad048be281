"""Another issuer's keys in use: unknown kids."""

import queue
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.fetching import Fetched, FetchError
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.keys.remote import attempt as attempts
from flask_tokenguard.keys.remote.key_set import RemoteSet
from flask_tokenguard.keys.remote.keys import RemoteKeys

from ....fetching.servers import within
from ....support import SettableClock
from ..providers import JWKS_URL, Jwk, Provider, header
from .support import (
    ALGORITHMS,
    Later,
    SwitchableThreads,
    answer_of,
    at_once,
    join_fetches,
    kids,
    note_waits,
)


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
