"""Tokens of npm's better-auth, by its JWT plugin."""

from collections.abc import Iterator
from urllib.parse import unquote

import pytest
import requests

from ..support import Running, npm_version_of, running
from .conftest import Packages
from .contract import Issued, IssuerContract

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def server(packages: Packages) -> Iterator[Running]:
    command = [packages.node, "better-auth.mjs", "{port}"]
    with running(command, packages.folder, path="/api/auth/jwks") as server:
        yield server


@pytest.fixture(scope="module")
def issued(server: Running, packages: Packages) -> Issued:
    api = f"{server.url}/api/auth"
    alice = {"name": "Alice", "email": "alice@example.org", "password": "correct horse"}
    with requests.Session() as browser:
        browser.headers["Origin"] = server.url
        browser.post(f"{api}/sign-up/email", json=alice, timeout=20).raise_for_status()
        token = browser.get(f"{api}/token", timeout=20).json()["token"]
        cookies = browser.cookies
        others = {
            "session's cookie": cookies["better-auth.session_data"],
            "session token": unquote(cookies["better-auth.session_token"]),
        }
    return Issued(
        version=npm_version_of(packages.folder, "better-auth"),
        issuer=server.url,
        entry={"profile": "oidc-access", "jwks_url": f"{api}/jwks", "audience": server.url},
        access=token,
        audience=(server.url,),
        others=others,
    )


class TestBetterAuth(IssuerContract):
    NAME = "better-auth, JWT plugin"
    MIND = (
        "there is no metadata; `aud` is `iss` unless `jwt.audience` is set, and the token holds "
        "the whole user record unless `jwt.definePayload` is"
    )

    def test_there_is_no_metadata(self, issued: Issued) -> None:
        for path in ("openid-configuration", "oauth-authorization-server"):
            answer = requests.get(f"{issued.issuer}/.well-known/{path}", timeout=20)
            assert answer.status_code == 404

    def test_the_whole_user_record_is_in_the_token(self, issued: Issued) -> None:
        claims = issued.api().get(issued.access).get_json()
        assert (claims["email"], claims["name"]) == ("alice@example.org", "Alice")
