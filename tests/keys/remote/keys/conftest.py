"""Another issuer's keys in use: fixtures."""

import time

import pytest

from flask_tokenguard.fetching import Fetched
from flask_tokenguard.keys.remote.keys import RemoteKeys

from ....support import SettableClock
from ..providers import JWKS_URL, Jwk, Provider, jwk_of
from .support import ALGORITHMS, PrivateKeys, SwitchableThreads


@pytest.fixture
def monotonic() -> SettableClock:
    """What freshness is timed with."""
    return SettableClock(1000.0)


@pytest.fixture
def jwk(private_keys: PrivateKeys) -> Jwk:
    """The JWK of the key `one`."""
    return jwk_of(private_keys["ES256"])


@pytest.fixture
def other_jwk(private_keys: PrivateKeys) -> Jwk:
    """The JWK of a key `two`."""
    return jwk_of(private_keys["EdDSA"], "two")


@pytest.fixture
def provider(jwk: Jwk) -> Provider:
    """A provider that publishes the key `one`."""
    return Provider(jwk)


@pytest.fixture
def threads() -> SwitchableThreads:
    """What runs fetches; at once, until it is switched."""
    return SwitchableThreads()


@pytest.fixture
def keys(provider: Provider, monotonic: SettableClock, threads: SwitchableThreads) -> RemoteKeys:
    """The provider's keys in use."""
    return RemoteKeys(
        JWKS_URL,
        fetch=provider,
        algorithms=ALGORITHMS,
        monotonic=monotonic,
        start_thread=threads,
    )


@pytest.fixture
def slow_keys(provider: Provider, monotonic: SettableClock) -> RemoteKeys:
    """The same, fetched in threads, by a provider that takes a while."""

    def fetch_slowly(url: str, etag: str | None) -> Fetched:
        time.sleep(0.1)
        return provider(url, etag)

    return RemoteKeys(JWKS_URL, fetch=fetch_slowly, algorithms=ALGORITHMS, monotonic=monotonic)
