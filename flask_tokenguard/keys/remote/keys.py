"""Remote keys: the keys of another issuer, fetched when needed and kept through its outages.

A request reads the clock and a dictionary. A thread fetches ahead of expiry. A request waits for it
where there are no keys, they have expired, or one is missing: all for a second, and few until the
deadline. After that, old keys go on for as long as `Lifetimes.stale` allows. A missing one is an
outage then: only a set that came shows that there is no such key. A removed key verifies nothing
from the moment the new set is here, cached tokens included: `find` returns the same `Key` object as
long as that key is trusted.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil
from typing import NamedTuple
from urllib.parse import urlsplit

from ...clock import Clock, Steady
from ...errors import ConfigurationError, KeysUnusable, Reason, Unavailable
from ...fetching import Fetch, FetchError
from ...fetching.document import CachedDocument, Lifetimes, Version
from ...jose.compact import Header
from ...jose.jwk import Key
from ...per_process import PerProcess
from .attempt import MOST_PATIENT, Attempt, Gate
from .discovery import Discovery
from .key_set import RemoteSet, accepted_algorithms, log_passed_over

_COMPLETE_FOR = 30.0
_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 1.0, 60.0
_LEAST_AHEAD = 10.0
_logger = logging.getLogger("flask_tokenguard")


class _Known(NamedTuple):
    """The keys, and the instants that end what they are good for.

    Attributes:
        keys: The set that came.
        refresh_at: It is due for a fetch.
        expires_at: It is used no longer without a try to fetch it anew.
        stale_until: It is used no longer.
        complete_until: A key that it lacks is no longer taken not to exist.
        asked_at: The fetch that brought it began.
    """

    keys: RemoteSet
    refresh_at: float
    expires_at: float
    stale_until: float
    complete_until: float
    asked_at: float


def _due(lifetime: float) -> float:
    """Return the age at which a set is fetched anew: ahead of its expiry, so no request waits."""
    return max(lifetime / 2, min(0.9 * lifetime, lifetime - _LEAST_AHEAD))


def _start_thread(run: Callable[[], None]) -> None:
    threading.Thread(target=run, name="tokenguard-keys", daemon=True).start()


def _unusable(keys: RemoteSet, retry_after: int = 1) -> KeysUnusable:
    return KeysUnusable(detail=f"fetched, and {keys.explain()}", retry_after=retry_after)


class RemoteKeys:
    """The keys of one other issuer; a `KeySource`, safe for threads and across forks."""

    def __init__(
        self,
        where: str | Discovery,
        *,
        fetch: Fetch,
        algorithms: Iterable[str],
        deadline: float = 5.0,
        lifetimes: Lifetimes | None = None,
        monotonic: Clock = Steady.now,
        start_thread: Callable[[Callable[[], None]], None] = _start_thread,
    ) -> None:
        """Check the algorithms; nothing is fetched and no thread runs before the first `find`.

        Args:
            where: The URL of the key set, or its discovery.
            fetch: Fetches a URL.
            algorithms: Those that are accepted; never one that takes a secret.
            deadline: For how many seconds a caller waits for keys, at most.
            lifetimes: For how long keys are used; default `Lifetimes()`.
            monotonic: Times freshness and waits.
            start_thread: Runs a function beside the caller; raises `RuntimeError` if it cannot.

        Raises:
            ValueError: An algorithm is not one of public keys.
        """
        self._where = where
        try:
            self._algorithms = accepted_algorithms(algorithms)
        except ValueError as error:
            raise ValueError(f"the list of algorithms {error}") from None
        self._name = where.issuer if isinstance(where, Discovery) else urlsplit(where).hostname
        self._deadline = deadline
        self._lifetimes = lifetimes or Lifetimes()
        self._monotonic = monotonic
        self._start_thread = start_thread
        self._jwks = CachedDocument(self._read, fetch=fetch, lifetimes=self._lifetimes)
        self._gates = PerProcess(Gate)
        self._known: _Known | None = None
        self._failures = 0
        self._retry_at = float("-inf")

    def find(self, header: Header, use: str) -> Sequence[Key]:
        """Find the keys that may have made a token with this header.

        A key that is missing fetches the set anew, once in 30 s at most.

        Raises:
            Unavailable: No keys are known, or one is missing and no newer set came, so the token
                cannot be judged.
        """
        if use != "sig" or header.alg not in self._algorithms:
            return ()
        before = self._known
        known = self._current()
        found = known.keys.find(header, use)
        if found or known is not before:
            return found
        return self._completed(known).keys.find(header, use)

    def check(self) -> None:
        """Fetch the keys now, for a command: what `find` returns stays as it is.

        Raises:
            FetchError: Metadata or keys did not come, or the metadata is not right.
            ValueError: What came is no key set.
            KeysUnusable: None of its keys can be used.
        """
        keys = self._fetch_keys().value
        if not keys:
            raise _unusable(keys)

    @property
    def age(self) -> float | None:
        """For how many seconds the keys are known; None before they came. Nothing is fetched."""
        known = self._known
        return None if known is None else self._monotonic() - known.asked_at

    @property
    def failures(self) -> int:
        """How many fetches have failed since one succeeded."""
        return self._failures

    def __contains__(self, key: object) -> bool:
        return key in self._current().keys

    def __iter__(self) -> Iterator[Key]:
        known = self._known
        return iter(()) if known is None else iter(known.keys)

    def __repr__(self) -> str:
        return f"<RemoteKeys of {self._name}>"

    def _current(self) -> _Known:
        """Return the current keys, fetched first if they are due."""
        now = self._monotonic()
        known = self._known
        if known is not None and now < known.refresh_at and known.keys:
            return known
        attempt = self._begin(now, is_due=self._is_refresh_due)
        if known is None or not known.keys or now >= known.expires_at:
            self._wait(attempt)
        return self._usable()

    def _completed(self, known: _Known) -> _Known:
        """Return keys of which each that is missing does not exist.

        Args:
            known: The keys that lack one.

        Raises:
            Unavailable: None came.
        """
        now = self._monotonic()
        if now < known.complete_until:
            return known
        # The fetch that ran may be the one that has just brought what is known.
        for _ in range(2):
            self._wait(self._begin(now, is_due=self._is_completion_due, seeks_key=True))
            newer = self._usable()
            if newer is not known:
                return newer
        raise self._unavailable()

    def _usable(self) -> _Known:
        known = self._known
        if known is None or self._monotonic() >= known.stale_until or not known.keys:
            raise self._unavailable()
        return known

    def _unavailable(self) -> Unavailable:
        running, known = self._gates.get().running, self._known
        until = self._retry_at if running is None else running.wait_until
        retry_after = ceil(max(1.0, until - self._monotonic()))
        # What came last was fetched well, and holds no key.
        if known is not None and not known.keys and not self._failures:
            return _unusable(known.keys, retry_after)
        return Unavailable(
            "The keys of the token's issuer are out of reach",
            reason=Reason.KEYS_UNAVAILABLE,
            retry_after=retry_after,
        )

    def _is_refresh_due(self, now: float) -> bool:
        return self._known is None or now >= self._known.refresh_at

    def _is_completion_due(self, now: float) -> bool:
        return self._known is None or now >= self._known.complete_until

    def _begin(
        self, now: float, *, is_due: Callable[[float], bool], seeks_key: bool = False
    ) -> Attempt | None:
        """Start a fetch, or return the one that runs; None where none may start."""
        gate = self._gates.get()
        with gate.lock:
            if gate.running is not None:
                return gate.running
            if now < self._retry_at or not is_due(now):
                return None
            attempt = gate.running = Attempt(
                now,
                deadline=self._deadline,
                most_patient=0 if self._is_down(now) else MOST_PATIENT,
                seeks_key=seeks_key,
            )
        # Not under the lock: what listens to a log may ask for a key.
        try:
            self._start_thread(lambda: self._run(gate, attempt))
        except RuntimeError:
            failures = self._failures
            self._back_off()
            self._end(gate, attempt)
            self._report_failure("the system has no thread left", failures)
        except BaseException:
            self._end(gate, attempt)
            raise
        return attempt

    def _is_down(self, now: float) -> bool:
        # A failure of long ago proves nothing now: there was no request since.
        return self._failures > 0 and now < self._retry_at + _LONGEST_BACK_OFF

    def _wait(self, attempt: Attempt | None) -> None:
        if attempt is not None:
            attempt.wait(self._monotonic)

    def _run(self, gate: Gate, attempt: Attempt) -> None:
        before, failures = self._known, self._failures
        try:
            fault = self._try_to_refresh(gate, attempt)
            if fault is None:
                self._report_success(before, failures)
            else:
                self._report_failure(fault, failures)
        finally:
            # The log has why, before a request is answered by it.
            attempt.is_over.set()

    def _try_to_refresh(self, gate: Gate, attempt: Attempt) -> str | None:
        """Refresh the keys, or back off and return why."""
        try:
            self._refresh(seeks_key=attempt.seeks_key)
        except Exception as error:  # noqa: BLE001 - what is not foreseen must back off as well
            self._back_off()
            is_foreseen = isinstance(error, FetchError | ValueError | ConfigurationError)
            return str(error) if is_foreseen else type(error).__name__
        finally:
            # What listens to a log may ask for a key, and would wait for this very fetch.
            self._free(gate)
        return None

    def _free(self, gate: Gate) -> None:
        """Let another fetch begin."""
        gate.running = None

    def _end(self, gate: Gate, attempt: Attempt) -> None:
        self._free(gate)
        attempt.is_over.set()

    def _refresh(self, *, seeks_key: bool) -> None:
        now, before = self._monotonic(), self._known
        version = self._fetch_keys()
        expires_at = now + version.lifetime
        refresh_at = now + (_due(version.lifetime) if version.value else self._lifetimes.least)
        if seeks_key:
            complete_until = now + _COMPLETE_FOR
        else:
            complete_until = float("-inf") if before is None else before.complete_until
        self._known = _Known(
            version.value,
            refresh_at,
            expires_at,
            expires_at + self._lifetimes.stale,
            complete_until,
            now,
        )
        self._failures = 0

    def _report_success(self, before: _Known | None, failures: int) -> None:
        known = self._known
        if failures:
            _logger.warning("the keys of %s can be fetched again", self._name)
        known_faults = () if before is None else before.keys.faults
        for fault in () if known is None else known.keys.faults:
            if fault not in known_faults:
                log_passed_over(self._name, fault)

    def _fetch_keys(self) -> Version[RemoteSet]:
        if isinstance(self._where, str):
            return self._jwks.refresh(self._where)
        try:
            return self._jwks.refresh(self._where.jwks_uri())
        except (FetchError, ValueError):
            # The keys may have moved.
            self._where.expire()
            raise

    def _back_off(self) -> None:
        back_off = min(_LONGEST_BACK_OFF, _FIRST_BACK_OFF * 2 ** min(self._failures, 16))
        self._failures += 1
        # Workers that failed together must not all come back together.
        self._retry_at = self._monotonic() + back_off * random.uniform(0.5, 1)  # noqa: S311 - no secret

    def _report_failure(self, reason: str, failures: int) -> None:
        if not failures:
            _logger.warning("the keys of %s cannot be fetched: %s", self._name, reason)

    def _read(self, body: bytes) -> RemoteSet:
        known = self._jwks.version.value if self._jwks.version is not None else None
        return RemoteSet.read(body, self._algorithms, known=known)
