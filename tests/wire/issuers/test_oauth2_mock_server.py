"""Tokens of npm's oauth2-mock-server, which stands in for a provider in tests."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ...interop.api import AUDIENCE
from ..support import Running, npm_version_of, running
from .conftest import Packages
from .contract import Issued, IssuerContract

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def server(packages: Packages) -> Iterator[Running]:
    command = [packages.node, "oauth2-mock-server.mjs", "{port}"]
    with running(command, packages.folder, path="/jwks") as server:
        yield server


def tokens_of(server: Running, **members: str) -> dict[str, Any]:
    """Ask the token endpoint."""
    answer = requests.post(f"{server.url}/token", data=members, timeout=20)
    tokens: dict[str, Any] = answer.json()
    return tokens


@pytest.fixture(scope="module")
def issued(server: Running, packages: Packages) -> Issued:
    tokens = tokens_of(
        server, grant_type="password", username="alice", client_id="app", scope="notes:read"
    )
    return Issued(
        version=npm_version_of(packages.folder, "oauth2-mock-server"),
        issuer=f"http://localhost:{server.port}",
        entry={"profile": "oidc-access", "audience": False, "requires": ["scope"]},
        access=tokens["access_token"],
        audience=(),
        scopes=frozenset({"notes:read"}),
        others={"ID token": tokens["id_token"], "refresh token": tokens["refresh_token"]},
    )


class TestOauth2MockServer(IssuerContract):
    NAME = "oauth2-mock-server"
    MIND = (
        "only the client credentials grant takes an `aud`, and then `audience` names it; of other "
        "grants `requires` keeps ID tokens out"
    )

    def test_a_client_names_the_audience(self, issued: Issued, server: Running) -> None:
        token = tokens_of(server, grant_type="client_credentials", aud=AUDIENCE)["access_token"]
        names = issued.api(audience=AUDIENCE, requires=[]).names_of(token)
        assert (names["subject"], names["audience"]) == (None, [AUDIENCE])

    def test_a_token_for_nobody_is_refused_by_name(self, issued: Issued, server: Running) -> None:
        token = tokens_of(server, grant_type="client_credentials")["access_token"]
        refusal = issued.api(audience=AUDIENCE, requires=[]).refusal_of(token)
        assert str(refusal and refusal.description) == "The token has no audience (aud)"
