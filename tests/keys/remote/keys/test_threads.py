"""Another issuer's keys in use: threads and processes, with a real fetcher."""

import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from flask_tokenguard.errors import InvalidToken, Unavailable
from flask_tokenguard.fetching import Fetched
from flask_tokenguard.fetching.fetcher import Fetcher
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.keys.remote.keys import RemoteKeys
from flask_tokenguard.verify.cache import VerifiedCache
from flask_tokenguard.verify.trusted import TrustedIssuer
from flask_tokenguard.verify.verifier import TokenVerifier

from ....fetching.servers import KeyServer, Send, head, within
from ....jose.tokens import signed
from ....support import SettableClock, listening
from ..providers import JWKS_URL, Jwk, Provider, header, jwk_of
from .support import (
    ALGORITHMS,
    PrivateKeys,
    SwitchableThreads,
    answer_of,
    at_once,
    join_fetches,
    kids,
)


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


def test_a_kid_unknown_as_the_keys_come_is_asked_for(provider: Provider) -> None:
    keys = RemoteKeys(JWKS_URL, fetch=provider, algorithms=ALGORITHMS)
    is_joined, answers = threading.Event(), list[Future[Any]]()
    begin, free = keys._begin, keys._free

    def begin_noted(now: float, **options: Any) -> Any:
        attempt = begin(now, **options)
        if options.get("seeks_key"):
            is_joined.set()
        return attempt

    def free_once_joined(gate: Any) -> None:
        if not answers:
            answers.append(asker.submit(answer_of, keys, "two"))
            is_joined.wait(10)
        free(gate)

    keys._begin, keys._free = begin_noted, free_once_joined  # type: ignore[method-assign]  # steps
    with ThreadPoolExecutor(1) as asker:
        keys.find(header(), "sig")
    assert answers[0].result() == []


def test_what_listens_to_the_log_may_ask_for_a_key(
    threads: SwitchableThreads, keys: RemoteKeys
) -> None:
    def have_none(_: Callable[[], None]) -> None:
        raise RuntimeError

    threads.start = have_none
    answers: list[Any] = []
    asker = threading.Thread(target=answer_of, args=(keys, "one"), daemon=True)
    with listening(lambda: answers.append(answer_of(keys, "one"))):
        asker.start()
        asker.join(5)
    assert not asker.is_alive()
    assert answers == [503]


def test_the_log_has_why_before_a_request_is_answered(provider: Provider) -> None:
    provider.error = OSError()
    keys = RemoteKeys(JWKS_URL, fetch=provider, algorithms=ALGORITHMS)
    logged: list[float] = []

    def log_slowly() -> None:
        time.sleep(0.05)
        logged.append(time.monotonic())

    with listening(log_slowly):
        assert answer_of(keys, "one") == 503
    assert len(logged) == 1


@pytest.mark.parametrize("error", [None, OSError()], ids=["passed over", "fails"])
def test_a_fetch_has_ended_before_the_log_has_it(
    provider: Provider, keys: RemoteKeys, error: Exception | None
) -> None:
    provider.publish({"kty": "oct"})
    provider.error = error
    running: list[Any] = []
    with listening(lambda: running.append(keys._gates.get().running)):
        answer_of(keys, "one")
    assert running == [None]


def test_a_fetch_that_was_interrupted_as_it_began_begins_anew(
    threads: SwitchableThreads, keys: RemoteKeys
) -> None:
    def interrupt(_: Callable[[], None]) -> None:
        raise KeyboardInterrupt

    threads.start = interrupt
    with pytest.raises(KeyboardInterrupt):
        keys.find(header(), "sig")
    threads.start = at_once
    assert kids(keys.find(header(), "sig")) == ["one"]


def run_all(use: Callable[[], None]) -> None:
    """Run a function in 32 threads."""
    running = [threading.Thread(target=use) for _ in range(32)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(30)


def find_in_child(keys: RemoteKeys, found: Any) -> None:
    """Find a key in a forked process, and return it."""
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
