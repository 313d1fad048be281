"""What was verified a moment ago, so that a token that comes again is not verified from scratch.

It only ever says yes. A token that is not here, or no longer, is verified anew, and that decides.
The key of an entry is the SHA-256 of the exact token; an app cannot choose it, since a key that two
tokens share gives one caller another's claims (CVE-2026-35039).

No lock is taken: each step is one operation of a dict, which the interpreter makes atomic, with the
GIL or without it. Two threads at once may forget a token too many, which costs a verification; a
fork copies whatever stands there, and nothing that could be held.
"""

import marshal
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Generic, TypeAlias, TypeVar

from ..jose.compact import Header
from ..jose.jwk import Key
from .claims import RevocationKey

LONGEST_TOKEN = 4096
_MOST_ORIGINS = 256

Clock: TypeAlias = Callable[[], float]
IssuerT = TypeVar("IssuerT")

# What the tokens of one key that say the same kind of things have in common: the names of their
# claims, their header, who was believed, and the key that verified. Without names, the claims are
# written as they came, in JSON; a token may never come again, so the work is left for when it does.
Origin: TypeAlias = tuple[tuple[str, ...] | None, Header, IssuerT, Key]
# A verified token: its claims or their values; the rest of it; from when and until when it is good,
# in seconds since the epoch; when it is forgotten, in seconds of a steady clock; for revocation.
# Plain tuples, for they are made and taken apart at every request.
Entry: TypeAlias = tuple[bytes, Origin[IssuerT], float, float, float, RevocationKey | None]

# Values written by marshal are half as large as they are as objects, and fresh for every reader,
# nested ones too. Nothing is read here but what was written here.
read_values: Callable[[bytes], tuple[Any, ...]] = marshal.loads


class VerifiedCache(Generic[IssuerT]):
    """The tokens that were verified last, bounded in number and in life.

    There are two generations. What is asked for again moves to the young one; for a new token, one
    of the old goes, the newest first. So a flood of tokens that come once drives out itself.
    """

    def __init__(
        self,
        size: int,
        lifetime: float,
        *,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        """Take the bounds.

        Args:
            size: How many tokens are remembered, at least one.
            lifetime: For how long, in seconds; then a token is verified anew.
            clock: Seconds since the epoch, UTC.
            monotonic: Seconds, for the life of an entry.
        """
        self._size = size
        self._lifetime = lifetime
        self._clock = clock
        self._monotonic = monotonic
        # Both in one tuple, so that they are exchanged at once.
        self._generations: tuple[dict[bytes, Entry[IssuerT]], ...] = ({}, {})
        self._origins: dict[object, Origin[IssuerT]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._generations))

    def find(self, token: str) -> tuple[bytes | None, Entry[IssuerT] | None]:
        """Find a token whose time has come and has not passed.

        Returns:
            What it is known by, None for what is too long or not ASCII; and its entry, or None.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            return None, None
        name = sha256(token.encode()).digest()
        young, old = self._generations
        entry = young.get(name)
        if entry is None:
            entry = old.pop(name, None)
            if entry is None:
                return name, None
            self._put(name, entry)
        _, _, begins, ends, until, _ = entry
        if begins <= self._clock() < ends and self._monotonic() < until:
            return name, entry
        self._generations[0].pop(name, None)
        return name, None

    def keep(
        self,
        name: bytes,
        payload: bytes,
        origin: Origin[IssuerT],
        period: tuple[float, float],
        revocation_key: RevocationKey | None,
    ) -> None:
        """Remember a token that was verified.

        Args:
            name: What `find` gave.
            payload: What it says, in JSON.
            origin: No names, its protected header, who was believed, and the key that verified it.
            period: From when until when it is good, in seconds since the epoch.
            revocation_key: What a store is asked about it, if one is.
        """
        begins, ends = period
        until = self._monotonic() + self._lifetime
        self._put(name, (payload, origin, begins, ends, until, revocation_key))

    def rewrite(self, name: bytes, entry: Entry[IssuerT], claims: dict[str, Any]) -> None:
        """Write down the claims of a token that came again, so that they are read faster."""
        _, (_, header, trusted, key), begins, ends, until, revocation_key = entry
        names = tuple(claims)
        shape = names, trusted, key
        shared = self._origins.get(shape)
        # Equal headers of one key are the same object, for as long as the parser remembers them.
        if shared is None or shared[1] is not header:
            if len(self._origins) >= _MOST_ORIGINS:
                self._origins = {}
            shared = self._origins[shape] = (names, header, trusted, key)
        written = marshal.dumps(tuple(claims.values()))
        # Floats are compared with the time three times as fast as ints.
        self._put(name, (written, shared, float(begins), float(ends), until, revocation_key))

    def _put(self, name: bytes, entry: Entry[IssuerT]) -> None:
        """Take an entry in, and forget another one if need be."""
        young, old = self._generations
        if len(young) >= self._size:
            young, old = self._generations = {}, young
        young[name] = entry
        while len(young) + len(old) > self._size:
            try:
                (old or young).popitem()
            except KeyError:  # another thread was quicker
                continue
