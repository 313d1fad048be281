"""Many at once on a store of a URI: processes that rotate one token, and threads that do it all."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.base import Store
from flask_tokenguard.testing.stores import Family, new_id, new_refresh

from .processes import started
from .rotate import rotate

PROCESSES = 16


def now() -> int:
    return int(time.time())


@contextmanager
def rotating(uri: str, family: Family) -> Iterator[list[Connection]]:
    """Start processes that all present the same token; give the pipes to them."""
    with ExitStack() as all_of_them:
        yield [
            all_of_them.enter_context(started(rotate, uri, family.session, family.subject))[1]
            for _ in range(PROCESSES)
        ]


def present_everywhere(pipes: list[Connection], jti: bytes) -> list[tuple[str, bytes | None]]:
    """Have all processes present a token at once; give each one's outcome and unspent token."""
    for pipe in pipes:
        pipe.send_bytes(jti)
    return [pipe.recv() for pipe in pipes]


def rotate_in_all(uri: str, family: Family, rounds: int) -> list[Counter[str]]:
    """Have all processes present the same token in each round; one successor comes of it."""
    outcomes = []
    presented = family.first.jti
    with rotating(uri, family) as pipes:
        for _ in range(rounds):
            heard = present_everywhere(pipes, presented)
            outcomes.append(Counter(outcome for outcome, _ in heard))
            (successor,) = {unspent for _, unspent in heard}
            assert successor is not None
            presented = successor
    return outcomes


class Load:
    """Threads that revoke, check and rotate without a pause, and count what they see."""

    def __init__(self, store: Store, *, threads: int = 8) -> None:
        self.store = store
        self.seen: Counter[str] = Counter()
        self.revoked: list[tuple[bytes, bytes]] = []
        self.families: list[Family] = []
        self._is_over = threading.Event()
        jobs = (self._revoke, self._rotate)
        self._threads = [
            threading.Thread(target=self._repeat, args=(jobs[number % 2](),))
            for number in range(threads)
        ]

    @contextmanager
    def going_on(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in self._threads:
                thread.join()

    def _repeat(self, do: Callable[[], str]) -> None:
        while not self._is_over.is_set():
            try:
                self.seen[do()] += 1
            except Unavailable:
                self.seen["unavailable"] += 1
                time.sleep(0.01)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must be counted
                self.seen[repr(error)] += 1

    def _revoke(self) -> Callable[[], str]:
        def revoke() -> str:
            jti, subject = new_id(), new_id()
            self.store.revoke(jti, subject=subject, expires=now() + 3600)
            self.revoked.append((jti, subject))
            known = secrets.choice(self.revoked)
            return "revoked" if self.store.standing(known[0], None, known[1]).is_revoked else "LOST"

        return revoke

    def _rotate(self) -> Callable[[], str]:
        family = Family(self.store, now)
        token = successor = family.first
        is_started = False

        def rotate() -> str:
            nonlocal token, successor, is_started
            if not is_started:
                family.start()
                token, successor, is_started = family.first, new_refresh(now()), True
            # Where the outcome was not heard, the same successor is asked for again.
            outcome = family.present(token.jti, successor).outcome
            token, successor = successor, new_refresh(now())
            return outcome

        return rotate
