"""Another issuer's keys in use: outages."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.fetching import Fetched, FetchError
from flask_tokenguard.fetching.document import Lifetimes
from flask_tokenguard.keys.remote.keys import RemoteKeys

from ....support import SettableClock
from ..providers import JWKS_URL, Provider, header
from .support import ALGORITHMS, DAY, HOUR, SwitchableThreads, at_once, kids


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
