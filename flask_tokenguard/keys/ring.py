"""Key ring in use: the keys of a folder, whose changes are picked up without a restart.

A request reads the clock. If no request has checked the index for two seconds, it does, and loads a
ring that has changed before it goes on. After that a removed key verifies nothing, also in a worker
that was idle. A ring that cannot be read changes nothing.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..clock import Clock, Steady
from ..jose.compact import Header
from ..jose.jwk import Key
from ..per_process import PerProcess
from .own import ConfiguredKeys
from .ring_files import INDEX, RingEntry, no_ring_in, read_index
from .text import read_file, read_keys

_LOOK_EVERY = 2.0
# A ring that cannot be read is tried again after that, or when its index changes.
_RETRY_AFTER = 30.0
_MOST_RETRIES = 7
_logger = logging.getLogger("flask_tokenguard")


class KeyRing:
    """The keys of one folder; a `KeySource`."""

    def __init__(
        self,
        folder: Path,
        *,
        password: str | None = None,
        monotonic: Clock = Steady.now,
    ) -> None:
        """Read the ring.

        Args:
            folder: Where its index and keys are.
            password: Opens encrypted keys.
            monotonic: Seconds, for the looks at the index.

        Raises:
            ValueError: The ring is empty or damaged.
            OSError: It cannot be read.
        """
        self._folder = folder
        self._password = password
        self._monotonic = monotonic
        self._by_kid: dict[str, Key] = {}
        self._faulty_stamp: object = None
        self._retry_at = 0.0
        self._look_at = monotonic() + _LOOK_EVERY
        self._looking = PerProcess(threading.RLock)
        self.keys, self._stamp = self._load()

    @property
    def signing(self) -> Key | None:
        """The key that signs now."""
        self._look()
        return self.keys.signing

    def find(self, header: Header, use: str) -> Sequence[Key]:
        """Find as `KeySet.find` does, in the current ring."""
        self._look()
        return self.keys.find(header, use)

    def __contains__(self, key: object) -> bool:
        self._look()
        return key in self.keys

    def __iter__(self) -> Iterator[Key]:
        self._look()
        return iter(self.keys)

    def _look(self) -> None:
        """Load a ring that has changed, checked once in two seconds at most."""
        if self._monotonic() < self._look_at:
            return
        # Another thread waits for the same read: the key that it would go by may be gone.
        with self._looking.get():
            now = self._monotonic()
            if now < self._look_at:
                return
            fault = self._follow(now)
            self._look_at = now + _LOOK_EVERY
        if fault is not None:
            # Not under the lock: what listens to a log may ask for a key.
            _logger.error("the key ring %s has changed and cannot be read: %s", self._folder, fault)

    def _follow(self, now: float) -> str | None:
        """Load a ring that has changed; return the fault of one that cannot be read."""
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return None
        if stamp == self._faulty_stamp and now < self._retry_at:
            return None
        try:
            self.keys, self._stamp = self._load()
        except (ValueError, OSError) as error:
            fault = str(error)
        except Exception as error:  # noqa: BLE001 - what is not foreseen must not stop requests either
            fault = type(error).__name__
        else:
            return None
        self._faulty_stamp, self._retry_at = stamp, now + _RETRY_AFTER
        return fault

    def _read_stamp(self) -> object:
        try:
            found = (self._folder / INDEX).stat()
        except OSError as error:
            return error.errno
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _load(self) -> tuple[ConfiguredKeys, object]:
        """Load the ring; return its keys, and the stamp of the index that names them."""
        stamp = self._read_stamp()
        for _ in range(_MOST_RETRIES):
            try:
                return self._read_ring(), stamp
            except (ValueError, OSError):
                former, stamp = stamp, self._read_stamp()
                # The files of an index that was replaced meanwhile may be gone.
                if stamp == former:
                    raise
        return self._read_ring(), stamp

    def _read_ring(self) -> ConfiguredKeys:
        entries = read_index(self._folder)
        keys = {entry.kid: self._by_kid.get(entry.kid) or self._read(entry) for entry in entries}
        signing = [entry.kid for entry in entries if entry.state == "active"]
        if not signing:
            raise no_ring_in(self._folder)
        if not keys[signing[0]].is_private:
            raise ValueError(f"the active key {signing[0]} is public")
        loaded = ConfiguredKeys(keys.values(), keys[signing[0]])
        self._by_kid = keys
        return loaded

    def _read(self, entry: RingEntry) -> Key:
        is_pair = entry.file.endswith(".pem")
        try:
            text = read_file(self._folder / entry.file)
            keys = read_keys(text, password=self._password if is_pair else None, alg=entry.alg)
        except ValueError as error:
            raise ValueError(f"the key {entry.file} {error}") from None
        if [key.kid for key in keys] != [entry.kid]:
            raise ValueError(f"the key {entry.file} is not the one that {INDEX} names")
        return keys[0]
