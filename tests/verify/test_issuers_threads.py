"""What an app resolves for several threads at once, and in a process that forks meanwhile."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

import pytest

from flask_tokenguard.errors import ConfigurationError, Unavailable
from flask_tokenguard.jose.jwk import KeySet
from flask_tokenguard.verify.issuers import Issuers
from flask_tokenguard.verify.trusted import TrustedIssuer

from ..stores.processes import result_of
from ..support import SettableClock, listening

TENANT = "https://tenant"


def build(_issuer: str, _entry: object) -> TrustedIssuer:
    """Build an issuer without a key."""
    return TrustedIssuer(KeySet(()), {})


def test_threads_that_resolve_an_issuer_together_share_its_keys() -> None:
    together = threading.Barrier(2)

    def build_together(issuer: str, entry: object) -> TrustedIssuer:
        together.wait(10)
        return build(issuer, entry)

    table = Issuers({}, resolve=lambda _: {"audience": "a"}, build=build_together)
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(table.find, [TENANT] * 2)
    assert one is other is not None


def test_an_answer_that_comes_late_brings_no_tenant_back(clock: SettableClock) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def resolve(_: str) -> Any:
        if is_asked.is_set():
            return None
        is_asked.set()
        may_answer.wait(10)
        return {"audience": "a"}

    table = Issuers({}, resolve=resolve, build=build, monotonic=clock)
    with ThreadPoolExecutor(1) as thread:
        late = thread.submit(table.find, TENANT)
        is_asked.wait(10)
        clock.now += 1
        assert table.find(TENANT) is None
        may_answer.set()
        assert late.result() is None
    assert table.find(TENANT) is None


def test_what_listens_to_the_log_may_list_the_tenants() -> None:
    def refuse(_issuer: str, _entry: object) -> TrustedIssuer:
        raise ConfigurationError("bad")

    table = Issuers({}, resolve=lambda _: {}, build=refuse)
    listed: list[object] = []
    # By another thread: one of its own would pass a lock that it has.
    with (
        ThreadPoolExecutor(1) as thread,
        listening(lambda: listed.append(thread.submit(table.resolved).result(5))),
        pytest.raises(Unavailable),
    ):
        table.find(TENANT)
    assert listed == [{}]


def find_while_the_parent_builds(tell: Connection) -> None:
    """Fork while a thread builds an issuer, and tell how the child fared."""
    is_building, may_end = threading.Event(), threading.Event()
    parent = os.getpid()

    def hang_in_the_parent(issuer: str, entry: object) -> TrustedIssuer:
        if os.getpid() == parent:
            is_building.set()
            may_end.wait()
        return build(issuer, entry)

    table = Issuers({}, resolve=lambda _: {"audience": "a"}, build=hang_in_the_parent)
    builder = threading.Thread(target=table.find, args=(TENANT,))
    builder.start()
    is_building.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        os._exit(table.find(TENANT) is None)
    tell.send(os.waitpid(child, 0)[1])
    may_end.set()
    builder.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_does_not_wait_for_an_issuer_of_its_parent() -> None:
    assert result_of(find_while_the_parent_builds) == 0
