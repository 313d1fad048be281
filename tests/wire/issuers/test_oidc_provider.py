"""Tokens of npm's oidc-provider; tests/interop has more of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ...interop import conftest as interop
from ...interop.api import AUDIENCE
from ...interop.conftest import Scripts
from ...interop.provider import running_provider
from .contract import Issued, IssuerContract

pytestmark = pytest.mark.wire

scripts = interop.scripts
PACKAGES = Path(interop.__file__).parent / "package.json"


@pytest.fixture(scope="module")
def issued(scripts: Scripts) -> Iterator[Issued]:
    with running_provider(scripts) as provider:
        tokens = provider.tokens()
        yield Issued(
            version=json.loads(PACKAGES.read_text())["dependencies"]["oidc-provider"],
            issuer=provider.issuer,
            entry={"audience": AUDIENCE},
            access=tokens["access_token"],
            audience=(AUDIENCE,),
            scopes=frozenset({"notes:read"}),
            others={"ID token": tokens["id_token"]},
        )


class TestOidcProvider(IssuerContract):
    NAME = "oidc-provider"
    MIND = (
        "switch `resourceIndicators` on, with `accessTokenFormat` `jwt`; without it access tokens "
        "are opaque"
    )
