"""Tokens of canaille, an OpenID provider in Python."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ..support import Running, running, version_of
from .browser import CodeFlow
from .contract import Issued, IssuerContract

pytestmark = pytest.mark.wire

PROGRAM = Path(__file__).parent / "programs" / "canaille_server.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    version_of("canaille")
    command = [sys.executable, str(PROGRAM), "{port}"]
    with running(command, tmp_path_factory.mktemp("canaille"), path="/oauth/jwks.json") as server:
        yield server


@pytest.fixture(scope="module")
def issued(server: Running) -> Issued:
    flow = CodeFlow("app", "openid profile email")
    with requests.Session() as browser:
        browser.get(f"{server.url}/log-in", timeout=20)
        answer = browser.get(
            f"{server.url}/oauth/authorize", params=flow.query, timeout=20, allow_redirects=False
        )
    tokens = flow.redeem(f"{server.url}/oauth/token", answer.headers["Location"])
    return Issued(
        version=version_of("canaille"),
        issuer=server.url,
        entry={"profile": "oidc-access", "audience": "app"},
        access=tokens["access_token"],
        audience=("app",),
        others={"ID token": tokens["id_token"], "refresh token": tokens["refresh_token"]},
    )


class TestCanaille(IssuerContract):
    NAME = "canaille"
    MIND = (
        "the access token has the shape of an ID token but for its hash and nonce, names no scope, "
        "and its `aud` are clients: make the API a client that is an audience of the others; the "
        "client credentials grant gives an opaque token; RS512 where a client was made in code"
    )

    def test_its_keys_name_no_algorithm(self, issued: Issued, server: Running) -> None:
        keys = requests.get(f"{server.url}/oauth/jwks.json", timeout=20).json()
        assert not any({"alg", "use"} & key.keys() for key in keys["keys"])
        assert issued.api(keys=keys).get(issued.access).status_code == 200
