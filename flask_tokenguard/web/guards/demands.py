"""Demands: what one use of `token_required` demands of a request, and the check of its token.

Authentication is settled before: what is short here is a 403, but for a token that is not there.
"""

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, ClassVar, TypeAlias, TypedDict

from ...arguments.hints import DEMANDS, unknown_argument
from ...arguments.readers import (
    Scalar,
    json_type,
    read_claims,
    read_flag,
    read_function,
    read_names,
    read_roles,
    read_scopes,
    read_seconds,
)
from ...clock import Clock
from ...config.locations import AUTHORIZATION, LocationEntry, read_locations
from ...config.readers import Fault
from ...errors import (
    InsufficientAuthentication,
    InsufficientScope,
    InvalidToken,
    Reason,
    TokenMissing,
)
from ...jose.compact import optional_date
from ...quoting import contrast, contrast_issuers, quote
from ...verify.claims import Claims, VerifiedToken
from ..authentication import Authentication, current_request
from ..credentials.readers import warn_if_withheld

Check: TypeAlias = Callable[[Claims], object]
# What stands for us among issuers, whether we have an `iss` or none.
OWN = "own"


class Demanded(TypedDict, total=False):
    """What `token_required` and `require_token` take beside `optional`."""

    scope: str | Iterable[str] | None
    any_scope: str | Iterable[str] | None
    role: str | Iterable[str] | None
    claims: Mapping[str, Scalar | Collection[Scalar]] | None
    check: Check | None
    issuers: str | Iterable[str] | None
    max_age: timedelta | int | None
    user: bool
    locations: str | Iterable[str] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Demand:
    """What one use of `token_required` demands of a request; equal only to itself.

    Attributes:
        scope: All of these.
        any_scope: One of these.
        role: One of these.
        claims: For each claim the values of which it must have, or hold, one.
        check: A function of the claims, whose result must be true.
        issuers: One of these; `OWN` is us.
        max_age: How many seconds ago the login may have been.
        optional: Whether no token is fine.
        user: Whether the user loader must find a user before the view runs.
        locations: Where alone the token may be, in place of where TOKENGUARD_TOKEN_LOCATIONS names;
            empty for there.
        is_refresh: Whether it is a refresh token that is demanded, and no access token.
        asks_more: Whether a token that is good is not enough; follows from the others.
    """

    scope: tuple[str, ...] = ()
    any_scope: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    claims: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    check: Check | None = None
    issuers: tuple[str, ...] = ()
    max_age: int | None = None
    optional: bool = False
    user: bool = False
    locations: tuple[LocationEntry, ...] = ()
    asks_more: bool = field(init=False, repr=False)
    is_refresh: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "asks_more", not self.as_data().keys() <= {"optional"})

    @classmethod
    def of(
        cls,
        *,
        scope: str | Iterable[str] | None = None,
        any_scope: str | Iterable[str] | None = None,
        role: str | Iterable[str] | None = None,
        claims: Mapping[str, Scalar | Collection[Scalar]] | None = None,
        check: Check | None = None,
        issuers: str | Iterable[str] | None = None,
        max_age: timedelta | int | None = None,
        optional: bool = False,
        user: bool = False,
        locations: str | Iterable[str] | None = None,
        **unknown: object,
    ) -> "Demand":
        """Read the arguments of `token_required`.

        Raises:
            TypeError: An argument demands nothing, or what no token can have.
        """
        for name in unknown:
            raise unknown_argument(
                name,
                [field.name for field in fields(cls) if field.init],
                DEMANDS,
                otherwise=f'a claim is demanded by claims={{"{name}": ...}}',
            )
        return cls(
            scope=read_scopes("scope", scope),
            any_scope=read_scopes("any_scope", any_scope),
            role=read_roles(role),
            claims={} if claims is None else read_claims(claims),
            check=None if check is None else read_function(check),
            issuers=read_names("issuers", issuers),
            max_age=None if max_age is None else read_seconds(max_age),
            optional=read_flag("optional", optional, "write optional=True"),
            user=read_flag("user", user, 'write user=True; for one subject, claims={"sub": "..."}'),
            locations=read_places(locations),
        )

    def as_data(self) -> dict[str, Any]:
        """Return the fields that are set, for JSON; of `check` only that there is one."""
        data = {field.name: getattr(self, field.name) for field in fields(self) if field.init}
        data["check"] = self.check is not None
        data["locations"] = [*map(str, self.locations)]
        # A max_age of 0 is set: the login must have been this very second.
        return {name: value for name, value in data.items() if value or type(value) is int}

    def enforce(self, authentication: Authentication, clock: Clock) -> None:
        """Check all that the token shows; a 401 comes before a 403.

        Args:
            authentication: What the request is known to be.
            clock: Seconds since the epoch, UTC.

        Raises:
            TokenMissing: There is no token.
            Refusal: The one that was kept because no view had demanded a token yet.
            InsufficientAuthentication: The subject's login was too long ago.
            InsufficientScope: The token is good and does not allow this.
        """
        if authentication.error is not None:
            raise authentication.error
        token = authentication.token
        if token is None:
            if self.optional:
                return
            raise TokenMissing(detail=_in_place_of_a_token(authentication))
        if self.locations and not self._is_in_place(authentication):
            raise TokenMissing(
                detail=f"a token came in {authentication.location}, and is wanted in"
                f" {self._places()}"
            )
        if self.max_age is not None:
            _check_recent(token, self.max_age, clock())
        self._check_access(token)

    def __str__(self) -> str:
        demanded = [
            "a token, if there is one" if self.optional else "a token",
            self.scope and f"scope {' '.join(self.scope)}",
            self.any_scope and f"any scope of {' '.join(self.any_scope)}",
            self.role and f"role {' or '.join(self.role)}",
            *(f"claim {name}: {' or '.join(map(repr, of))}" for name, of in self.claims.items()),
            self.issuers and f"issuer {' or '.join(self.issuers)}",
            self.max_age is not None and f"a login within {self.max_age} s",
            self.check and "a check of its own",
            self.user and "a user",
            self.locations and f"in {self._places()}",
        ]
        return ", ".join(str(part) for part in demanded if part)

    def _places(self) -> str:
        return " or ".join(map(str, self.locations))

    def _is_in_place(self, authentication: Authentication) -> bool:
        return authentication.place in authentication.parts.places.access(self.locations)

    def _check_access(self, token: VerifiedToken) -> None:
        claims = token.claims
        if self.issuers and not self._is_of_issuers(token):
            raise InsufficientScope(
                "The token's issuer may not do this",
                missing=["iss"],
                reason=Reason.ISSUER_NOT_ALLOWED,
                detail=contrast_issuers(claims.issuer, self.issuers),
            )
        if self.scope or self.any_scope:
            self._check_scope(claims)
        if self.role and claims.roles.isdisjoint(self.role):
            raise InsufficientScope(
                "The token's roles do not allow this",
                missing=self.role,
                reason=Reason.INSUFFICIENT_ROLE,
                detail=contrast("roles", claims.roles, self.role),
            )
        for name, allowed in self.claims.items():
            if name not in claims or not _matches(claims[name], allowed):
                raise InsufficientScope(
                    f"The token's claim {name} does not allow this",
                    missing=[name],
                    reason=Reason.INSUFFICIENT_CLAIMS,
                    detail=f"accepted: {quote(allowed)}",
                )
        if self.check is not None and not _truth(self.check(claims)):
            raise InsufficientScope(reason=Reason.CHECK_FAILED)

    def _is_of_issuers(self, token: VerifiedToken) -> bool:
        if token.is_own and OWN in self.issuers:
            return True
        # An issuer that calls itself "own" is not us.
        return token.claims.issuer != OWN and token.claims.issuer in self.issuers

    def _check_scope(self, claims: Claims) -> None:
        missing = [name for name in self.scope if name not in claims.scopes]
        if missing:
            raise InsufficientScope(
                "The token's scope is short",
                scope=self.scope,
                missing=missing,
                detail=contrast("scope", claims.scopes, self.scope),
            )
        if self.any_scope and claims.scopes.isdisjoint(self.any_scope):
            raise InsufficientScope(
                "The token's scope is short: it needs one of these",
                scope=self.any_scope,
                missing=self.any_scope,
                detail=contrast("scope", claims.scopes, self.any_scope),
            )


def read_places(value: str | Iterable[str] | None) -> tuple[LocationEntry, ...]:
    """Read the locations that a view names.

    Raises:
        TypeError: One is none, or there are none.
    """
    if value is None:
        return ()
    try:
        is_list = isinstance(value, Iterable) and not isinstance(value, str)
        return read_locations([*value] if is_list else value)
    except Fault as fault:
        raise TypeError(fault.of("locations")) from None


def _in_place_of_a_token(authentication: Authentication) -> str:
    """Describe, for the log, the header that brought no token; empty where it brought nothing."""
    request = current_request()
    headers = [place.credentials for place in authentication.looked_at if place.credentials]
    if any(header.name == AUTHORIZATION for header in headers):
        warn_if_withheld(request, authentication.parts.app)
    return "; ".join(filter(None, (header.describe_others(request) for header in headers)))


def _matches(claim: object, allowed: tuple[Scalar, ...]) -> bool:
    # Strings are never searched: "admin" is not in "not-admin".
    values = claim if isinstance(claim, list) else [claim]
    return any(
        value == one and json_type(value) == json_type(one) for value in values for one in allowed
    )


def _check_recent(token: VerifiedToken, max_age: int, now: float) -> None:
    try:
        login = optional_date(token.claims, "auth_time")
    except InvalidToken:
        login = None
    # A login that lies ahead would be recent until long after it.
    if login is None or not -token.leeway <= now - login <= max_age:
        came = "no login" if login is None else f"auth_time {login:.0f}"
        raise InsufficientAuthentication(
            max_age=max_age,
            detail=f"{came} came, it is {now:.0f} now, at most {max_age} s ago is accepted",
        )


def _truth(result: object) -> bool:
    if inspect.isawaitable(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError("check must not return what is awaited or iterated: it is always true")
    return bool(result)


ANY_TOKEN = Demand()
