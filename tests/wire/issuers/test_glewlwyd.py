"""Tokens of Debian's glewlwyd."""

from collections.abc import Iterator

import pytest

from ...kit.loopback import free_port
from ..support import debian_version_of, running
from .contract import Issued, IssuerContract
from .glewlwyd import RESOURCE, SCOPE, Glewlwyd, configure

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def glewlwyd(
    tmp_path_factory: pytest.TempPathFactory,
    private_pems: dict[str, str],
    public_pems: dict[str, str],
) -> Iterator[Glewlwyd]:
    debian_version_of("glewlwyd")
    folder, port = tmp_path_factory.mktemp("glewlwyd"), free_port()
    with running(configure(folder, port), folder, port=port, path="/config") as server:
        yield Glewlwyd(server.url, private_pems["RS256"], public_pems["RS256"])


@pytest.fixture(scope="module")
def issued(glewlwyd: Glewlwyd) -> Issued:
    tokens = glewlwyd.tokens(SCOPE, "client_credentials", resource=RESOURCE)
    return Issued(
        version=debian_version_of("glewlwyd"),
        issuer=glewlwyd.issuer,
        entry={"audience": RESOURCE},
        access=tokens["access_token"],
        audience=(RESOURCE,),
        scopes=frozenset({SCOPE}),
        others={
            "ID token of `code`": glewlwyd.id_token("code"),
            "of `id_token token`": glewlwyd.id_token("id_token token"),
            "of `code id_token`": glewlwyd.id_token("code id_token"),
            "refresh token": glewlwyd.tokens(SCOPE)["refresh_token"],
        },
    )


class TestGlewlwyd(IssuerContract):
    NAME = "glewlwyd (Debian)"
    MIND = (
        "without its switch *resource* `aud` is the list of scopes as one text, so ask for one "
        "scope, which is then the `audience`"
    )

    def test_one_scope_is_the_audience(self, issued: Issued, glewlwyd: Glewlwyd) -> None:
        token = glewlwyd.tokens(SCOPE)["access_token"]
        assert issued.api(audience=SCOPE).names_of(token)["audience"] == [SCOPE]

    def test_several_scopes_are_no_audience(self, issued: Issued, glewlwyd: Glewlwyd) -> None:
        token = glewlwyd.tokens(f"openid {SCOPE}")["access_token"]
        assert issued.api(audience=[SCOPE, "openid"]).get(token).status_code == 401
