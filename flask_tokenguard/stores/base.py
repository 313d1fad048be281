"""Store: remember what was revoked, and which refresh token of a session is unspent.

A store performs a few atomic operations and returns what happened; what that means is decided in
`revocation` and `refresh`. Ids are 16 octets. An `instant` is in milliseconds since the epoch by
the store's own clock; an `expires` is in seconds, as in tokens.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

# What has expired is kept for another day, so that a clock that jumps brings nothing back.
KEPT_AFTER_EXPIRY = 86_400
# How far an epoch or an end may lie ahead, in milliseconds, and to what it is lowered beyond that.
# A token goes by an instant within an hour of its `iat`: what a clock wrote that was further ahead
# must not refuse what is issued once it is right. Between the two lies what is issued after it.
MOST_AHEAD = 3_595_000
LOWERED_TO = 3_590_000

Outcome = Literal["advanced", "repeated", "reused", "ended"]
OnProgress = Callable[[int, int], None]


class Standing(NamedTuple):
    """What a store knows of one token.

    Attributes:
        epoch: The instant of the store's first use; what came before it is forgotten.
        is_revoked: Whether one of the token's ids was revoked.
        ended_at: The instant up to which all tokens of its subject are ended, or None.
        by_session: Whether it was revoked by the id of its session alone.
    """

    epoch: int
    is_revoked: bool
    ended_at: int | None
    by_session: bool = False


class RefreshState(NamedTuple):
    """What a store keeps of a refresh token; never the token.

    Attributes:
        jti: Its id.
        expires: Its `exp`.
        scope: What the access token beside it allows; empty for nothing.
    """

    jti: bytes
    expires: int
    scope: str


class Successor(NamedTuple):
    """What had taken the place of a refresh token that was reused.

    Attributes:
        age: In milliseconds, by the store's clock. A successor that was used is at least so old:
            it is the time since the session's last token was spent.
        is_used: Whether the successor was spent in its turn.
    """

    age: int
    is_used: bool

    @classmethod
    def of(
        cls, presented: bytes, *, spent: bytes | None, spent_at: int | None, now: int
    ) -> "Successor | None":
        """Describe what took the place of a token, or None where no token was spent.

        Args:
            presented: The token's id.
            spent: The id of the token that its session spent last.
            spent_at: When that was, in milliseconds.
            now: The same clock now.
        """
        if spent_at is None:
            return None
        return cls(max(0, now - spent_at), is_used=presented != spent)


class Advance(NamedTuple):
    """What became of a refresh token that was presented.

    Attributes:
        outcome: `advanced`: the successor is the session's only unspent token. `repeated`: within
            the grace period, `unspent` is the successor that an earlier presentation got.
            `reused`: the token was spent before; the session has ended. `ended`: the session had.
        unspent: The session's unspent refresh token, or None where there is no session.
        instant: For the access token beside it, as `Store.next_instant` gives it.
        successor: That of a token that was reused, or None where no token of its session was ever
            spent, as after a failover that lost it.
    """

    outcome: Outcome
    unspent: RefreshState | None
    instant: int
    successor: Successor | None = None


class StoredSession(NamedTuple):
    """A session that has not ended.

    Attributes:
        session: Its id.
        started, last_used: Instants.
        expires: The `exp` of its unspent refresh token.
        origin: From where it was used last, in the app's words.
    """

    session: bytes
    started: int
    last_used: int
    expires: int
    origin: str


class Store(Protocol):
    """Where revocations and sessions are kept; safe to use from several threads and after a fork.

    Every operation raises `Unavailable` where it cannot be performed or its outcome is not known.
    A session's id begins with the first octet of its subject's id, so that a store that is spread
    over machines can keep both in one place.
    """

    def standing(self, jti: bytes, session: bytes | None, subject: bytes) -> Standing:
        """Return the epoch and what revokes a token, in one trip."""
        ...

    def next_instant(self, subject: bytes) -> int:
        """Return an instant for a token that is issued now.

        It lies after the epoch, and after all that has ended tokens of this subject.
        """
        ...

    def revoke(self, jti: bytes, *, subject: bytes | None, expires: int) -> None:
        """Revoke a token; `expires` is from when on nobody accepts it anyway."""
        ...

    def end_subject(self, subject: bytes, *, expires: int) -> None:
        """End every session of a subject, and every token issued to it up to now.

        The tokens of its sessions are revoked by the sessions' ids, whatever the clock. Others are
        ended by an instant that lies at most `MOST_AHEAD` after now.

        Args:
            subject: The subject's id.
            expires: When the last of those tokens has expired.
        """
        ...

    def start_session(
        self,
        session: bytes,
        subject: bytes,
        first: RefreshState,
        *,
        access_expires: int,
        origin: str,
    ) -> int:
        """Begin a session with its first refresh token; return as `next_instant` does.

        Args:
            session: The session's id.
            subject: The subject's id.
            first: The refresh token.
            access_expires: The `exp` of the access token beside it.
            origin: From where, in the app's words.
        """
        ...

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
        """Spend a refresh token, atomically, or end the session if it was spent before.

        Asked again with the same successor, it advances no further: a caller that the
        outcome did not reach may try again.

        Args:
            session: The session's id.
            subject: The subject's id.
            presented: The id of the token that was presented.
            successor: What takes its place.
            grace: For how long after a token was spent it gets the same successor, in milliseconds
                by the store's clock. It counts from the instant when the store spent the token,
                however long the request had waited for that.
            access_expires: The `exp` of the access token that is issued beside it.
            origin: From where, in the app's words; empty keeps the former.
            begins_until: The `exp` of a token that another program issued; None for ours. Where
                `presented` was never seen, the session begins with it, and it is spent at once.
                `presented` counts as revoked from then on until its `exp`, so that it begins no
                second session; where it was revoked before, it begins none, as if it had ended.
        """
        ...

    def end_session(self, session: bytes, *, subject: bytes | None) -> bool:
        """End a session, and its access tokens with it.

        Args:
            session: The session's id.
            subject: Whose it must be, unless None.

        Returns:
            Whether there was such a session.
        """
        ...

    def sessions_of(self, subject: bytes) -> Sequence[StoredSession]:
        """List a subject's sessions."""
        ...

    def prune(self, on_progress: OnProgress) -> int:
        """Drop all that expired long enough ago; return how many entries went.

        Args:
            on_progress: Called with the steps done and their number.
        """
        ...

    def risks(self) -> Sequence[str]:
        """List what endangers the data where they are kept, a sentence each."""
        ...
