"""Tokens of a server made with Authlib, by its generator for RFC 9068."""

from collections.abc import Iterator

import pytest
from joserfc.jwk import KeySet, RSAKey

from ..support import version_of
from .authlib_server import CLIENT, Server
from .contract import Issued, IssuerContract
from .served import serving

ISSUER = "https://authlib.example.org"


@pytest.fixture(scope="module")
def keys(private_pems: dict[str, str]) -> KeySet:
    return KeySet([RSAKey.import_key(private_pems["RS256"], {"kid": "authlib-1"})])


@pytest.fixture(scope="module")
def server(keys: KeySet) -> Server:
    return Server(ISSUER, keys, audience="notes-api")


@pytest.fixture(scope="module")
def issued(server: Server, keys: KeySet) -> Iterator[Issued]:
    access = server.token("password")
    with serving(keys.as_dict(private=False)) as url:
        yield Issued(
            version=version_of("authlib"),
            issuer=ISSUER,
            entry={"audience": "notes-api", "jwks_url": url},
            access=access,
            audience=("notes-api",),
            scopes=frozenset({"notes:read"}),
            others={"ID token": server.id_token(access)},
        )


class TestAuthlib(IssuerContract):
    NAME = "Authlib, `JWTBearerTokenGenerator`"
    MIND = "`aud` is the client's id unless `get_audiences` returns your API"

    def test_a_clients_own_token_is_accepted(self, issued: Issued, server: Server) -> None:
        names = issued.api().names_of(server.token("client_credentials"))
        assert (names["subject"], names["scopes"]) == (CLIENT, ["notes:read"])

    def test_the_audience_is_the_client_by_default(self, issued: Issued, keys: KeySet) -> None:
        token = Server(ISSUER, keys, audience=None).token("password")
        assert issued.api().get(token).status_code == 401
        assert issued.api(audience=CLIENT).names_of(token)["audience"] == [CLIENT]
