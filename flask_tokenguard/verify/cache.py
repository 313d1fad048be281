"""The cache of verified tokens, so that a token that comes again is not verified from scratch.

Only successes are cached; a miss means full verification. The key of an entry is the SHA-256 of the
exact token. An app cannot choose it, since a key that two tokens share gives one caller another's
claims (CVE-2026-35039).

No lock is taken: each step is one operation of a dict, which the interpreter makes atomic, with the
GIL or without it. Two threads at once may drop a token too many, which costs a verification. A fork
copies what stands there, and nothing that could be held.
"""

import marshal
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from ..clock import Clock, Steady, wall_clock
from ..jose import strict_json
from ..jose.compact import Header
from ..jose.jwk import Key
from .claims import RevocationKey, VerifiedToken
from .trusted import TrustedIssuer
from .validators import Period

LONGEST_TOKEN = 4096
_MOST_NAMES = 256


@dataclass(slots=True, eq=False, repr=False)
class Entry:
    """A verified token; never changed, since threads share it.

    Attributes:
        names: The names of the claims; None where `encoded` is JSON.
        encoded: The values of the claims, as marshal writes them; or all claims in JSON.
        header: The protected header.
        trusted: The issuer.
        key: The key that verified the signature.
        period: When the rules of time are kept.
        until: When it is dropped, in seconds of a steady clock.
        revocation_key: What a store is asked, if one is.
    """

    names: tuple[str, ...] | None
    encoded: bytes
    header: Header
    trusted: TrustedIssuer
    key: Key
    period: Period
    until: float
    revocation_key: RevocationKey | None


def digest_of(token: str) -> bytes | None:
    """Return the key of a token's entry; None for a token that is too long or not ASCII."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    return sha256(token.encode()).digest()


class VerifiedCache:
    """The tokens that were verified last, bounded in number and in life.

    There are two generations. What is asked for again moves to the young one; for a new token, one
    of the old goes, the newest first. So a flood of tokens that come once drives out itself.

    Attributes:
        hits: How many tokens were found. A few are lost where threads run in parallel.
        misses: How many good tokens were verified anew; of bad ones none is counted.
    """

    def __init__(
        self,
        size: int,
        lifetime: float,
        *,
        clock: Clock = wall_clock,
        monotonic: Clock = Steady.now,
    ) -> None:
        """Set the bounds.

        Args:
            size: How many tokens are kept, at least one.
            lifetime: For how long, in seconds; then a token is verified anew.
            clock: Seconds since the epoch, UTC.
            monotonic: Seconds, for the life of an entry.
        """
        self._size = size
        self._lifetime = lifetime
        self._clock = clock
        self._monotonic = monotonic
        # Both in one tuple, so that they are exchanged at once.
        self._generations: tuple[dict[bytes, Entry], ...] = ({}, {})
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.hits = self.misses = 0

    def __len__(self) -> int:
        return sum(map(len, self._generations))

    def find(self, digest: bytes) -> Entry | None:
        """Find a token whose time has come and has not passed."""
        young, old = self._generations
        entry = young.get(digest)
        if entry is None:
            entry = old.pop(digest, None)
            if entry is None:
                return None
            self._put(digest, entry)
        period = entry.period
        if period.begins <= self._clock() < period.ends and self._monotonic() < entry.until:
            return entry
        self._generations[0].pop(digest, None)
        return None

    def read(self, digest: bytes, entry: Entry) -> VerifiedToken:
        """Make a token of an entry, with claims that no other request shares.

        A token may never come again, so its claims stay in JSON until it does. From then on they
        are values written by marshal: read faster, and half as large as objects.
        """
        self.hits += 1
        read_claims = entry.trusted.read_claims
        if entry.names is None:
            payload = strict_json.parse_object(entry.encoded)
            self._put(digest, self._with_values(entry, payload))
            claims = read_claims(payload)
        else:
            values = marshal.loads(entry.encoded)  # noqa: S302 - written by `_with_values` alone
            claims = read_claims(zip(entry.names, values))  # noqa: B905 - it costs a third
        return VerifiedToken(entry.header, claims, entry.trusted.traits, entry.revocation_key)

    def keep(
        self,
        digest: bytes,
        token: VerifiedToken,
        *,
        payload: bytes,
        trusted: TrustedIssuer,
        key: Key,
        period: Period,
    ) -> None:
        """Keep a token that was verified.

        Args:
            digest: The token's.
            token: The token.
            payload: Its claims, in JSON.
            trusted: Its issuer.
            key: The key that verified it.
            period: When the rules of time are kept.
        """
        self.misses += 1
        until = self._monotonic() + self._lifetime
        entry = Entry(
            None, payload, token.protected, trusted, key, period, until, token.revocation_key
        )
        self._put(digest, entry)

    def _with_values(self, entry: Entry, claims: dict[str, Any]) -> Entry:
        names = tuple(claims)
        if len(self._names) >= _MOST_NAMES:
            self._names = {}
        # The tokens of one kind share the names of their claims.
        names = self._names.setdefault(names, names)
        return replace(entry, names=names, encoded=marshal.dumps(tuple(claims.values())))

    def _put(self, digest: bytes, entry: Entry) -> None:
        """Put in an entry, and drop another one if need be."""
        young, old = self._generations
        if len(young) >= self._size:
            young, old = self._generations = {}, young
        young[digest] = entry
        while len(young) + len(old) > self._size:
            try:
                (old or young).popitem()
            except KeyError:  # another thread was quicker
                continue
