"""Another issuer's keys in use: use."""

import pytest

from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.keys.remote.keys import RemoteKeys

from ....support import SettableClock
from ..providers import JWKS_URL, Jwk, Provider, header
from .support import ALGORITHMS, HOUR, Later, PrivateKeys


def test_before_the_first_use_no_fetch_and_no_thread_runs(
    provider: Provider, monotonic: SettableClock
) -> None:
    later = Later()
    RemoteKeys(
        JWKS_URL,
        fetch=provider,
        algorithms=ALGORITHMS,
        monotonic=monotonic,
        start_thread=later,
    )
    assert (provider.asked, later.runs) == ([], [])


def test_the_first_use_fetches_the_keys(keys: RemoteKeys, private_keys: PrivateKeys) -> None:
    (key,) = keys.find(header(), "sig")
    signature = Key(private_keys["ES256"]).sign(b"message")
    assert key.verify(b"message", signature)


def test_known_keys_are_found_without_a_fetch(keys: RemoteKeys, provider: Provider) -> None:
    for _ in range(100):
        keys.find(header(), "sig")
    assert provider.asked == [(JWKS_URL, None)]


def test_a_key_that_is_still_trusted_stays_the_same_object(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock, jwk: Jwk, other_jwk: Jwk
) -> None:
    (before,) = keys.find(header(), "sig")
    provider.publish(other_jwk, {**jwk, "x5t": "changed"})
    monotonic.now += HOUR
    assert keys.find(header(), "sig")[0] is before
    assert len(provider.asked) == 2


@pytest.mark.parametrize("alg", ["HS256", "none", "ES384", "PS256", ""])
def test_an_algorithm_that_is_not_accepted_fetches_nothing(
    keys: RemoteKeys, provider: Provider, alg: str
) -> None:
    assert keys.find(header(alg=alg), "sig") == ()
    assert provider.asked == []


def test_keys_for_encryption_are_not_served(keys: RemoteKeys) -> None:
    assert keys.find(header(), "enc") == ()


@pytest.mark.parametrize("algorithms", [["HS256"], ["none"], ["RS256", "HS512"], ["ES256K"], []])
def test_algorithms_that_no_public_key_serves_are_refused(algorithms: list[str]) -> None:
    with pytest.raises(ValueError, match=r"by which no public key verifies|is empty"):
        RemoteKeys(JWKS_URL, fetch=Provider(), algorithms=algorithms)


def test_the_keys_do_not_show_more_than_their_issuer() -> None:
    keys = RemoteKeys(f"{JWKS_URL}?secret", fetch=Provider(), algorithms=ALGORITHMS)
    assert repr(keys) == "<RemoteKeys of id.example>"
