"""Another issuer's keys in use: discovery."""

import pytest

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.keys.remote.discovery import Discovery
from flask_tokenguard.keys.remote.keys import RemoteKeys

from ....support import SettableClock
from ..providers import ISSUER, JWKS_URL, Jwk, Provider, header
from .support import ALGORITHMS, at_once, kids

METADATA_URL = f"{ISSUER}/.well-known/openid-configuration"


@pytest.fixture
def discovered(provider: Provider, monotonic: SettableClock) -> RemoteKeys:
    """The same keys, found by discovery."""
    provider.documents[METADATA_URL] = {"issuer": ISSUER, "jwks_uri": JWKS_URL}
    where = Discovery(ISSUER, fetch=provider, kind="oidc", monotonic=monotonic)
    return RemoteKeys(
        where,
        fetch=provider,
        algorithms=ALGORITHMS,
        monotonic=monotonic,
        start_thread=at_once,
    )


def test_keys_are_found_by_discovery(discovered: RemoteKeys, provider: Provider) -> None:
    assert kids(discovered.find(header(), "sig")) == ["one"]
    assert [url for url, _ in provider.asked] == [METADATA_URL, JWKS_URL]
    assert repr(discovered) == f"<RemoteKeys of {ISSUER}>"


def test_an_unknown_kid_asks_for_the_keys_alone(discovered: RemoteKeys, provider: Provider) -> None:
    discovered.find(header(), "sig")
    discovered.find(header("unknown"), "sig")
    assert [url for url, _ in provider.asked] == [METADATA_URL, JWKS_URL, JWKS_URL]


def test_keys_that_have_moved_are_found_again(
    discovered: RemoteKeys, provider: Provider, monotonic: SettableClock, other_jwk: Jwk
) -> None:
    discovered.find(header(), "sig")
    del provider.documents[JWKS_URL]
    moved = "https://keys.example/moved"
    provider.documents[moved] = {"keys": [other_jwk]}
    provider.documents[METADATA_URL] = {"issuer": ISSUER, "jwks_uri": moved}
    monotonic.now += 590
    assert kids(discovered.find(header(), "sig")) == ["one"]
    monotonic.now += 1
    assert kids(discovered.find(header("two", "EdDSA"), "sig")) == ["two"]


def test_an_issuer_that_is_not_found_is_an_outage(
    discovered: RemoteKeys, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.documents[METADATA_URL] = {"issuer": "https://evil.example", "jwks_uri": JWKS_URL}
    with pytest.raises(Unavailable):
        discovered.find(header(), "sig")
    assert "the metadata is of another issuer" in caplog.text
    assert [url for url, _ in provider.asked] == [METADATA_URL]
