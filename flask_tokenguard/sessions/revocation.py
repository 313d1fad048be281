"""Revocation: refuse valid tokens that were revoked, or whose session or subject was ended.

The only rule that asks a store, and so the last one. With a delay, the answer that nothing is known
against a token is good for so long, in this process. A token that was revoked is then refused at
most that delay after the revocation was answered, whatever fails: the delay counts from before the
question was sent, on a clock that goes on while the machine is suspended.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from ..clock import Clock, Steady
from ..errors import InvalidToken, Reason, Unavailable
from ..issue import ids
from ..jose.compact import LAST_NUMERIC_DATE, optional_date
from ..stores.base import Store
from ..verify.claims import RevocationKey, VerifiedToken

# A subject's end is kept for so long; no token may outlive it, or it would be accepted again.
REVOCATION_HORIZON = timedelta(days=366)


class Revocation:
    """Revokes tokens, and refuses them.

    Attributes:
        longest_lifetime: The longest life of a token of ours, for which its end is remembered.
    """

    # All answers that are good are of this one, for all apps of the process.
    _edition: ClassVar[object] = object()

    def __init__(
        self,
        store: Store,
        *,
        longest_lifetime: timedelta,
        leeway: timedelta,
        clock: Clock,
        accepts_in_outage: bool = False,
        delay: timedelta = timedelta(0),
        since_start: Clock = Steady.since_start,
    ) -> None:
        """Set up revocation with a store.

        Args:
            store: Keeps what was revoked.
            longest_lifetime: The longest life of a token.
            leeway: For how long expired tokens are accepted.
            clock: Seconds since the epoch, UTC.
            accepts_in_outage: Whether a token that cannot be looked up is accepted.
            delay: For how long an answer is good.
            since_start: Seconds since the machine was started, suspended or not.
        """
        self._store = store
        self._leeway = int(leeway.total_seconds())
        self.longest_lifetime = longest_lifetime
        self._longest = int(longest_lifetime.total_seconds())
        self._clock = clock
        self._accepts_in_outage = accepts_in_outage
        self._delay = delay.total_seconds()
        self._since_start = since_start

    def check(self, token: VerifiedToken) -> None:
        """Refuse a token that was revoked, or that is older than the store's records.

        A token of another issuer that lacks `jti` or `sub` cannot be revoked by it.

        Raises:
            InvalidToken: It was revoked.
            Unavailable: The store cannot be reached, and no answer of it is good.
        """
        self._check(token, self._ask)

    def check_former(self, token: VerifiedToken) -> None:
        """Refuse a token of another program that was revoked, here or there.

        It is older than the store's records. They are complete where the store has the mark of the
        import, both beside what was ended of the subject and beside what was revoked by its id.

        Raises:
            InvalidToken: It was revoked, or nothing was imported.
            Unavailable: The store cannot be reached, and no answer of it is good.
        """
        self._check(token, self._ask_of_former)

    @staticmethod
    def drop_answers() -> None:
        """Let no answer in this process be good any longer, nor one that is on its way.

        Call it once the store has performed what ends tokens, and where that is not known.
        """
        Revocation._edition = object()

    def _check(
        self, token: VerifiedToken, ask: Callable[[RevocationKey, str | None], bool]
    ) -> None:
        """Ask about a token, unless an answer is still good.

        Args:
            token: The token.
            ask: Refuses it by what the store answers; returns whether there was an answer.
        """
        key = token.revocation_key
        if key is None:
            key = token.revocation_key = _revocation_key(token)
        # Once, since another thread may drop it.
        answer = key.answer
        if answer is not None:
            edition, asked, until = answer
            # In a copy of a machine the clock may lie before the question.
            if edition is self._edition and asked <= self._since_start() < until:
                return
            key.answer = None
        if not self._delay:
            ask(key, token.issuer.name)
            return
        edition, asked = self._edition, self._since_start()
        if ask(key, token.issuer.name):
            key.answer = edition, asked, asked + self._delay

    def _ask(self, key: RevocationKey, _issuer: str | None) -> bool:
        try:
            standing = self._store.standing(key.token, key.session, key.subject)
        except Unavailable as error:
            if self._accepts_in_outage:
                return False
            # A store of the app may have raised it as it is.
            error.reason = Reason.STORE_UNAVAILABLE
            raise
        if standing.is_revoked:
            raise _revoked(by_session=standing.by_session)
        if standing.ended_at is not None and key.instant <= standing.ended_at:
            raise _subject_ended()
        if key.instant <= standing.epoch:
            # What was revoked before the store began is not known.
            raise _older_than_store()
        return True

    def _ask_of_former(self, key: RevocationKey, issuer: str | None) -> bool:
        mark, other = (ids.import_mark(issuer, near) for near in (key.subject, key.token))
        try:
            standing = self._store.standing(key.token, mark, key.subject)
            is_marked = standing.is_revoked and (
                other == mark or self._store.standing(other, None, key.subject).is_revoked
            )
        except Unavailable as error:
            if self._accepts_in_outage:
                return False
            error.reason = Reason.STORE_UNAVAILABLE
            raise
        if standing.is_revoked and not standing.by_session:
            raise _revoked()
        if standing.ended_at is not None and key.instant <= standing.ended_at:
            raise _subject_ended()
        if not is_marked:
            raise _older_than_store("`flask tokenguard import-revoked` was not run on this store")
        return True

    def import_revoked(
        self,
        entries: Iterable[tuple[str, int]],
        *,
        issuer: str | None,
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        """Revoke what another program had revoked, and leave the mark of the import.

        The mark is never pruned: without it, old tokens are refused.

        Args:
            entries: The `jti` and the `exp` of each token.
            issuer: Our own.
            on_progress: Called after each step, of which there are as many as entries and 256 more.

        Raises:
            Unavailable: The store cannot be reached; the mark is not complete.
        """
        for jti, expires in entries:
            self.revoke_id(jti, issuer=issuer, expires=expires)
            on_progress()
        for octet in range(256):
            beside = bytes([octet]) * 16
            mark = ids.import_mark(issuer, beside)
            self._store.revoke(mark, subject=beside, expires=LAST_NUMERIC_DATE)
            on_progress()

    def lacks_import(self, *, issuer: str | None) -> bool:
        """Return whether a mark of the import is missing.

        Raises:
            Unavailable: The store cannot be reached.
        """
        places = (bytes([octet]) * 16 for octet in range(256))
        return not all(
            self._store.standing(ids.import_mark(issuer, place), None, place).is_revoked
            for place in places
        )

    def revoke(self, claims: Mapping[str, Any]) -> None:
        """Revoke a token by its verified claims, unless it has expired.

        Raises:
            InvalidToken: It has no `jti`, or its `exp` or `iss` is none, so that nobody accepts it
                anyway.
            Unavailable: The store cannot be reached.
        """
        jti, issuer, expires = claims.get("jti"), claims.get("iss"), optional_date(claims, "exp")
        if not isinstance(jti, str) or expires is None:
            raise InvalidToken(
                "The token has no jti and exp", claim="jti", reason=Reason.MISSING_CLAIM
            )
        if not isinstance(issuer, str | None):
            raise InvalidToken(
                "The token is from another issuer (iss)", claim="iss", reason=Reason.WRONG_ISSUER
            )
        if expires + self._leeway > self._clock():
            self.revoke_id(
                jti,
                subject=_text(claims.get("sub")),
                issuer=issuer,
                expires=math.ceil(expires),
            )

    def revoke_id(
        self,
        jti: str,
        *,
        subject: str | None = None,
        issuer: str | None = None,
        expires: int | None = None,
    ) -> None:
        """Revoke a token by its `jti`.

        Args:
            jti: The token's.
            subject: The token's, if it is known.
            issuer: The token's.
            expires: The token's `exp`; without it, the longest life of a token counts.

        Raises:
            Unavailable: The store cannot be reached.
        """
        if expires is None:
            expires = int(self._clock()) + self._longest
        try:
            self._store.revoke(
                ids.token_id(issuer, jti),
                subject=None if subject is None else ids.subject_id(issuer, subject),
                expires=expires + self._leeway,
            )
        finally:
            self.drop_answers()

    def end_subject(self, subject: str, *, issuer: str | None = None) -> None:
        """End every session of a subject, and every token that it has.

        Raises:
            Unavailable: The store cannot be reached.
        """
        expires = int(self._clock()) + self._longest + self._leeway
        try:
            self._store.end_subject(ids.subject_id(issuer, subject), expires=expires)
        finally:
            self.drop_answers()


def _revoked(*, by_session: bool = False) -> InvalidToken:
    return InvalidToken(
        "The token was revoked",
        claim="sid" if by_session else "jti",
        reason=Reason.SESSION_ENDED if by_session else Reason.REVOKED,
    )


def _subject_ended() -> InvalidToken:
    return InvalidToken(
        "The token was revoked with all of its subject's", claim="sub", reason=Reason.SUBJECT_ENDED
    )


def _older_than_store(detail: str = "") -> InvalidToken:
    return InvalidToken(
        "The token is older than our records",
        claim="iat",
        reason=Reason.OLDER_THAN_STORE,
        detail=detail,
    )


def _revocation_key(token: VerifiedToken) -> RevocationKey:
    claims = token.claims
    issuer = claims.get("iss")
    return RevocationKey(
        token=ids.token_id(issuer, _text(claims.get("jti"))),
        session=ids.from_text(claims["sid"]) if token.is_own and "sid" in claims else None,
        subject=ids.subject_id(issuer, _text(claims.get("sub"))),
        instant=ids.instant_of(claims, is_own=token.is_own),
    )


def _text(claim: object) -> str:
    return claim if isinstance(claim, str) else ""
