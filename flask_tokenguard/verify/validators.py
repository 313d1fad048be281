"""Validators: what a token must state to be accepted, a check per rule (RFC 7519 section 4.1).

A validator takes a `VerifiedToken` and returns None, or raises a `Rejected`.
Add a rule by adding a function here; an app adds its own with `TokenGuard(validators=...)`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from ..clock import Clock, wall_clock
from ..errors import InvalidToken, Reason
from ..jose.compact import LAST_NUMERIC_DATE, media_type, numeric_date
from ..quoting import quote, quote_claim
from .claims import VerifiedToken
from .refusals import (
    another_kind,
    instants,
    malformed_claim,
    missing_audience,
    missing_claim,
    wrong_audience,
    wrong_issuer,
    wrong_type,
)

Validator: TypeAlias = Callable[[VerifiedToken], None]

# By how many seconds the clock that wrote `iat` and `nbf` may be ahead of ours, leeway or not: two
# machines are never quite alike, and what was issued a moment ago would be refused.
CLOCK_SKEW = 5
# After all that a clock can show; an int, since nearly all instants are.
_END_OF_TIME = 2 * LAST_NUMERIC_DATE


def has_type(types: Collection[str | None]) -> Validator:
    """Require the header's `typ`, so that no other kind of token passes (RFC 8725 section 3.11).

    Args:
        types: Media types, in any case and with or without `application/`; None stands for none.
    """
    accepted = {None if typ is None else media_type(typ) for typ in types}

    def check(token: VerifiedToken) -> None:
        if token.protected.typ not in accepted:
            raise wrong_type(token.protected.typ, accepted)

    return check


def has_issuer(issuer: str | None) -> Validator:
    """Require this `iss`; with None, require that there is none (RFC 7519 section 4.1.1)."""
    accepted = () if issuer is None else (issuer,)

    def check(token: VerifiedToken) -> None:
        is_absent = "iss" not in token.claims
        if is_absent if issuer is None else token.claims.get("iss") == issuer:
            return
        raise wrong_issuer(token.claims, accepted)

    return check


def has_audience(audience: Collection[str], claim: str = "aud") -> Validator:
    """Require one of these in `aud`; with none, require that there is no `aud`.

    A token for others must be refused (RFC 7519 section 4.1.3).

    Args:
        audience: Who we are.
        claim: Another claim, where an issuer uses one.
    """

    def check(token: VerifiedToken) -> None:
        if claim not in token.claims:
            if audience:
                raise missing_audience(claim, audience)
            return
        named = token.claims.get(claim)
        values = [named] if isinstance(named, str) else named
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise malformed_claim(claim, token, f"The token's audience is malformed ({claim})")
        if not any(value in audience for value in values):
            raise wrong_audience(claim, values, audience)

    return check


def has_text(claim: str, *, is_required: bool = True) -> Validator:
    """Require a claim to be a text and not empty, such as `sub` or `jti`.

    Args:
        claim: Its name.
        is_required: Whether the claim must be there at all.
    """

    def check(token: VerifiedToken) -> None:
        value = token.claims.get(claim)
        if isinstance(value, str) and value:
            return
        if claim in token.claims:
            raise malformed_claim(claim, token, f"The token has no valid {claim}")
        if is_required:
            raise missing_claim(claim)

    return check


def has_claims(required: Collection[str]) -> Validator:
    """Require claims to be there, with any value."""

    def check(token: VerifiedToken) -> None:
        for claim in required:
            if token.claims.get(claim) is None:
                raise missing_claim(claim)

    return check


def has_none_of(absent: Collection[str], *, remedies: Mapping[str, str] | None = None) -> Validator:
    """Require claims to be absent, which another kind of token has.

    Args:
        absent: Of several that are there, the first is named.
        remedies: What the refusal adds, by the claim.
    """

    def check(token: VerifiedToken) -> None:
        for claim in absent:
            if claim in token.claims:
                raise another_kind(claim, remedy=(remedies or {}).get(claim, ""))

    return check


def lives_at_most(longest: timedelta) -> Validator:
    """Require a token to live no longer, from its `iat` to its `exp`, than its end is remembered.

    Raises (from the returned check):
        InvalidToken: It lives longer, or one of the two is no instant.
    """
    seconds = longest.total_seconds()

    def check(token: VerifiedToken) -> None:
        lifetime = numeric_date(token.claims, "exp") - numeric_date(token.claims, "iat")
        if lifetime > seconds:
            raise InvalidToken(
                "The token lives too long to be ended (exp)",
                claim="exp",
                reason=Reason.LIVES_TOO_LONG,
                detail=f"it lives {lifetime:.0f} s, at most {seconds:.0f} s are accepted",
            )

    return check


def has_values(values: Mapping[str, str]) -> Validator:
    """Require each of these claims to be this text."""

    def check(token: VerifiedToken) -> None:
        for claim, value in values.items():
            came = token.claims.get(claim)
            if came is None:
                raise missing_claim(claim, detail=f"{quote(value)} is accepted")
            if came != value:
                detail = f"claim {claim} {quote_claim(came)} came, {quote(value)} is accepted"
                raise another_kind(claim, detail=detail)

    return check


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TimeRule:
    """A rule that a token keeps from one instant until another, which the token alone decides.

    So a token's period is read once, and compared with the clock at every request.
    """

    claim: str
    leeway: int
    clock: Clock
    is_required: bool

    def __call__(self, token: VerifiedToken) -> None:
        """Check a token as any other rule does."""
        check_period((self,), token.claims)


@dataclass(slots=True)
class Period:
    """From when until when rules are kept, in seconds since the epoch."""

    begins: float
    ends: float


def check_period(rules: Iterable[TimeRule], claims: Mapping[str, Any]) -> Period:
    """Require that now is within the period of all these rules, and return it.

    Raises:
        InvalidToken: A claim is not a number, or missing, it is too early or too late, or `nbf`
            does not lie before `exp`.
    """
    begins: float = 0
    ends: float = _END_OF_TIME
    now, clock = 0.0, None
    for rule in rules:
        claim = rule.claim
        if claim not in claims and not rule.is_required:
            continue
        instant = numeric_date(claims, claim)
        if rule.clock is not clock:
            clock = rule.clock
            now = clock()
        if claim == "exp":
            end = instant + rule.leeway
            if end < ends:
                ends = end
                if ends <= now:
                    raise InvalidToken(
                        "The token has expired (exp)",
                        claim=claim,
                        reason=Reason.EXPIRED,
                        detail=instants(rule.claim, instant, now=now, leeway=rule.leeway),
                    )
            continue
        begin = instant - rule.leeway
        if begin > begins:
            begins = begin
            if begins > now:
                raise InvalidToken(
                    f"The token is not valid yet ({claim})",
                    claim=claim,
                    reason=Reason.NOT_YET_VALID,
                    detail=instants(rule.claim, instant, now=now, leeway=rule.leeway),
                )
        if claim == "nbf":
            _check_order(claims, instant)
    # Floats are compared with the time three times as fast as ints.
    return Period(float(begins), float(ends))


def _check_order(claims: Mapping[str, Any], nbf: float) -> None:
    # A leeway would make a moment of validity out of a period that is empty.
    if "exp" in claims and nbf >= numeric_date(claims, "exp"):
        raise InvalidToken(
            "The token is never valid: nbf is not before exp",
            claim="nbf",
            reason=Reason.MALFORMED_CLAIM,
            detail=f"nbf {quote(nbf)} and exp {quote(claims['exp'])} came",
        )


def is_current(leeway: int = 0, clock: Clock = wall_clock) -> Validator:
    """Require `exp` to lie ahead of us (RFC 7519 section 4.1.4).

    A token whose `exp` equals the current second is already expired.

    Args:
        leeway: Clock skew to forgive, in seconds, added to `exp`.
        clock: Seconds since the epoch, UTC.

    Raises (from the returned check):
        InvalidToken: `exp` is absent, not a number, or has passed.
    """
    return TimeRule("exp", leeway, clock, is_required=True)


def is_begun(
    claim: str, leeway: int = 0, clock: Clock = wall_clock, *, is_required: bool = False
) -> Validator:
    """Require `nbf` or `iat` not to lie ahead by more than 5 s (RFC 7519 sections 4.1.5, 4.1.6).

    Args:
        claim: `"nbf"` or `"iat"`.
        leeway: Further clock skew to forgive, in seconds.
        clock: Seconds since the epoch, UTC.
        is_required: Whether the claim must be there at all.

    Raises (from the returned check):
        InvalidToken: The claim is not a number, lies too far ahead, or is missing.
    """
    return TimeRule(claim, leeway + CLOCK_SKEW, clock, is_required=is_required)


def is_bearer(token: VerifiedToken) -> None:
    """Require no `cnf`: a client must prove more with a bound token (RFC 7800 section 3)."""
    if "cnf" in token.claims:
        raise InvalidToken(
            "The token is bound to a key (cnf)", claim="cnf", reason=Reason.WRONG_CLAIM
        )
