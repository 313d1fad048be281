"""Another issuer's keys in use: what the tests share."""

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys.remote.key_set import RemoteSet
from flask_tokenguard.keys.remote.keys import RemoteKeys

from ....support import SettableClock
from ..providers import header

HOUR = 3600
DAY = 24 * HOUR
ALGORITHMS = ("RS256", "ES256", "EdDSA")
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


def kids(found: Sequence[Key]) -> list[str | None]:
    """Return the names of keys."""
    return [key.kid for key in found]


def published(*jwks: Any) -> list[Key]:
    """List the keys that are used of a set."""
    return list(RemoteSet.read(json.dumps({"keys": jwks}).encode(), ALGORITHMS))


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


def join_fetches() -> None:
    """Wait for the threads that fetch."""
    for thread in threading.enumerate():
        if thread.name == "tokenguard-keys":
            thread.join(30)
            assert not thread.is_alive()
