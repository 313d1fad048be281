"""Profiles: the access tokens of each kind of issuer, a row a kind (RFC 9068, OIDC Core 1.0).

A row only narrows: every token must still have our audience, a key of its own issuer and an `exp`
that lies ahead. Where a row's ID tokens look like its access tokens, a comment has what keeps
them out; `docs/issuers.md` has a table of that for each flow, and names the page that each value
comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..jose.algorithms import SIGNATURE_ALGORITHMS
from ..keys.entries import DiscoveryKind

# A secret has no place in a published key set, and the issuer's would let us forge its tokens.
_ASYMMETRIC = tuple(name for name, row in SIGNATURE_ALGORITHMS.items() if row.kty != "oct")
_RS256 = ("RS256",)

# They bind an ID token to an access token and to a code (OIDC Core 1.0, 3.1.3.6 and 3.3.2.11), so
# that an access token cannot have them.
_HASHES = frozenset({"at_hash", "c_hash"})
# The client's own word against replay (3.2.2.10); without an access token beside it, all there is.
_NONCE = frozenset({"nonce"})
# What every logout token has (OpenID Connect Back-Channel Logout 1.0, 2.4), as has every other
# security event (RFC 8417 section 2.2). Without it, one looks like an ID token of the code flow.
_EVENTS = frozenset({"events"})
_OF_OTHER_TOKENS = _HASHES | _NONCE | _EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The shape of the access tokens of one kind of issuer.

    Attributes:
        types: What the header's `typ` may be, in lower case without `application/`; None stands
            for a token that has no `typ`.
        required: Claims that must be there.
        absent: Claims that must not be there, since only other tokens have them.
        remedies: What the refusal of one of these adds, by its name.
        equals: Claims that must have this value.
        audience_claim: Where the audience is. If it is not `aud`, and a token has an `aud` too,
            that must name us as well (RFC 7519 section 4.1.3).
        scope_claims: Where scopes are, each claim a space-separated text or a list of texts.
        roles_claim: The paths to the roles, each to a list of texts; none if none is usual.
        discovery: What `True` means in an entry.
        algorithms: Signature algorithms that may be used.
    """

    types: frozenset[str | None]
    required: frozenset[str] = frozenset({"exp"})
    absent: frozenset[str] = frozenset()
    remedies: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    equals: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    audience_claim: str = "aud"
    scope_claims: tuple[str, ...] = ("scope",)
    roles_claim: tuple[tuple[str, ...], ...] = ()
    discovery: DiscoveryKind = "both"
    algorithms: tuple[str, ...] = _ASYMMETRIC


DEFAULT_PROFILE = "rfc9068"

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        # Sections 2.1, 2.2, 2.2.3.1 and 4. An ID token has another typ.
        "rfc9068": Profile(
            types=frozenset({"at+jwt"}),
            required=frozenset({"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}),
            roles_claim=(("roles",),),
        ),
        # An ID token has the same typ; that of the code flow may have nothing else either, and then
        # the audience keeps it out, as long as ours is no client id.
        "oidc-access": Profile(
            types=frozenset({None, "jwt", "at+jwt"}),
            absent=_OF_OTHER_TOKENS,
            # It writes one before version 25, and with a mapper for old clients since.
            remedies=MappingProxyType(
                {"nonce": "; for access tokens of Keycloak use the profile keycloak"}
            ),
            scope_claims=("scope", "scp"),
        ),
        # The claim typ is ID in an ID token, Refresh or Offline in a refresh token.
        "keycloak": Profile(
            types=frozenset({"jwt", "at+jwt"}),
            equals=MappingProxyType({"typ": "Bearer"}),
            roles_claim=(("realm_access", "roles"),),
            discovery="oidc",
        ),
        # An ID token is JWT as well; its aud is a client id, never the identifier of an API. Of the
        # code flow it may differ in nothing else.
        "auth0": Profile(
            types=frozenset({"jwt", "at+jwt"}),
            required=frozenset({"exp", "iat", "sub"}),
            absent=_OF_OTHER_TOKENS,
            discovery="oidc",
            algorithms=("RS256", "RS512", "PS256"),
        ),
        # An ID token is JWT as well, and has our aud if the client and the API are one
        # registration; only an access token names the client it was issued to, azp.
        "entra": Profile(
            types=frozenset({"jwt"}),
            required=frozenset({"exp", "iat", "azp"}),
            absent=_OF_OTHER_TOKENS,
            equals=MappingProxyType({"ver": "2.0"}),
            scope_claims=("scp",),
            roles_claim=(("roles",),),
            discovery="oidc",
            algorithms=_RS256,
        ),
        # The same, in tokens of the first version: there the client is appid.
        "entra-v1": Profile(
            types=frozenset({"jwt"}),
            required=frozenset({"exp", "iat", "appid"}),
            absent=_OF_OTHER_TOKENS,
            equals=MappingProxyType({"ver": "1.0"}),
            scope_claims=("scp",),
            roles_claim=(("roles",),),
            discovery="oidc",
            algorithms=_RS256,
        ),
        # AWS writes no typ, its doubles for tests JWT. An ID token has the same; its token_use is
        # id, and it has no client_id.
        "cognito": Profile(
            types=frozenset({None, "jwt"}),
            required=frozenset({"exp", "iat", "sub", "client_id"}),
            equals=MappingProxyType({"token_use": "access"}),
            audience_claim="client_id",
            roles_claim=(("cognito:groups",),),
            discovery="oidc",
            algorithms=_RS256,
        ),
        # Access tokens are opaque; these are ID tokens, and the audience is a client id.
        "google": Profile(
            types=frozenset({"jwt"}),
            required=frozenset({"exp", "iat", "sub"}),
            absent=_EVENTS,
            scope_claims=(),
            discovery="oidc",
            algorithms=_RS256,
        ),
        # An ID token has no typ either; only an access token names the client in cid.
        "okta": Profile(
            types=frozenset({None}),
            required=frozenset({"exp", "iat", "jti", "sub", "cid"}),
            absent=_HASHES,
            scope_claims=("scp",),
            discovery="oidc",
            algorithms=_RS256,
        ),
    }
)
