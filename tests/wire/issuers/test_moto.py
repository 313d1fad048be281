"""Tokens of moto, which stands in for Amazon Cognito in tests."""

import sys
from collections.abc import Iterator

import pytest

from ..support import running, version_of
from .cognito import Pool
from .contract import Issued, IssuerContract

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    version_of("moto")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "{port}"]
    with running(command, tmp_path_factory.mktemp("moto"), path="/moto-api/") as moto:
        yield Pool(moto.url)


@pytest.fixture(scope="module")
def issued(pool: Pool) -> Issued:
    tokens = pool.log_in()
    return Issued(
        version=version_of("moto"),
        issuer=f"https://cognito-idp.eu-central-1.amazonaws.com/{pool.id}",
        entry={"profile": "cognito", "jwks_url": pool.jwks_url, "audience": pool.client},
        access=tokens["AccessToken"],
        audience=(pool.client,),
        scopes=frozenset({"aws.cognito.signin.user.admin"}),
        others={
            "ID token": tokens["IdToken"],
            "refresh token": tokens["RefreshToken"],
        },
    )


class TestMoto(IssuerContract):
    NAME = "moto (Amazon Cognito)"
    MIND = "its metadata names AWS's addresses, so name `jwks_url`"

    def test_its_groups_are_roles(self, issued: Issued) -> None:
        assert issued.api().names_of(issued.access)["roles"] == ["editors"]
