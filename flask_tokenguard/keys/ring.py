"""A key ring in use: the keys of a folder, and its changes picked up without a restart.

A request only asks the clock. Once a second one of them looks at the index, and if it has changed,
a thread reads the new ring, while the old one goes on. A ring that cannot be read changes nothing.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..jose.compact import Header
from ..jose.jwk import Key
from .config import ConfiguredKeys
from .ring_files import INDEX, RingEntry, read_index
from .text import read_file, read_keys

_LOOK_EVERY = 1.0
_RETRY_AFTER = 30.0
_logger = logging.getLogger("flask_tokenguard")


def open_ring(
    folder: str, password: str | None = None, password_file: str | None = None
) -> "KeyRing":
    """Open a ring with a password, or the one in a file; see `KeyRing`."""
    if password_file is not None:
        password = read_file(Path(password_file))
    return KeyRing(Path(folder), password=password)


class KeyRing:
    """The keys of one folder; a `KeySource`."""

    def __init__(
        self,
        folder: Path,
        *,
        password: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
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
        self._stamp = self._read_stamp()
        self._next_look = monotonic() + _LOOK_EVERY
        self._looking = threading.Lock()
        self._pid = os.getpid()
        self.keys = self._load()

    @property
    def signing(self) -> Key | None:
        """The key that signs now."""
        self._look()
        return self.keys.signing

    def find(self, header: Header, use: str) -> Sequence[Key]:
        """Find as `KeySet.find` does, in the ring as it stands."""
        self._look()
        return self.keys.find(header, use)

    def __contains__(self, key: object) -> bool:
        self._look()
        return key in self.keys

    def __iter__(self) -> Iterator[Key]:
        self._look()
        return iter(self.keys)

    def _look(self) -> None:
        now = self._monotonic()
        if now < self._next_look:
            return
        if os.getpid() != self._pid:
            # A thread that held the lock does not live on in a forked worker.
            self._pid, self._looking = os.getpid(), threading.Lock()
        if not self._looking.acquire(blocking=False):
            return
        self._next_look = now + _LOOK_EVERY
        stamp = self._read_stamp()
        if stamp == self._stamp:
            self._looking.release()
            return
        # Reading an RSA key costs as much as a hundred requests, so that no request waits for it.
        try:
            threading.Thread(target=self._reload, args=(stamp,), daemon=True).start()
        except RuntimeError:
            # The system has no thread left for us; the next look may find one.
            self._looking.release()

    def _reload(self, stamp: object) -> None:
        try:
            self.keys = self._load()
            self._stamp = stamp
        except (ValueError, OSError) as error:
            self._next_look = self._monotonic() + _RETRY_AFTER
            _logger.error(  # noqa: TRY400 - a traceback would show frames that hold keys
                "the key ring %s has changed and cannot be read: %s", self._folder, error
            )
        finally:
            self._looking.release()

    def _read_stamp(self) -> object:
        try:
            found = (self._folder / INDEX).stat()
        except OSError as error:
            return error.errno
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _load(self) -> ConfiguredKeys:
        entries = read_index(self._folder)
        keys = {entry.kid: self._by_kid.get(entry.kid) or self._read(entry) for entry in entries}
        signing = [entry.kid for entry in entries if entry.state == "active"]
        if not signing:
            raise ValueError(
                f"{self._folder} has no {INDEX}; `flask tokenguard rotate` makes a ring"
            )
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
