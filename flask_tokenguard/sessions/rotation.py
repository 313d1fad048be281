"""Sessions: start one, rotate its refresh token, and end it when one comes twice (RFC 9700 4.14).

A refresh token is one of our own with the type `rt+jwt`, which can never pass as an access token.
The store keeps which one of a session is unspent. Without rotation, a refresh token takes its own
place there at each use.
"""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from ..clock import Clock
from ..errors import (
    InvalidGrant,
    InvalidToken,
    IssueError,
    Reason,
    RefreshReused,
    Unavailable,
)
from ..issue import ids
from ..issue.issuer import check_subject
from ..issue.options import IssueOptions, scope_text
from ..jose.compact import numeric_date
from ..stores.base import Advance, RefreshState, Store
from ..verify.claims import Claims, VerifiedToken
from ..verify.verifier import TokenVerifier
from .listed import Session
from .pairs import Pair, PairIssuer, Plan

if TYPE_CHECKING:
    from .former import FormerSessions

_LONGEST_ORIGIN = 200


class Sessions:
    """The sessions of one app's subjects.

    Attributes:
        former: Reads the refresh tokens of another program; None where there are none.
    """

    def __init__(
        self,
        store: Store,
        *,
        pairs: PairIssuer,
        verifier: TokenVerifier,
        issuer: str | None,
        rotates: bool = True,
        former: "FormerSessions | None" = None,
        grace: timedelta,
        leeway: timedelta,
        clock: Clock,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Set up the sessions of one app.

        Args:
            store: Keeps which refresh token is unspent.
            pairs: Issues the tokens.
            verifier: Verifies refresh tokens.
            issuer: The `iss` of both.
            rotates: Whether a refresh token is spent by its use.
            former: Reads the refresh tokens of another program, unless there are none.
            grace: For how long a spent refresh token gets the same successor once more.
            leeway: For how long expired access tokens are accepted.
            clock: Seconds since the epoch, UTC.
            on_end: Called after a session was ended, or may have been.
        """
        self._store = store
        self._on_end = on_end
        self._pairs = pairs
        self._verifier = verifier
        self._issuer = issuer
        self._rotates = rotates
        self.former = former
        self._grace = int(grace.total_seconds() * 1000)
        # Half of the grace, so that the way there and a store that is slow have the other half.
        self._retry_within = max(1, int(grace.total_seconds() / 2))
        self._leeway = int(leeway.total_seconds())
        self._clock = clock

    def start(
        self,
        subject: str,
        *,
        defaults: Mapping[str, Any],
        origin: str = "",
        **options: Unpack[IssueOptions],
    ) -> Pair:
        """Begin a session, at a login.

        Args:
            subject: Who logs in.
            defaults: Claims that give way to those of the options, and are not kept.
            origin: From where; of a long text, the first 200 characters.
            options: Those of the access token; its claims, audience and header are those of each
                that follows it too. `auth_time` is now by default.

        Raises:
            IssueError: A token cannot be issued.
            TypeError: There is no such option.
            Unavailable: The store cannot be reached.
        """
        check_subject(subject)
        owner = ids.subject_id(self._issuer, subject)
        session = ids.new_session(owner)
        now = int(self._clock())
        login = self._pairs.login(subject, session, options, now)
        plan = self._pairs.plan(
            login,
            login.get("scope", ""),
            now,
            defaults=defaults,
            lifetime=options.get("lifetime"),
        )
        instant = self._store.start_session(
            session,
            owner,
            plan.successor,
            access_expires=plan.access_expires + self._leeway,
            origin=_cut(origin),
        )
        return self._pairs.respond(plan, plan.successor, instant)

    def verify(
        self, token: str, *, scope: str | None = None, client_id: str | None = None
    ) -> "VerifiedRefreshToken":
        """Verify a refresh token of any content; whether it was spent is not asked yet.

        Args:
            token: Of any content.
            scope: Of the access token: some of what was granted; None for all of it.
            client_id: The client that presents it, if it names itself; then it must be the one
                that the token names, if it names one.

        Raises:
            InvalidGrant: It is bad, or another client's, or more than the granted scope is asked
                for (RFC 6749 section 5.2).
            Unavailable: An issuer's keys could not be had.
        """
        verified = None
        try:
            verified = self._verifier.verify(token)
            is_former = verified.issuer.is_former
            if is_former and self.former is not None:
                verified = self.former.adopt(verified)
            claims = verified.claims
            end = numeric_date(claims, "session_exp")
            if "auth_time" in claims:
                numeric_date(claims, "auth_time")
        except InvalidToken as error:
            if verified is not None:
                verified.attach_to(error)
            raise InvalidGrant.of(error) from None
        session, jti = ids.from_text(claims.get("sid")), ids.from_text(claims["jti"])
        is_whole = isinstance(end, int) and isinstance(claims.get("access", {}), dict)
        if session is None or jti is None or not is_whole:
            raise verified.attach_to(InvalidGrant(reason=Reason.MALFORMED_CLAIM))
        if client_id is not None and claims.get("client_id", client_id) != client_id:
            other = "The refresh token was issued to another client"
            raise verified.attach_to(InvalidGrant(other, reason=Reason.WRONG_CLAIM))
        narrowed = str(claims.get("scope", "")) if scope is None else _narrow(scope, verified)
        expires = math.ceil(claims["exp"])
        begins_until = expires if is_former else None
        return VerifiedRefreshToken(verified, claims, session, jti, expires, narrowed, begins_until)

    def rotate(
        self,
        presented: "VerifiedRefreshToken",
        *,
        defaults: Mapping[str, Any],
        claims: Mapping[str, Any] | None = None,
        origin: str = "",
        check: Callable[[Plan], None] | None = None,
    ) -> Pair:
        """Spend a refresh token, and issue its successor with an access token.

        Without rotation it is not spent, and the access token comes alone.

        Args:
            presented: The refresh token.
            defaults: Claims that give way to the others.
            claims: The app's own claims, in place of those of the login.
            origin: From where.
            check: Called with what is about to be issued, before anything is spent; it may raise.

        Raises:
            InvalidGrant: The session has ended.
            RefreshReused: The token was spent before; the session has ended with its access tokens.
            IssueError: A token cannot be issued; nothing was spent.
            Unavailable: The store cannot be reached, or its answer was lost: the token may be
                spent, and the client should try again within the grace.
        """
        login, origin = presented.claims, _cut(origin)
        owner = ids.subject_id(self._issuer, login["sub"])
        plan = self._pairs.plan(
            login,
            presented.scope,
            int(self._clock()),
            defaults=defaults,
            claims=claims,
            is_parsed=True,
        )
        if check is not None:
            check(plan)
        # Without rotation, a token takes its own place.
        successor = plan.successor if self._rotates else presented.state
        may_have_ended = True
        try:
            advance = self._store.advance(
                presented.session,
                owner,
                presented.jti,
                successor,
                grace=self._grace,
                access_expires=plan.access_expires + self._leeway,
                origin=origin,
                begins_until=presented.begins_until,
            )
            if presented.begins_until is not None:
                self._check_not_ended(presented, owner)
            may_have_ended = advance.outcome == "reused"
        except Unavailable as error:
            # The token may be spent all the same.
            error.retry_after = min(error.retry_after, self._retry_within)
            raise
        finally:
            if may_have_ended:
                self._on_end()
        if advance.outcome == "reused" or advance.unspent is None:
            raise _refusal(login, advance)
        return self._pairs.respond(
            plan, advance.unspent, advance.instant, is_known=advance.unspent.jti == presented.jti
        )

    def _check_not_ended(self, presented: "VerifiedRefreshToken", owner: bytes) -> None:
        """Refuse what began a session while all of its subject's were ended.

        Of ours, the end drops the session; a token of another program has none until it is used.
        """
        ended_at = self._store.standing(presented.session, None, owner).ended_at
        if ended_at is not None and int(presented.claims["iat"]) * 1000 <= ended_at:
            self._store.end_session(presented.session, subject=owner)
            raise InvalidGrant("The session has ended", reason=Reason.SUBJECT_ENDED)

    def end(self, sid: str, *, owner: bytes | None = None) -> bool:
        """End a session; its access tokens are refused at once.

        Args:
            sid: The session's id, as in its tokens.
            owner: The id of the subject whose session it must be, unless None.

        Returns:
            Whether there was such a session.

        Raises:
            Unavailable: The store cannot be reached.
        """
        session = ids.from_text(sid)
        if session is None:
            return False
        try:
            return self._store.end_session(session, subject=owner)
        finally:
            self._on_end()

    def is_alive(self, presented: "VerifiedRefreshToken") -> bool:
        """Return whether the session of a refresh token has not ended; the token may be spent.

        One of another program may not have begun its session yet.

        Raises:
            Unavailable: The store cannot be reached.
        """
        owner = ids.subject_id(self._issuer, presented.claims["sub"])
        stored = self._store.sessions_of(owner)
        if any(session.session == presented.session for session in stored):
            return True
        if presented.begins_until is None:
            return False
        # Once it has begun one, or was revoked, it counts as revoked (see `Store.advance`).
        return not self._store.standing(presented.jti, None, owner).is_revoked

    def of(self, owner: bytes) -> list[Session]:
        """List the sessions of the subject with this id, the newest first.

        Raises:
            Unavailable: The store cannot be reached.
        """
        return [Session.of(stored) for stored in self._store.sessions_of(owner)]


class VerifiedRefreshToken(NamedTuple):
    """A refresh token that was verified, and may have been spent.

    Attributes:
        claims: Its own.
        session, jti: Their ids in a store.
        expires: Its `exp`.
        scope: Of the access token that is asked for.
        begins_until: Its `exp` where another program issued it, so that it may begin its session.
    """

    token: VerifiedToken
    claims: Claims
    session: bytes
    jti: bytes
    expires: int
    scope: str
    begins_until: int | None

    @property
    def state(self) -> RefreshState:
        """What a store keeps of it while it is unspent."""
        return RefreshState(self.jti, self.expires, self.scope)


def _refusal(login: Claims, advance: Advance) -> InvalidGrant:
    if advance.outcome != "reused":
        return InvalidGrant("The session has ended", reason=Reason.SESSION_ENDED)
    successor = advance.successor
    return RefreshReused(
        subject=login["sub"],
        sid=login["sid"],
        successor_age=None if successor is None else successor.age // 1000,
        successor_used=None if successor is None else successor.is_used,
    )


def _narrow(scope: str, granted: VerifiedToken) -> str:
    try:
        asked = scope_text(scope) or ""
    except IssueError:
        malformed = InvalidGrant(
            "The scope is malformed", error="invalid_scope", reason=Reason.MALFORMED_REQUEST
        )
        raise granted.attach_to(malformed) from None
    if not set(asked.split()) <= granted.claims.scopes:
        more = InvalidGrant(
            "The scope is more than what was granted",
            error="invalid_scope",
            reason=Reason.SCOPE_NOT_GRANTED,
        )
        raise granted.attach_to(more)
    # Each once, so that it is never longer than what was granted.
    return " ".join(dict.fromkeys(asked.split()))


def _cut(text: str) -> str:
    """Cut an origin, which may come from a request and be no Unicode."""
    return text[:_LONGEST_ORIGIN].encode(errors="replace").decode()
