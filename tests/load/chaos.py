"""Mishaps of the servers while clients go on: one after another, for as long as asked."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

from flask_tokenguard.keys import ring_files
from flask_tokenguard.testing import LoopbackIssuer

from .ledger import Ledger
from .proxy import FAULTS, Fault, Proxy
from .served import Gunicorn

_A_WHILE = 2.0
# Longer than the tokens of a key that has retired.
KEEP = 330
# A part of an HTTP answer that came twice would be another answer.
_IN_FRONT: tuple[Fault, ...] = ("delay", "drop", "cut")


class Chaos:
    """Mishaps of an app, its front, its store and its provider.

    Attributes:
        kills: How many workers were killed.
        memory: That of the oldest worker after each mishap: seconds since the begin, and MB.
    """

    def __init__(
        self,
        app: Gunicorn,
        ledger: Ledger,
        *,
        front: Proxy,
        store: Proxy | None,
        provider: LoopbackIssuer,
        ring: Path,
    ) -> None:
        """Take what there is; a store in a file has no proxy."""
        self.kills = 0
        self.memory: list[tuple[float, float]] = []
        self._app = app
        self._ledger = ledger
        self._front = front
        self._store = store
        self._provider = provider
        self._ring = ring
        self._front_faults = itertools.cycle(_IN_FRONT)
        self._store_faults = itertools.cycle(store.faults if store else FAULTS)

    def go_on(self, seconds: float) -> None:
        """Let one thing happen after the other, and end in peace."""
        began = time.monotonic()
        for happen in self._in_turn():
            happen()
            now = time.monotonic() - began
            self.memory.append((now, self._app.memory()))
            if now > seconds:
                return

    def _in_turn(self) -> Iterator[Callable[[], None]]:
        return itertools.cycle(
            [self._rest, self._rotate, self._hit_front, self._kill, self._hit_store, self._stop]
        )

    def _rest(self) -> None:
        time.sleep(_A_WHILE)

    def _rotate(self) -> None:
        now = int(time.time())
        ring_files.rotate(self._ring, alg="ES256", password=None, now=now, least_age=0)
        ring_files.prune(self._ring, now=now, keep=KEEP)

    def _kill(self) -> None:
        self.kills += self._app.kill_newest()
        self._rest()

    def _hit_front(self) -> None:
        self._front.fault = next(self._front_faults)
        self._rest()
        self._front.fault = None

    def _hit_store(self) -> None:
        if self._store is None:
            return
        fault = next(self._store_faults)
        with nullcontext() if fault == "delay" else self._ledger.away("store"):
            if fault == "away":
                self._store.go_away()
            self._store.fault = fault
            self._rest()
            self._store.fault = None

    def _stop(self) -> None:
        with self._ledger.away("provider"), self._provider.outage():
            self._rest()
