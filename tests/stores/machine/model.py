"""The contract of docs/sessions.md for one run of the state machine, in plain Python.

It knows what was asked and what was answered, and never looks into a store. Instants are seconds
since the epoch. A store's clock is read before and after each step, so that its instants are spans.
Where the contract leaves something open, both answers are allowed.
"""

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

ACCESS_LIFETIME, REFRESH_LIFETIME, SESSION_LIFETIME = 900, 7200, 18_000
GRACE = 10
# By how much the clock that issued may be ahead of the one that verifies.
CLOCK_SKEW = 5
GRANTED = "read write"
OWN, OTHER = "https://own.example", "https://other.example"
_AN_INSTANT = 0.5

Verdict = Literal["good", "bad", "either"]
Outcome = Literal["advanced", "repeated", "reused", "refused", "scope"]


class Span(NamedTuple):
    """Within which an instant lies."""

    low: float
    high: float


_NEVER = Span(0, 0)


@dataclass(eq=False)
class Successor:
    """A refresh token as its session knows it; `jti` is None until a client hears of it."""

    jti: str | None
    expires: int
    scope: str


@dataclass(eq=False)
class Session:
    """A login and its refresh tokens.

    Attributes:
        state: `lost` is a session that its store has forgotten.
        may_be_lost: Whether the store's clock has passed its expiry.
        spent: The refresh token that was spent last, at `spent_at`.
    """

    sid: str
    subject: str
    end: int
    unspent: Successor
    spent: str | None = None
    spent_at: Span = _NEVER
    state: Literal["alive", "ended", "lost"] = "alive"
    may_be_lost: bool = False


@dataclass(eq=False)
class Token:
    """A token that somebody holds.

    Attributes:
        seen: The latest that the store's clock had been when it was issued.
        is_older: Whether it is older than the store; None where the clocks leave that open.
    """

    text: str = field(repr=False)
    kind: Literal["access", "refresh"]
    issuer: str
    subject: str
    jti: str
    kid: str
    issued: int
    expires: int
    session: Session | None
    seen: float
    is_older: bool | None = False
    is_ended: bool = False


@dataclass
class Model:
    """What was issued, and what has become of it.

    Attributes:
        keeps: For how long the store keeps an expired session, in seconds.
        epoch: When the store began.
        latest: The latest that its clock has ever been.
        kids: The keys that verify.
    """

    keeps: int
    epoch: Span
    latest: float
    kids: set[str]
    tokens: list[Token] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    revoked: dict[tuple[str, str], float] = field(default_factory=dict)
    perhaps_revoked: set[tuple[str, str]] = field(default_factory=set)
    ended: dict[str, Span] = field(default_factory=dict)

    def judge(self, token: Token, now: int) -> Verdict:
        """Decide what becomes of a request with a token, by the clock of the worker."""
        if token.kind == "refresh" or not self._verifies(token, now):
            return "bad"
        name = token.issuer, token.jti
        # It is kept until the token that was revoked has expired; another may have its name.
        if token.expires <= self.revoked.get(name, 0):
            return "bad"
        verdict = self._judge_foreign(token) if token.issuer == OTHER else _judge_own(token)
        is_open = name in self.perhaps_revoked or name in self.revoked
        return "either" if is_open and verdict == "good" else verdict

    def expect(self, token: Token, scope: str | None, now: int, at: Span) -> set[Outcome]:
        """List what may become of a refresh token that is presented."""
        session = token.session
        if token.kind == "access" or session is None or not self._verifies(token, now):
            return {"refused"}
        if scope is not None and not set(scope.split()) <= set(GRANTED.split()):
            return {"scope"}
        if session.state != "alive":
            return {"refused"}
        outcomes: set[Outcome] = {"reused"}
        if token.jti == session.unspent.jti:
            outcomes = {"advanced"}
        elif token.jti == session.spent:
            outcomes = _within_grace(session.spent_at, at)
        return outcomes | {"refused"} if session.may_be_lost else outcomes

    def refresh(
        self, token: Token, outcome: Outcome, scope: str | None, *, now: int, at: Span
    ) -> None:
        """Note what became of it."""
        session = token.session
        if session is None or session.state != "alive":
            return
        if outcome == "reused":
            session.state = "ended"
        elif outcome == "advanced":
            session.spent, session.spent_at = token.jti, at
            expires = min(now + REFRESH_LIFETIME, session.end)
            session.unspent = Successor(None, expires, GRANTED if scope is None else scope)
            session.may_be_lost = False
        elif outcome == "refused" and session.may_be_lost and self._verifies(token, now):
            session.state = "lost"

    def revoke(self, token: Token, now: int) -> None:
        """Note that an access token was revoked by a worker, unless it has expired there."""
        if now < token.expires:
            self.revoke_id(token, token.expires)
        else:
            self.perhaps_revoked.add((token.issuer, token.jti))

    def revoke_id(self, token: Token, until: float = math.inf) -> None:
        """Note that whatever has the name of a token was revoked, and until when."""
        name = token.issuer, token.jti
        self.revoked[name] = max(until, self.revoked.get(name, 0))

    def end(self, session: Session) -> None:
        """End a session, which cannot be ended for sure where the store may have forgotten it."""
        if session.state == "alive":
            session.state = "lost" if session.may_be_lost else "ended"

    def end_all(self, issuer: str, subject: str, at: Span) -> None:
        """End all of a subject up to now."""
        if issuer == OTHER:
            self.ended[subject] = Span(at.low, self.latest + _AN_INSTANT)
            return
        for session in self.sessions:
            # What the store has forgotten is ended by the instant of its tokens all the same.
            if session.subject == subject and session.state == "alive":
                session.state = "ended"
        for token in self.tokens:
            if (token.issuer, token.subject, token.is_older) == (OWN, subject, False):
                token.is_ended = True

    def listed(self, subject: str, at: Span) -> tuple[set[str], set[str]]:
        """List the sessions that must be listed of a subject, and those that may be."""
        must, may = set(), set()
        for session in self.sessions:
            expires = session.unspent.expires
            if session.subject == subject and session.state == "alive" and expires > at.low:
                may.add(session.sid)
                if expires > at.high and not session.may_be_lost:
                    must.add(session.sid)
        return must, may

    def living_last(self) -> list[Session]:
        """List all sessions, those that have ended first."""
        return sorted(self.sessions, key=lambda session: session.state == "alive")

    def see(self, at: Span) -> None:
        """Note how late it is by the store's clock, when it may have given an instant."""
        self.latest = max(self.latest, at.high)
        self.expire(at)

    def expire(self, at: Span) -> None:
        """Note which sessions the store may drop when it is so late."""
        for session in self.sessions:
            if at.high >= session.unspent.expires + self.keeps:
                session.may_be_lost = True

    def replace(self, at: Span) -> None:
        """Begin with a new store, which knows nothing; by its clock it may be an earlier one."""
        self.epoch = Span(at.low, at.high + _AN_INSTANT)
        self.revoked.clear()
        self.perhaps_revoked.clear()
        self.ended.clear()
        for session in self.sessions:
            session.state = "lost"
        for token in self.tokens:
            token.is_ended = False
            token.is_older = True if token.seen + _AN_INSTANT < at.low else None
        self.latest = at.high

    def has_key(self, token: Token) -> bool:
        """Return whether the key of a token still verifies."""
        return token.issuer == OTHER or token.kid in self.kids

    def _verifies(self, token: Token, now: int) -> bool:
        return self.has_key(token) and token.issued - CLOCK_SKEW <= now < token.expires

    def _judge_foreign(self, token: Token) -> Verdict:
        # Only `iat` holds when a foreign token was issued.
        bounds = [self.epoch]
        if token.subject in self.ended:
            bounds.append(self.ended[token.subject])
        if any(token.issued <= bound.low for bound in bounds):
            return "bad"
        return "good" if all(token.issued > bound.high for bound in bounds) else "either"


def _judge_own(token: Token) -> Verdict:
    state = "alive" if token.session is None else token.session.state
    if token.is_ended or token.is_older or state == "ended":
        return "bad"
    return "either" if state == "lost" or token.is_older is None else "good"


def since(then: Span, at: Span) -> Span:
    """Return how long ago something was at least and at most; 0 where a clock was set back."""
    return Span(max(0.0, at.low - then.high), max(0.0, at.high - then.low))


def _within_grace(spent: Span, at: Span) -> set[Outcome]:
    """Compare the grace with the time since a token was spent, forth or back."""
    outcomes: set[Outcome] = set()
    shortest = max(0.0, at.low - spent.high, spent.low - at.high)
    longest = max(at.high - spent.low, spent.high - at.low)
    if shortest < GRACE:
        outcomes.add("repeated")
    if longest >= GRACE:
        outcomes.add("reused")
    return outcomes
