"""Another issuer's keys in use: sets."""

import json
import logging
from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from flask_tokenguard.errors import ConfigurationError, KeysUnusable, Unavailable
from flask_tokenguard.jose import base64url, material
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import to_private_members
from flask_tokenguard.keys.generate import to_jwk
from flask_tokenguard.keys.remote.key_set import RemoteSet
from flask_tokenguard.keys.remote.keys import RemoteKeys

from ....jose.tokens import encoded
from ....support import SettableClock
from ..providers import JWKS_URL, Jwk, Provider, header, jwk_of
from .support import (
    ALGORITHMS,
    HOUR,
    PrivateKeys,
    at_once,
    kids,
    published,
)


def keys_of(*jwks: Any, algorithms: Sequence[str] = ALGORITHMS) -> RemoteKeys:
    """Use the keys of a set."""
    return RemoteKeys(JWKS_URL, fetch=Provider(*jwks), algorithms=algorithms, start_thread=at_once)


def test_a_key_without_an_alg_is_bound_to_those_accepted(private_keys: PrivateKeys) -> None:
    keys = keys_of(jwk_of(private_keys["RS256"], alg=None), algorithms=("RS256", "PS256"))
    for alg in ("RS256", "PS256"):
        (key,) = keys.find(header(alg=alg), "sig")
        assert (key.kid, key.alg) == ("one", alg)
    assert keys.find(header(alg="RS512"), "sig") == ()


def test_a_key_with_an_alg_verifies_no_other(private_keys: PrivateKeys) -> None:
    keys = keys_of(jwk_of(private_keys["RS256"], alg="RS256"), algorithms=("RS256", "PS256"))
    assert keys.find(header(alg="PS256"), "sig") == ()


@pytest.mark.parametrize("stated", ["EdDSA", "Ed25519", None])
@pytest.mark.parametrize("accepted", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_both_names_of_ed25519_are_one(
    private_keys: PrivateKeys, stated: str | None, accepted: str, alg: str
) -> None:
    keys = keys_of(jwk_of(private_keys["EdDSA"], alg=stated), algorithms=(accepted,))
    assert kids(keys.find(header(alg=alg), "sig")) == ["one"]
    assert kids(keys.find(header(None, alg), "sig")) == ["one"]


def broken(jwk: Jwk, private_keys: PrivateKeys) -> dict[str, Any]:
    """Write what a set may hold beside a good key, each with the kid `two`."""
    rsa_key = private_keys["RS256"]
    weak = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - to be refused
    exchange = x25519.X25519PrivateKey.generate().public_key()
    return {
        "no object": "two",
        "nothing": None,
        "no members": {"kid": "two"},
        "an unknown kty": {"kty": "LMS", "kid": "two", "pub": "AA"},
        "a kty that is no text": {"kty": ["EC"], "kid": "two"},
        "an unknown crv": {**jwk, "kid": "two", "crv": "secp256k1"},
        "an unknown alg": {**jwk, "kid": "two", "alg": "ES256K"},
        "an alg of another type": {**jwk, "kid": "two", "alg": "RS256"},
        "an alg that is no text": {**jwk, "kid": "two", "alg": 1},
        "an unknown use": {**jwk, "kid": "two", "use": "both"},
        "the use enc": {**jwk_of(rsa_key, "two"), "use": "enc", "alg": "RSA-OAEP"},
        "the use enc without an alg": {**jwk_of(rsa_key, "two", alg=None), "use": "enc"},
        "key_ops without verify": {**jwk, "kid": "two", "key_ops": ["encrypt"]},
        "a kid that is no text": {**jwk, "kid": 2},
        "a point that is on no curve": {**jwk, "kid": "two", "x": jwk["y"], "y": jwk["x"]},
        "a short coordinate": {**jwk, "kid": "two", "x": "AA"},
        "a key that is too short": {**material.to_public_jwk(weak), "kid": "two"},
        "a modulus that is too long": {**jwk_of(rsa_key, "two"), "n": "_" * 2732},
        "a key for exchange": {**material.to_public_jwk(exchange), "kid": "two"},
        "a secret": {"kty": "oct", "kid": "two", "k": "A" * 43, "alg": "HS256"},
        "a secret of another kty": {**jwk, "kid": "two", "k": "A" * 43},
        "a seed of ML-DSA": to_jwk(private_keys["ML-DSA-44"], private=True, kid="two"),
        "a private key": {**jwk, **to_private_members(private_keys["ES256"]), "kid": "two"},
    }


@pytest.mark.parametrize("is_first", [True, False])
def test_a_set_with_a_broken_key_keeps_the_others(
    jwk: Jwk, private_keys: PrivateKeys, is_first: bool
) -> None:
    for name, entry in broken(jwk, private_keys).items():
        jwks = (entry, jwk) if is_first else (jwk, entry)
        assert kids(published(*jwks)) == ["one"], name
        keys = keys_of(*jwks)
        assert kids(keys.find(header(), "sig")) == ["one"], name
        for alg in ALGORITHMS:
            assert keys.find(header("two", alg), "sig") == (), name


def test_each_key_that_is_passed_over_is_named_once(
    keys: RemoteKeys,
    provider: Provider,
    monotonic: SettableClock,
    private_keys: PrivateKeys,
    jwk: Jwk,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "flask_tokenguard")
    enc = {**jwk_of(private_keys["RS256"], "enc"), "use": "enc", "alg": "RSA-OAEP"}
    provider.publish(jwk, enc)
    keys.find(header(), "sig")
    provider.publish(jwk, enc, {"kty": "LMS", "kid": "ml"})
    monotonic.now += HOUR
    keys.find(header(), "sig")
    assert caplog.messages == [
        'a key of id.example is passed over: kid "enc" has the use "enc", not sig',
        'a key of id.example is passed over: kid "ml" has a kty other than oct, RSA, EC, OKP, AKP',
    ]


def test_every_key_that_is_passed_over_has_a_reason(jwk: Jwk, private_keys: PrivateKeys) -> None:
    for name, entry in broken(jwk, private_keys).items():
        body = json.dumps({"keys": [jwk, entry]}).encode()
        (fault,) = RemoteSet.read(body, ALGORITHMS).faults
        assert fault.startswith(('kid "two" ', "keys[1] ")), name
        assert "A" * 43 not in fault


def test_a_set_without_a_usable_key_is_no_outage(
    keys: RemoteKeys, provider: Provider, jwk: Jwk
) -> None:
    provider.publish({**jwk, "use": "enc"}, {"kty": "LMS", "kid": "ml"}, 7)
    with pytest.raises(KeysUnusable) as caught:
        keys.find(header(), "sig")
    assert caught.value.reason == "no_usable_key"
    assert caught.value.detail == (
        'fetched, and none of its 3 keys can be used: kid "one" has the use "enc", not sig;'
        ' kid "ml" has a kty other than oct, RSA, EC, OKP, AKP; keys[2] is not an object'
    )


def test_a_coordinate_without_its_first_zero_is_read() -> None:
    private = ec.derive_private_key(379, ec.SECP256R1())
    members = material.to_public_jwk(private.public_key())
    short = encoded(base64url.decode(members["x"].encode()).lstrip(b"\0"))
    assert len(short) < len(members["x"])
    (key,) = published({**members, "x": short, "kid": "short"})
    assert key.verify(b"message", Key(private).sign(b"message"))


def test_a_key_that_this_system_does_not_support_is_passed_over(
    jwk: Jwk, other_jwk: Jwk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = material.from_jwk

    def read_ec(jwk: Jwk) -> material.Material:
        if jwk["kty"] == "OKP":
            raise UnsupportedAlgorithm("not in this mode")
        return read(jwk)

    monkeypatch.setattr(material, "from_jwk", read_ec)
    assert kids(published(other_jwk, jwk)) == ["one"]


def test_of_two_keys_with_one_kid_the_first_counts() -> None:
    first, second = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    (key,) = keys_of(jwk_of(first), jwk_of(second)).find(header(alg="RS256"), "sig")
    assert key.verify(b"message", Key(first).sign(b"message"))


def test_one_kid_may_name_keys_of_different_types(jwk: Jwk, private_keys: PrivateKeys) -> None:
    keys = keys_of(jwk, jwk_of(private_keys["RS256"]))
    assert [keys.find(header(alg=alg), "sig")[0].alg for alg in ("ES256", "RS256")] == [
        "ES256",
        "RS256",
    ]


def test_a_key_that_is_there_twice_is_there_once(jwk: Jwk) -> None:
    assert kids(published(jwk, jwk)) == ["one"]


def test_a_hidden_key_of_the_same_kid_is_not_tried_without_one(jwk: Jwk) -> None:
    keys = keys_of(jwk, {**jwk, "use": None})
    assert len(keys.find(header(None), "sig")) == 1


def test_without_a_kid_the_keys_of_the_alg_are_tried(private_keys: PrivateKeys) -> None:
    jwks = [jwk_of(private_keys["ES256"], f"{place}") for place in range(4)]
    keys = keys_of(jwk_of(private_keys["RS256"], "rsa"), *jwks)
    assert kids(keys.find(header(None), "sig")) == ["0", "1", "2", "3"]


def test_without_a_kid_no_more_than_four_keys_are_tried(private_keys: PrivateKeys) -> None:
    keys = keys_of(*[jwk_of(private_keys["ES256"], f"{place}") for place in range(5)])
    assert keys.find(header(None), "sig") == ()
    assert kids(keys.find(header("4"), "sig")) == ["4"]


def test_a_set_of_a_hundred_keys_is_taken(private_keys: PrivateKeys) -> None:
    jwks = [jwk_of(private_keys["EdDSA"], f"{place}") for place in range(100)]
    assert len(published(*jwks)) == 100


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"keys": [{}] * 101}, "the key set has more than 100 keys"),
        ({}, "the key set has no list of keys"),
        ({"keys": {"one": {}}}, "the key set has no list of keys"),
        ({"keys": None}, "the key set has no list of keys"),
        ([], "the key set is not a JSON object"),
        (b"", "the key set is not a JSON object"),
        (b"<html>secret</html>", "the key set is not a JSON object"),
        (b"\xff\xfe", "the key set is not a JSON object"),
        (b'{"keys": [], "keys": []}', "the key set is not a JSON object"),
        (b'{"keys": ' + b"[" * 100_000, "the key set is not a JSON object"),
        (b'{"keys": [' + b"9" * 10_000 + b"]}", "the key set is not a JSON object"),
        (b'{"keys": [NaN]}', "the key set is not a JSON object"),
    ],
)
def test_what_is_no_key_set_is_an_outage(
    keys: RemoteKeys,
    provider: Provider,
    caplog: pytest.LogCaptureFixture,
    document: Any,
    fault: str,
) -> None:
    provider.documents[JWKS_URL] = document
    with pytest.raises(Unavailable):
        keys.find(header(), "sig")
    assert caplog.messages == [f"the keys of id.example cannot be fetched: {fault}"]


def test_a_pyjwt_that_cannot_be_imported_is_named(
    keys: RemoteKeys, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = ConfigurationError("PyJWT cannot be imported")
    monkeypatch.setattr("flask_tokenguard.jose.jws.algorithm", Mock(side_effect=fault))
    with pytest.raises(Unavailable):
        keys.find(header(), "sig")
    assert caplog.messages == [f"the keys of id.example cannot be fetched: {fault}"]


def test_what_is_no_key_set_leaves_the_keys_that_are_known(
    keys: RemoteKeys, provider: Provider, monotonic: SettableClock
) -> None:
    keys.find(header(), "sig")
    provider.documents[JWKS_URL] = b"<html>"
    monotonic.now += HOUR
    assert kids(keys.find(header(), "sig")) == ["one"]
    assert len(provider.asked) == 2
