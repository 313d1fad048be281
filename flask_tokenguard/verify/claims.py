"""Claims: what a verified token states, and what is kept of it (RFC 7519 section 4)."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from ..errors import Refusal
from ..jose.compact import Header, numeric_date, optional_date

AnyRefusal = TypeVar("AnyRefusal", bound=Refusal)


class Claims(dict[str, Any]):
    """The claims of a verified token: a dict, with the registered ones as typed properties.

    A property is None, or an empty collection, where the claim is absent.
    """

    __slots__ = ()

    @property
    def subject(self) -> str | None:
        """The subject, `sub` (RFC 7519 section 4.1.2)."""
        return self.get("sub")

    @property
    def issuer(self) -> str | None:
        """The issuer, `iss` (RFC 7519 section 4.1.1)."""
        return self.get("iss")

    @property
    def audience(self) -> tuple[str, ...]:
        """The audience, `aud`, one or several (RFC 7519 section 4.1.3)."""
        return _listed(self.get("aud"))

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes in `scope` (RFC 8693 section 4.2); none if it is not text."""
        scope = self.get("scope")
        return frozenset(filter(None, scope.split(" "))) if isinstance(scope, str) else frozenset()

    @property
    def roles(self) -> frozenset[str]:
        """The roles in `roles` (RFC 9068 section 2.2.3.1); none if it is not a list."""
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
        """The instant of issue, `iat`, in UTC."""
        iat = optional_date(self, "iat")
        return None if iat is None else datetime.fromtimestamp(iat, UTC)

    @property
    def id(self) -> str | None:
        """The token's id, `jti` (RFC 7519 section 4.1.7)."""
        return self.get("jti")


class ClaimNames(NamedTuple):
    """The names by which an issuer has the scopes of RFC 8693, the roles of RFC 9068, and `aud`.

    Attributes:
        scope: Names of claims, each a space-separated text or a list.
        roles: Paths to lists, each a claim, then members.
        audience: The claim that stands for `aud` in a token that has none.
    """

    scope: tuple[str, ...]
    roles: tuple[tuple[str, ...], ...]
    audience: str = "aud"


class ForeignClaims(Claims):
    """The claims of another issuer's token, read by that issuer's names."""

    __slots__ = ("_names",)

    def __init__(
        self, claims: Mapping[str, Any] | Iterable[tuple[str, Any]], names: ClaimNames
    ) -> None:
        super().__init__(claims)
        self._names = names

    @property
    def audience(self) -> tuple[str, ...]:
        """The audience, `aud` or else the claim that the issuer uses."""
        return super().audience or _listed(self.get(self._names.audience))

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes, in the claims that the issuer uses."""
        found = (self.get(name) for name in self._names.scope)
        return frozenset().union(
            *(_texts(value.split(" ") if isinstance(value, str) else value) for value in found)
        )

    @property
    def roles(self) -> frozenset[str]:
        """The roles, in the claims that the issuer uses."""
        return frozenset().union(*(_texts(self._at(path)) for path in self._names.roles))

    def _at(self, path: tuple[str, ...]) -> object:
        value: Any = self
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value


def _texts(value: object) -> frozenset[str]:
    return frozenset(_listed(value) if isinstance(value, list) else ())


def _listed(value: object) -> tuple[str, ...]:
    """Read one text or a list of several; whatever else there is names nothing."""
    values = value if isinstance(value, list) else (value,)
    return tuple(text for text in values if isinstance(text, str) and text)


@dataclass(slots=True, eq=False, repr=False)
class RevocationKey:
    """What a store is asked about a token, set by `Revocation`; threads share it.

    Attributes:
        token: The id of its `iss` and `jti`.
        session: The octets of its `sid`, or None.
        subject: The id of its `iss` and `sub`.
        instant: When it was issued, in milliseconds since the epoch.
        answer: How long the store's last answer is good; `Revocation` alone reads it.
    """

    token: bytes
    session: bytes | None
    subject: bytes
    instant: int
    answer: tuple[object, float, float] | None = None


class IssuerTraits(NamedTuple):
    """What a verified token keeps of its issuer.

    Attributes:
        is_own: Whether we issued it, and not another issuer.
        leeway: By how many seconds the issuer's clock may be ahead of ours.
        name: Its `iss`; None for us where we have none.
        is_former: Whether another program issued it for us, so that it counts as ours.
    """

    is_own: bool
    leeway: int
    name: str | None = None
    is_former: bool = False


_OWN = IssuerTraits(is_own=True, leeway=0)


@dataclass(slots=True, eq=False, repr=False)
class VerifiedToken:
    """A token that was verified; only `TokenVerifier` makes one.

    Attributes:
        protected: The parsed header.
        claims: The claims, fresh for every request.
        issuer: What is known of the issuer.
        revocation_key: What a store is asked; None until it is asked first.
    """

    protected: Header
    claims: Claims
    issuer: IssuerTraits = _OWN
    revocation_key: RevocationKey | None = None

    @property
    def is_own(self) -> bool:
        """Whether we issued it, and not another issuer."""
        return self.issuer.is_own

    @property
    def is_former(self) -> bool:
        """Whether another program issued it for us, so that its subject is ours."""
        return self.issuer.is_former

    @property
    def leeway(self) -> int:
        """By how many seconds its issuer's clock may be ahead of ours."""
        return self.issuer.leeway

    @property
    def typ(self) -> str | None:
        """The header's media type in lower case, without `application/`, or None."""
        return self.protected.typ

    @property
    def header(self) -> dict[str, Any]:
        """A copy of the protected header."""
        return deepcopy(dict(self.protected.members))

    def attach_to(self, error: AnyRefusal) -> AnyRefusal:
        """Let an error that refuses this token hold its claims, issuer and `kid`; return it."""
        error.claims, error.issuer = self.claims, self.issuer.name
        error.kid = self.protected.kid
        return error

    def __repr__(self) -> str:
        return f"<VerifiedToken, kid {self.protected.kid!r}>"
