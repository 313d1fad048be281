"""The store for many machines: Redis or Valkey, as one server, behind sentinels, or as a cluster.

`standing` is one round trip; every other step is a script that the server runs as a whole. What
expires is dropped by the server itself. See `scripts` for where everything is kept.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from ...errors import ConfigurationError, Reason, Unavailable
from ...per_process import PerProcess
from ..base import Advance, OnProgress, RefreshState, Standing, StoredSession
from ..waiting import time_left
from . import address, replies, scripts
from .scripts import Argument, Script, tags

# Longer than an instant lasts, in seconds.
_AFTER_THE_EPOCH = 0.002
Result = TypeVar("Result")


class RedisStore:
    """A `Store` in Redis or Valkey; it connects when it is first used."""

    def __init__(
        self,
        uri: str,
        *,
        prefix: str = "tokenguard:",
        timeout: float = 1.0,
        folder: Path | None = None,
    ) -> None:
        """Read the URI.

        Args:
            uri: As `address` has it.
            prefix: What every key begins with.
            timeout: How long an operation may take, look-up of the server's name and connection
                included, in seconds.
            folder: Where the relative name of a file starts; default the working directory.

        Raises:
            ConfigurationError: The URI is malformed, or redis-py is not installed.
        """
        self._address = address.parse(uri, folder or Path())
        self._tags = tags(prefix)
        self._timeout = timeout
        self._redis = _import_link()
        self._redis.prepare(self._address)
        # Kept even if it cannot be used, so that no other thread waits as long to find out.
        self._opened = PerProcess(partial(_Opened, self._redis, self._address, timeout))

    def standing(self, jti: bytes, session: bytes | None, subject: bytes) -> Standing:
        """Read the epoch and what revokes a token, in one trip.

        A token that was revoked without its subject is found under its own tag, whose epoch counts
        as well.
        """
        here, there = self._tags[subject[0]], self._tags[jti[0]]
        keys = [here.epoch, here.ended + subject, here.revoked + jti]
        if session is not None:
            keys.append(here.revoked + session)
        others = (there.epoch, there.revoked + jti)
        try:
            link = self._begin()
            found = link.read(keys, others)
            if found[0] is None or found[-2] is None:
                self._set_epochs(link)
                found = link.read(keys, others)
            epoch, ended_at, *revoked, other_epoch, other_revoked = found
            if epoch is None or other_epoch is None:
                raise Unavailable(reason=Reason.STORE_UNAVAILABLE)
            by_jti = other_revoked is not None or revoked[0] is not None
            return Standing(
                max(replies.number(epoch), replies.number(other_epoch)),
                by_jti or revoked[-1] is not None,
                None if ended_at is None else replies.number(ended_at),
                by_session=not by_jti and revoked[-1] is not None,
            )
        except self._redis.FAULTS as error:
            raise self._unavailable(error) from None

    def next_instant(self, subject: bytes) -> int:
        """Return an instant after all that has ended tokens of this subject."""
        keys = self._tags[subject[0]].of_subject(subject)
        return self._run_after_epoch(scripts.NEXT_INSTANT, keys, (), replies.instant)

    def revoke(self, jti: bytes, *, subject: bytes | None, expires: int) -> None:
        """Revoke a token, under its subject's tag if the subject is known."""
        tag = self._tags[jti[0] if subject is None else subject[0]]
        self._run(scripts.REVOKE, (tag.revoked + jti,), (expires,), replies.done)

    def end_subject(self, subject: bytes, *, expires: int) -> None:
        """End all sessions of a subject by name, and its tokens up to the highest instant given."""
        tag = self._tags[subject[0]]
        args = (expires, tag.session, tag.revoked)
        self._run(scripts.END_SUBJECT, tag.of_subject(subject), args, replies.done)

    def start_session(
        self,
        session: bytes,
        subject: bytes,
        first: RefreshState,
        *,
        access_expires: int,
        origin: str,
    ) -> int:
        """Write a session's hash, which expires with its refresh token."""
        keys = self._tags[subject[0]].of_session(subject, session)
        args = (session, subject, *first, access_expires, origin)
        return self._run_after_epoch(scripts.START_SESSION, keys, args, replies.instant)

    def advance(
        self,
        session: bytes,
        subject: bytes,
        presented: bytes,
        successor: RefreshState,
        *,
        grace: int,
        access_expires: int,
        origin: str,
        begins_until: int | None = None,
    ) -> Advance:
        """Compare what was presented with what is unspent, and move on in the same script."""
        tag = self._tags[subject[0]]
        keys = (*tag.of_session(subject, session), tag.revoked + presented)
        begins = () if begins_until is None else (begins_until, subject)
        args = (session, presented, *successor, grace, access_expires, origin, *begins)
        return self._run_after_epoch(scripts.ADVANCE, keys, args, replies.advance)

    def end_session(self, session: bytes, *, subject: bytes | None) -> bool:
        """Drop a session's hash, and revoke its access tokens."""
        tag = self._tags[session[0]]
        # Its index is named by its subject, which only the script finds out.
        keys = tag.of_session(b"", session)
        args = (session, subject or b"", tag.sessions)
        return self._run(scripts.END_SESSION, keys, args, replies.flag)

    def sessions_of(self, subject: bytes) -> Sequence[StoredSession]:
        """List those whose refresh token has not expired, the newest first."""
        tag = self._tags[subject[0]]
        keys, args = (tag.sessions + subject,), (tag.session,)
        found = self._run(scripts.SESSIONS_OF, keys, args, replies.sessions)
        return sorted(found, key=lambda each: each.started, reverse=True)

    def prune(self, on_progress: OnProgress) -> int:  # noqa: ARG002 - nothing takes long
        """Drop nothing: the server drops what expires."""
        return 0

    def risks(self) -> Sequence[str]:
        """Ask the servers whether they evict keys, and whether they survive a restart."""
        try:
            found: list[str] = self._redis.find_risks(self._begin())
        except self._redis.FAULTS as error:
            raise self._unavailable(error) from None
        return found

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._address}>"

    def _unavailable(self, error: Exception) -> Unavailable:
        if isinstance(error, replies.Garbled):
            # What else comes on its connections may be a reply to something else.
            self._opened.forget()
        unavailable: Unavailable = self._redis.unavailable(error, self._address)
        return unavailable

    def _run(
        self,
        script: Script,
        keys: Sequence[bytes],
        args: Sequence[Argument],
        read: Callable[[Any], Result],
    ) -> Result:
        try:
            return read(self._begin().run(script, keys, args))
        except self._redis.FAULTS as error:
            raise self._unavailable(error) from None

    def _run_after_epoch(
        self,
        script: Script,
        keys: Sequence[bytes],
        args: Sequence[Argument],
        read: Callable[[Any], Result],
    ) -> Result:
        """Run a script that gives nothing where there is no epoch."""
        try:
            link = self._begin()
            reply = link.run(script, keys, args)
            if reply is None:
                self._set_epochs(link)
                reply = link.run(script, keys, args)
            if reply is None:
                raise Unavailable(reason=Reason.STORE_UNAVAILABLE)
            return read(reply)
        except self._redis.FAULTS as error:
            raise self._unavailable(error) from None

    def _begin(self) -> Any:
        """Begin an operation, and return the link for it."""
        self._redis.begin(self._timeout)
        opened = self._opened.get()
        if not opened.has_epochs:
            self._prepare(opened)
        return opened.link

    def _prepare(self, opened: "_Opened") -> None:
        # One thread is enough: of many that come first, all would wait for the work of each.
        if not opened.preparing.acquire(timeout=time_left()):
            raise TimeoutError
        try:
            if opened.has_epochs:
                return
            self._set_epochs(opened.link)
            opened.has_epochs = True
        finally:
            opened.preparing.release()
        # A server that takes no writes at the moment is read from all the same.
        with suppress(*self._redis.FAULTS):
            opened.link.renew([tag.epoch for tag in self._tags], scripts.EPOCH_KEPT)

    def _set_epochs(self, link: Any) -> None:
        if link.set_epochs(scripts.EPOCHS, [tag.epoch for tag in self._tags]):
            # A token of this very instant would pass for one from before the epoch.
            time.sleep(_AFTER_THE_EPOCH)


class _Opened:
    """The link of one process, and whether the server is known to have the epochs."""

    __slots__ = ("has_epochs", "link", "preparing")

    def __init__(self, redis: ModuleType, address: address.RedisAddress, timeout: float) -> None:
        self.link: Any = redis.open_link(address, timeout)
        self.has_epochs = False
        self.preparing = threading.RLock()


def _import_link() -> ModuleType:
    try:
        from . import link  # noqa: PLC0415 - optional, imported when first used
    except ImportError:
        raise ConfigurationError(
            "TOKENGUARD_STORAGE_URI needs redis-py 8: pip install 'flask-tokenguard[redis]'"
        ) from None
    return link
