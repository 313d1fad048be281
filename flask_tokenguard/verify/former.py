"""Former tokens: those that another program issued for us, recognised by their form.

Their claims are read as ours: the subject is one of ours, and `iss` is our own. So whatever ends or
finds a subject holds for them too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..clock import Clock
from ..errors import InvalidToken, Reason
from ..jose.compact import Header
from .claims import Claims, VerifiedToken
from .refusals import wrong_issuer
from .trusted import TrustedIssuer
from .validators import Validator


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerTokens:
    """One kind of the tokens of another program.

    Attributes:
        trusted: Their key and their rules.
        types: What the header's `typ` may be, in lower case.
        algorithms: What its `alg` may be.
        issuer: Their `iss`; None where they have none.
    """

    trusted: TrustedIssuer
    types: Collection[str | None]
    algorithms: Collection[str]
    issuer: str | None

    def find(
        self, header: Header, payload: Mapping[str, Any], *, is_others: bool
    ) -> TrustedIssuer | None:
        """Return their issuer if a token has their form; None for any other.

        Args:
            header: Unverified, as the payload is.
            payload: Of it, `iss` alone is read.
            is_others: Whether the `iss` may be that of another issuer.

        Raises:
            InvalidToken: It has their form, and an `iss` that nobody has.
        """
        if header.kid is not None or header.typ not in self.types:
            return None
        if header.alg not in self.algorithms:
            return None
        accepted = () if self.issuer is None else (self.issuer,)
        if payload.get("iss") in accepted if "iss" in payload else not accepted:
            return self.trusted
        if is_others:
            return None
        raise wrong_issuer(payload, accepted)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerClaims:
    """Reads the claims of another program's token as ours.

    Attributes:
        issuer: Our own `iss`, or None.
        subject_claim: The claim that holds the subject: a text, or a whole number.
        fresh_claim: Whether the login was at `iat`: true, or until when that counts.
        clock: Seconds since the epoch, UTC.
    """

    issuer: str | None
    subject_claim: str
    fresh_claim: str
    clock: Clock

    def __call__(self, payload: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Claims:
        """Return our claims; of a payload whose rules are not checked yet."""
        claims = Claims(payload)
        subject = claims.get(self.subject_claim)
        if type(subject) is int:  # not bool
            subject = str(subject)
        for name, value in (("sub", subject), ("iss", self.issuer)):
            if value is None:
                claims.pop(name, None)
            else:
                claims[name] = value
        if "iat" in claims and self._is_fresh(claims.get(self.fresh_claim)):
            claims.setdefault("auth_time", claims["iat"])
        return claims

    def _is_fresh(self, fresh: object) -> bool:
        if type(fresh) is int or type(fresh) is float:
            return fresh >= self.clock()
        return fresh is True


def until(instant: int, clock: Clock) -> Validator:
    """Refuse every token from an instant on; a live rule, since a token may be cached.

    Args:
        instant: In seconds since the epoch.
        clock: Seconds since the epoch, UTC.
    """

    def accepted_until(_: VerifiedToken) -> None:
        if clock() >= instant:
            raise InvalidToken(
                "Tokens of the former program are no longer accepted",
                reason=Reason.EXPIRED,
                detail=f"they were until {instant}, it is {clock():.0f} now",
            )

    return accepted_until
