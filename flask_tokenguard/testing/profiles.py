"""Access tokens of each profile, as the providers' documentation shows them, for `LoopbackIssuer`.

`docs/issuers.md` names the pages. A row has what marks the provider's tokens beside the claims that
every token has.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple


def _spaced(scopes: Sequence[str]) -> object:
    return " ".join(scopes)


class Shape(NamedTuple):
    """What a provider's access tokens have.

    Attributes:
        typ: The header's; None for none.
        claims: Those of this provider alone.
        write_scopes: Makes the claim's value of the scopes.
    """

    typ: str | None
    claims: Mapping[str, Any]
    write_scopes: Callable[[Sequence[str]], object] = _spaced


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "rfc9068": Shape("at+jwt", {"client_id": "app"}),
        "oidc-access": Shape("JWT", {"azp": "app"}),
        "keycloak": Shape("JWT", {"typ": "Bearer", "azp": "app"}),
        "auth0": Shape("JWT", {"azp": "app"}),
        "entra": Shape("JWT", {"azp": "app", "ver": "2.0"}),
        "entra-v1": Shape("JWT", {"appid": "app", "ver": "1.0"}),
        "cognito": Shape(None, {"token_use": "access"}),
        "google": Shape("JWT", {"azp": "app"}),
        "okta": Shape(None, {"cid": "app", "ver": 1}, list),
    }
)
