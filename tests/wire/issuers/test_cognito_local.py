"""Tokens of npm's cognito-local, which stands in for Amazon Cognito in development."""

from collections.abc import Iterator

import pytest

from ...kit.loopback import free_port
from ..support import npm_version_of, running
from .cognito import Pool
from .conftest import Packages
from .contract import Issued, IssuerContract

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def pool(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    port = free_port()
    command = [packages.node, str(packages.folder / "node_modules/cognito-local/lib/bin/start.js")]
    folder = tmp_path_factory.mktemp("cognito-local")
    environment = {"PORT": str(port), "HOST": "127.0.0.1"}
    with running(
        command, folder, port=port, path="/health", environment=environment
    ) as cognito_local:
        yield Pool(cognito_local.url)


@pytest.fixture(scope="module")
def issued(pool: Pool, packages: Packages) -> Issued:
    tokens = pool.log_in()
    return Issued(
        version=npm_version_of(packages.folder, "cognito-local"),
        issuer=pool.address,
        entry={"profile": "cognito", "jwks_url": pool.jwks_url, "audience": pool.client},
        access=tokens["AccessToken"],
        audience=(pool.client,),
        scopes=frozenset({"aws.cognito.signin.user.admin"}),
        others={"ID token": tokens["IdToken"], "refresh token": tokens["RefreshToken"]},
    )


class TestCognitoLocal(IssuerContract):
    NAME = "cognito-local (Amazon Cognito)"
    MIND = (
        "its metadata is for `http://localhost:9229` whatever `HOST` and `PORT` are, so name "
        "`jwks_url`; its refresh token is a JWT of the same key"
    )

    def test_its_groups_are_roles(self, issued: Issued) -> None:
        assert issued.api().names_of(issued.access)["roles"] == ["editors"]

    def test_its_metadata_is_for_another_port(self, issued: Issued) -> None:
        assert issued.api(discovery=True).get(issued.access).status_code == 503
