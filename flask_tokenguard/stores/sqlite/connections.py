"""Connections to SQLite, one for each thread, and how a fork gets past them.

A fork copies SQLite's own locks as they are: one that another thread holds at that moment is never
released in the child. A fork therefore waits until no thread is inside SQLite, and closes all files
before it (https://www.sqlite.org/howtocorrupt.html section 2.6).
"""

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator

from ...clock import Steady
from ..base import Standing

# Of a file: device, inode, instant of its last change, size.
Stamp = tuple[int, int, int, int]
_UNTIL_ANOTHER_TRY = 0.005
_logger = logging.getLogger("flask_tokenguard")


class Slot:
    """A place for one connection; only the thread that has its lock is inside SQLite with it.

    Attributes:
        lock: Held for as long as the connection, or anything made by it, is used.
        timeout: For how long a fork waits for the lock, in seconds.
        is_kept: Whether the connection outlasts a fork, as it has no file.
        connection: None until it is opened, and after a fork.
        reader: A cursor that is used again and again, as a new one takes time.
        untouched: What is known of a token without an entry.
        stamp: Which file was opened, and when it changed last.
        first_epoch: The epoch that the file began with.
        next_look: When to look whether that file is still there, by the monotonic clock; now, if a
            fork waits.
    """

    __slots__ = (
        "connection",
        "first_epoch",
        "is_kept",
        "is_left",
        "lock",
        "next_look",
        "reader",
        "stamp",
        "timeout",
        "untouched",
    )

    def __init__(self, timeout: float, *, is_kept: bool = False) -> None:
        self.lock = threading.RLock()
        self.timeout = timeout
        self.is_kept = is_kept
        self.is_left = False
        self.connection: sqlite3.Connection | None = None
        self.reader: sqlite3.Cursor | None = None
        self.untouched = Standing(0, is_revoked=False, ended_at=None)
        self.stamp: Stamp | None = None
        self.first_epoch = 0
        self.next_look = 0.0

    def close(self) -> None:
        """Close the connection, if there is one; the lock is held."""
        if self.connection is not None:
            # A cursor's statement would keep the file open after the connection is closed.
            self.reader = None
            self.connection.close()
            self.connection = None

    def leave(self) -> None:
        """Close the connection for ever, or let the fork do so that has the lock."""
        self.is_left = True
        if self.lock.acquire(blocking=False):
            try:
                self.close()
                _SLOTS.discard(self)
            finally:
                self.lock.release()

    def abandon(self) -> None:
        """Begin anew in a child, without closing what a thread of its parent was using."""
        _ABANDONED.append(self.connection)
        self.connection = self.reader = None
        self.lock = threading.RLock()


class Lease:
    """Keeps a slot for as long as its thread or store lives; the slot itself outlives its closing.

    Attributes:
        slot: The slot.
    """

    __slots__ = ("slot",)

    def __init__(self, timeout: float, *, is_kept: bool = False) -> None:
        self.slot = Slot(timeout, is_kept=is_kept)
        _SLOTS.add(self.slot)

    def __del__(self) -> None:
        self.slot.leave()


class ThreadSlots(threading.local):
    """A slot for each thread that asks.

    Attributes:
        slot: This thread's.
    """

    def __init__(self, timeout: float) -> None:
        """Make this thread's slot."""
        self._lease = Lease(timeout)
        self.slot = self._lease.slot


class _Fork(threading.local):
    """What a thread took before a fork, to be released after it."""

    slots: tuple[Slot, ...] = ()
    is_opening_held = False


_SLOTS: set[Slot] = set()
_ABANDONED: list[sqlite3.Connection | None] = []
_FORK = _Fork()
_opening = threading.RLock()
_fork_waits = False


def let_fork(timeout: float) -> None:
    """Wait for a fork that is about to happen, as a lock alone goes to the thread that had it."""
    if _fork_waits and _opening.acquire(timeout=timeout):
        _opening.release()


@contextlib.contextmanager
def opening() -> Iterator[None]:
    """Let no other thread open a connection, and none fork; a slot that waits here has none."""
    with _opening:
        yield


def before_fork() -> None:
    """Wait until no thread is inside SQLite, no longer than a store may take; close all files."""
    global _fork_waits  # noqa: PLW0603 - of the process
    began = Steady.now()
    patience = max((slot.timeout for slot in tuple(_SLOTS)), default=0.0)
    _FORK.is_opening_held = _opening.acquire(timeout=patience)
    _fork_waits = True
    slots = tuple(_SLOTS)
    _FORK.slots = tuple(slot for slot in slots if _take(slot, slots, began + slot.timeout))
    missed = sum(slot.connection is not None for slot in set(slots) - set(_FORK.slots))
    if missed or not _FORK.is_opening_held:
        _logger.warning(
            "a fork did not wait any longer for threads inside SQLite (%d): the child may hang",
            max(missed, 1),
        )


def _take(slot: Slot, slots: Iterable[Slot], deadline: float) -> bool:
    """Take a slot's lock and close its file, or return False where it has none, or none in time."""
    is_taken = False
    while not is_taken:
        for each in slots:
            each.next_look = 0.0
        is_taken = slot.lock.acquire(timeout=_UNTIL_ANOTHER_TRY)
        if not is_taken and (slot.connection is None or Steady.now() > deadline):
            return False
    if not slot.is_kept:
        slot.close()
    return True


def after_fork_in_parent() -> None:
    """Let all go on."""
    global _fork_waits  # noqa: PLW0603 - as above
    _fork_waits = False
    for slot in _FORK.slots:
        slot.lock.release()
        if slot.is_left:
            slot.leave()
    _FORK.slots = ()
    if _FORK.is_opening_held:
        _opening.release()


def after_fork_in_child() -> None:
    """Let the only thread go on, with new locks in the place of those that nobody will release."""
    global _opening  # noqa: PLW0603 - its holder is not here
    for slot in _SLOTS.difference(_FORK.slots):
        slot.abandon()
        if slot.is_left:
            slot.leave()
    is_opening_held = _FORK.is_opening_held
    after_fork_in_parent()
    if not is_opening_held:
        _opening = threading.RLock()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(
        before=before_fork,
        after_in_parent=after_fork_in_parent,
        after_in_child=after_fork_in_child,
    )
