"""Tokens of Debian's LemonLDAP::NG."""

from collections.abc import Iterator

import pytest

from ...kit.loopback import free_port
from ..support import debian_version_of, running
from .contract import Issued, IssuerContract
from .lemonldap import AUDIENCE, CLIENT, USER, Portal, command, configure

pytestmark = pytest.mark.wire

METADATA = "/.well-known/openid-configuration"


@pytest.fixture(scope="module")
def issuer() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def portal(
    issuer: str,
    tmp_path_factory: pytest.TempPathFactory,
    private_pems: dict[str, str],
    public_pems: dict[str, str],
) -> Iterator[Portal]:
    debian_version_of("liblemonldap-ng-portal-perl")
    folder, port = tmp_path_factory.mktemp("lemonldap"), int(issuer.rpartition(":")[2])
    environment = configure(folder, issuer, private_pems["RS256"], public_pems["RS256"])
    with running(command(port), folder, port=port, path=METADATA, environment=environment):
        yield Portal(issuer)


@pytest.fixture(scope="module")
def issued(issuer: str, portal: Portal) -> Issued:
    tokens = portal.tokens()
    return Issued(
        version=debian_version_of("liblemonldap-ng-portal-perl"),
        issuer=issuer,
        entry={"profile": "oidc-access", "audience": AUDIENCE, "requires": ["client_id"]},
        access=tokens["access_token"],
        audience=(CLIENT, AUDIENCE),
        scopes=frozenset({"openid", "notes:read"}),
        others={
            "ID token of `code`": tokens["id_token"],
            "of `id_token token`": portal.id_token("id_token token"),
            "of `code id_token`": portal.id_token("code id_token"),
            "signed userinfo": portal.userinfo(tokens["access_token"]),
            "refresh token": tokens["refresh_token"],
        },
    )


class TestLemonldap(IssuerContract):
    NAME = "LemonLDAP::NG (Debian)"
    MIND = (
        "set *Access token in JWT format*, and the API in *Additional audiences*, which go into ID "
        "tokens too, so that `requires` keeps these out"
    )

    def test_a_clients_own_token_is_accepted(self, issued: Issued, portal: Portal) -> None:
        assert issued.api().names_of(portal.client_token())["subject"] == CLIENT

    def test_its_user_is_the_subject(self, issued: Issued) -> None:
        assert issued.api().names_of(issued.access)["subject"] == USER
