"""Tokens of scitokens, which grids and clusters of the sciences use."""

from collections.abc import Iterator
from typing import Any

import pytest
from scitokens import SciToken

from flask_tokenguard.jose.material import PrivateKey

from ...jose.test_jwk import public_jwk
from ..support import version_of
from .contract import Issued, IssuerContract
from .served import serving

ISSUER = "https://scitokens.example.org"
KID = "scitokens-1"


def scitoken(key: PrivateKey, *, kid: str | None = None, **claims: Any) -> str:
    """Issue a token with these claims."""
    token = SciToken(key=key, key_id=kid)
    token.update_claims({"sub": "alice", "scope": "read:/notes write:/notes/alice", **claims})
    serialized: bytes = token.serialize(issuer=ISSUER)
    return serialized.decode()


@pytest.fixture(scope="module")
def issued(private_keys: dict[str, PrivateKey]) -> Iterator[Issued]:
    key = private_keys["ES256"]
    with serving({"keys": [public_jwk(key, kid=KID)]}) as url:
        yield Issued(
            version=version_of("scitokens"),
            issuer=ISSUER,
            entry={"profile": "oidc-access", "audience": "notes-api", "jwks_url": url},
            access=scitoken(key, kid=KID, aud="notes-api"),
            audience=("notes-api",),
            scopes=frozenset({"read:/notes", "write:/notes/alice"}),
        )


class TestScitokens(IssuerContract):
    NAME = "scitokens"
    MIND = (
        "a scope has a path, which we compare as a text; `aud` is optional, so a token without one "
        "is taken only with `audience` `false`"
    )

    def test_its_keys_may_stand_in_the_settings(
        self, issued: Issued, private_keys: dict[str, PrivateKey], public_pems: dict[str, str]
    ) -> None:
        api, key = issued.api(keys=public_pems["ES256"]), private_keys["ES256"]
        tokens = [scitoken(key, kid=kid, aud="notes-api") for kid in (None, KID)]
        assert [api.get(token).status_code for token in tokens] == [200, 200]

    def test_a_token_without_audience_is_for_us_only_if_any_is(
        self, issued: Issued, private_keys: dict[str, PrivateKey]
    ) -> None:
        token = scitoken(private_keys["ES256"], kid=KID)
        statuses = [
            issued.api(audience=audience).get(token).status_code
            for audience in ("notes-api", False)
        ]
        assert statuses == [401, 200]
