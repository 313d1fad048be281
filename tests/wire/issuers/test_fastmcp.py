"""Tokens that FastMCP's key pair writes, for servers of tools for language models."""

from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from ..support import version_of
from .contract import Issued, IssuerContract
from .served import serving

pytestmark = pytest.mark.wire

ISSUER = "https://fastmcp.example.org"


@pytest.fixture(scope="module")
def pair() -> Any:
    version_of("fastmcp")
    from fastmcp.server.auth.providers.jwt import RSAKeyPair  # noqa: PLC0415 - may be missing

    return RSAKeyPair.generate()


def create(pair: Any, **members: Any) -> str:
    """Create a token for us."""
    token: str = pair.create_token(
        subject="alice", issuer=ISSUER, audience="notes-api", scopes=["notes:read"], **members
    )
    return token


@pytest.fixture(scope="module")
def issued(pair: Any) -> Iterator[Issued]:
    token = create(pair, kid="fastmcp-1")
    key = RSAKey.import_key(pair.public_key, {"kid": "fastmcp-1"})
    with serving({"keys": [key.as_dict(private=False)]}) as url:
        yield Issued(
            version=version_of("fastmcp"),
            issuer=ISSUER,
            entry={"profile": "oidc-access", "audience": "notes-api", "jwks_url": url},
            access=token,
            audience=("notes-api",),
            scopes=frozenset({"notes:read"}),
        )


class TestFastmcp(IssuerContract):
    NAME = "FastMCP, `RSAKeyPair`"
    MIND = "`aud` is optional there: name one when the token is made"

    def test_its_key_may_stand_in_the_settings(self, issued: Issued, pair: Any) -> None:
        api = issued.api(keys=pair.public_key)
        tokens = [create(pair), create(pair, kid="fastmcp-1")]
        assert [api.get(token).status_code for token in tokens] == [200, 200]
