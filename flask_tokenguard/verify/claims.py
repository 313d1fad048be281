"""What is known of a request's bearer: the claims, the verified token, the authentication."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..errors import Refusal
from ..jose.compact import Header
from .numeric_date import numeric_date, optional_date


class Claims(dict[str, Any]):
    """The claims of a verified token: a dict, with the registered ones as typed properties.

    A property gives None, or nothing in a collection, where the claim is absent.
    """

    __slots__ = ()

    @property
    def subject(self) -> str | None:
        """Whom the token speaks of, `sub` (RFC 7519 section 4.1.2)."""
        return self.get("sub")

    @property
    def issuer(self) -> str | None:
        """Who made the token, `iss` (RFC 7519 section 4.1.1)."""
        return self.get("iss")

    @property
    def audience(self) -> tuple[str, ...]:
        """Whom the token is for, `aud`, one or several (RFC 7519 section 4.1.3)."""
        aud = self.get("aud", ())
        return (aud,) if isinstance(aud, str) else tuple(aud)

    @property
    def scopes(self) -> frozenset[str]:
        """What the token allows, `scope` (RFC 8693 section 4.2); nothing if it is not text."""
        scope = self.get("scope")
        return frozenset(filter(None, scope.split(" "))) if isinstance(scope, str) else frozenset()

    @property
    def roles(self) -> frozenset[str]:
        """What the subject is, `roles` (RFC 9068 section 2.2.3.1); nothing if it is not a list."""
        return _texts(self.get("roles"))

    @property
    def expires_at(self) -> datetime:
        """The instant from which the token is refused, `exp`, in UTC.

        Raises:
            InvalidToken: The claims are of a token that was not checked, and there is none.
        """
        return datetime.fromtimestamp(numeric_date(self, "exp"), UTC)

    @property
    def issued_at(self) -> datetime | None:
        """When the token was made, `iat`, in UTC."""
        iat = optional_date(self, "iat")
        return None if iat is None else datetime.fromtimestamp(iat, UTC)

    @property
    def id(self) -> str | None:
        """The token's own name, `jti` (RFC 7519 section 4.1.7)."""
        return self.get("jti")


class ClaimNames(NamedTuple):
    """Where an issuer says what RFC 8693 calls `scope` and RFC 9068 `roles`.

    Attributes:
        scope: Names of claims, each a space-separated text or a list.
        roles: The path to a list: a claim, then members.
    """

    scope: tuple[str, ...]
    roles: tuple[str, ...]


class ForeignClaims(Claims):
    """The claims of another issuer's token, read by that issuer's names."""

    __slots__ = ("_names",)

    def __init__(
        self, claims: Mapping[str, Any] | Iterable[tuple[str, Any]], names: ClaimNames
    ) -> None:
        super().__init__(claims)
        self._names = names

    @property
    def scopes(self) -> frozenset[str]:
        """What the token allows, wherever its issuer says so."""
        found = (self.get(name) for name in self._names.scope)
        return frozenset().union(
            *(_texts(value.split(" ") if isinstance(value, str) else value) for value in found)
        )

    @property
    def roles(self) -> frozenset[str]:
        """What the subject is, wherever its issuer says so."""
        value: Any = self
        for name in self._names.roles:
            value = value.get(name) if isinstance(value, dict) else None
        return _texts(value)


def _texts(value: object) -> frozenset[str]:
    values = value if isinstance(value, list) else ()
    return frozenset(text for text in values if isinstance(text, str) and text)


class RevocationKey(NamedTuple):
    """What a store is asked about a token, set by `Revocation`.

    Attributes:
        token: The id of its `iss` and `jti`.
        session: The octets of its `sid`, or None.
        subject: The id of its `iss` and `sub`.
        instant: When it was issued, in milliseconds since the epoch.
    """

    token: bytes
    session: bytes | None
    subject: bytes
    instant: int


class VerifiedToken:
    """A token that was verified; only `TokenVerifier` makes one.

    Attributes:
        claims: What it says.
        revocation_key: What a store is asked about it; None until it is asked first.
        is_own: Whether we issued it, and not another issuer.
        leeway: By how many seconds its issuer's clock may be ahead of ours.
    """

    __slots__ = ("_header", "claims", "is_own", "leeway", "revocation_key")

    def __init__(
        self,
        header: Header,
        claims: Claims,
        revocation_key: RevocationKey | None = None,
        *,
        is_own: bool = True,
        leeway: int = 0,
    ) -> None:
        self._header = header
        self.claims = claims
        self.revocation_key = revocation_key
        self.is_own = is_own
        self.leeway = leeway

    @property
    def typ(self) -> str | None:
        """The header's media type in lower case, without `application/`, or None."""
        return self._header.typ

    @property
    def header(self) -> dict[str, Any]:
        """A copy of the protected header."""
        return deepcopy(dict(self._header.members))

    def __repr__(self) -> str:
        return f"<VerifiedToken, kid {self._header.kid!r}>"


class Authentication:
    """What one request is known to be: a token, a refusal, or neither.

    Attributes:
        token: The verified token, or None.
        error: Why the token was refused, kept until something demands one; or None.
        location: Where the token was found, such as `"header"`, or None.
        has_read_body: Whether no body is left to be looked at for a token.
        met: The demands that were met, each checked once.
        user: What the user loader returned, in a tuple once it was asked.
    """

    # Of the class until they are set: a request sets two or three of them.
    token: VerifiedToken | None = None
    error: Refusal | None = None
    location: str | None = None
    has_read_body = False
    met: tuple[object, ...] = ()
    user: tuple[Any] | None = None

    @property
    def header(self) -> dict[str, Any] | None:
        """A copy of the token's protected header, or None."""
        return None if self.token is None else self.token.header

    @property
    def claims(self) -> Claims | None:
        """What `g.claims` shows: the token's claims, or None."""
        return None if self.token is None else self.token.claims
