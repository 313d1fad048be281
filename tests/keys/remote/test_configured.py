"""The keys of another issuer in the config or in a file, read as a fetched set is."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519

from flask_tokenguard.arguments.files import NamedFile
from flask_tokenguard.errors import ConfigurationError
from flask_tokenguard.jose import material
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.jose.jwk import Key, KeySet
from flask_tokenguard.jose.material import PrivateKey, public_part, to_public_jwk
from flask_tokenguard.keys.entries import KeyEntry
from flask_tokenguard.keys.remote.configured import read_key_set

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
PrivateKeys = dict[str, PrivateKey]
Jwk = dict[str, Any]


def header(kid: str | None, alg: str) -> Header:
    return Header(alg, kid, None, {})


def read(
    value: Any, *, algorithms: Sequence[str] = ALGORITHMS, **entry: Any
) -> tuple[KeySet[Key], list[str]]:
    """Read a set, and what is wrong with it."""
    faults: list[str] = []
    keys = read_key_set(
        KeyEntry(source="SET", value=value, **entry),
        issuer="https://id.example",
        algorithms=algorithms,
        on_fault=faults.append,
    )
    return keys, faults


def good(value: Any, *, algorithms: Sequence[str] = ALGORITHMS, **entry: Any) -> KeySet[Key]:
    """Read a set that can be used."""
    keys, faults = read(value, algorithms=algorithms, **entry)
    assert faults == []
    return keys


def found(keys: KeySet[Key], kid: str | None, alg: str) -> list[str]:
    """Find keys by what a token names."""
    return [key.alg for key in keys.find(header(kid, alg), "sig")]


def jwk_of(key: PrivateKey, kid: str | None = None, **members: Any) -> Jwk:
    """Write a public key as a JWK."""
    named = {} if kid is None else {"kid": kid}
    return {**to_public_jwk(public_part(key)), **named, **members}


@pytest.fixture
def odd(private_keys: PrivateKeys) -> dict[str, Jwk]:
    """What providers publish beside their keys, by its kid."""
    ec, okp = jwk_of(private_keys["ES256"]), jwk_of(private_keys["EdDSA"])
    exchange = to_public_jwk(x25519.X25519PrivateKey.generate().public_key())
    rsa = jwk_of(private_keys["RS256"])
    return {
        "enc": {**rsa, "kid": "enc", "use": "enc", "alg": "RSA-OAEP"},
        "k1": {**ec, "kid": "k1", "crv": "secp256k1", "alg": "ES256K"},
        "448": {**okp, "kid": "448", "crv": "Ed448"},
        "ml": {"kty": "LMS", "kid": "ml", "alg": "ML-DSA-44", "pub": "AA"},
        "new": {"kty": "LATTICE", "kid": "new"},
        "ops": {**ec, "kid": "ops", "key_ops": ["encrypt"]},
        "ecdh": {**exchange, "kid": "ecdh"},
        "512": {**rsa, "kid": "512", "alg": "RS512"},
    }


REASONS = {
    "enc": 'has the use "enc", not sig',
    "k1": "has a crv other than P-256, P-384, P-521",
    "448": "has a crv other than Ed25519, X25519",
    "ml": "has a kty other than oct, RSA, EC, OKP, AKP",
    "new": "has a kty other than oct, RSA, EC, OKP, AKP",
    "ops": "has key_ops that allow neither to sign nor to verify",
    "ecdh": "is an X25519 key, which signs and verifies nothing",
    "512": 'is for "RS512", not among the issuer\'s algorithms, ES256, Ed25519, EdDSA, PS256',
}


@pytest.mark.parametrize("way", ["object", "text", "file"])
def test_a_key_that_cannot_be_used_is_passed_over_and_named(
    odd: dict[str, Jwk],
    private_keys: PrivateKeys,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    way: str,
) -> None:
    jwks = {"keys": [*odd.values(), jwk_of(private_keys["ES256"], "good")]}
    text = json.dumps(jwks)
    (tmp_path / "jwks.json").write_text(text)
    entry: dict[str, Any] = {"file": NamedFile("jwks.json", tmp_path)} if way == "file" else {}
    with caplog.at_level(logging.INFO, "flask_tokenguard"):
        keys = good({"object": jwks, "text": text, "file": None}[way], **entry)
    assert [key.kid for key in keys] == ["good"]
    lines = [message.partition(" is passed over: ") for message in caplog.messages]
    assert {line[0] for line in lines} == {"a key of https://id.example"}
    for (_, _, line), (kid, reason) in zip(lines, REASONS.items(), strict=True):
        assert line.startswith(f'kid "{kid}" {reason}')


def test_what_is_no_jwk_is_named_by_its_place(
    private_keys: PrivateKeys, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flask_tokenguard")
    good({"keys": [7, {"kid": 7}, jwk_of(private_keys["ES256"])]})
    assert "keys[0] is not an object" in caplog.text
    assert "keys[1] is JSON without kty or keys" in caplog.text


def test_a_set_of_which_nothing_can_be_used_is_a_fault(odd: dict[str, Jwk]) -> None:
    _, (fault,) = read({"keys": [odd["enc"], odd["ml"], odd["k1"]]})
    assert fault == (
        'SET: the key set was read, and none of its 3 keys can be used: kid "enc" has the use'
        ' "enc", not sig; kid "ml" has a kty other than oct, RSA, EC, OKP, AKP; kid "k1" has a crv'
        " other than P-256, P-384, P-521"
    )


def test_a_fault_names_no_more_than_five_keys(odd: dict[str, Jwk]) -> None:
    _, (fault,) = read({"keys": list(odd.values())})
    assert fault.count("kid ") == 5
    assert fault.endswith("; ...")


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"keys": []}, "the key set was read, and it holds no key"),
        ({"keys": 7}, "the key is a JWKS whose keys are not a list"),
        ({"keys": [{}] * 101}, "the key is a JWKS of more than 100 keys"),
        ({"keys": [{"kty": "LMS", "kid": "a"}]}, 'its one key cannot be used: kid "a" has a kty'),
        ({"kty": "LMS", "kid": "a"}, "SET: the key has a kty other than"),
        ('{"keys": [', "the key is not JSON"),
    ],
    ids=str,
)
def test_what_is_no_set_is_a_fault(value: Any, fault: str) -> None:
    assert fault in read(value)[1][0]


@pytest.mark.parametrize("form", ["jwk", "jwks", "pem", "private pem"])
def test_rsa_without_an_alg_is_for_what_the_entry_allows(
    private_keys: PrivateKeys,
    public_pems: dict[str, str],
    private_pems: dict[str, str],
    form: str,
) -> None:
    jwk = jwk_of(private_keys["RS256"])
    value = {
        "jwk": jwk,
        "jwks": {"keys": [jwk]},
        "pem": public_pems["RS256"],
        "private pem": private_pems["RS256"],
    }[form]
    keys = good(value)
    algs = [found(keys, None, alg) for alg in ("RS256", "PS256", "RS512")]
    assert algs == [["RS256"], ["PS256"], []]


def test_an_alg_that_is_stated_is_the_only_one(private_keys: PrivateKeys) -> None:
    keys = good(jwk_of(private_keys["RS256"], "a", alg="PS256"))
    assert [found(keys, "a", alg) for alg in ("RS256", "PS256")] == [[], ["PS256"]]


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("stated", [{}, {"alg": "EdDSA"}, {"alg": "Ed25519"}], ids=str)
def test_either_name_of_ed25519_stands_for_both(
    private_keys: PrivateKeys, algorithm: str, stated: Jwk
) -> None:
    keys = good(jwk_of(private_keys["EdDSA"], "a", **stated), algorithms=[algorithm])
    assert all(found(keys, "a", alg) for alg in ("EdDSA", "Ed25519"))


# Names.


@pytest.mark.parametrize("form", ["jwk", "pem"])
def test_a_key_without_a_name_fits_a_token_with_one(
    private_keys: PrivateKeys, public_pems: dict[str, str], form: str
) -> None:
    keys = good(public_pems["ES256"] if form == "pem" else jwk_of(private_keys["ES256"]))
    assert [found(keys, kid, "ES256") for kid in ("2024-11", None)] == [["ES256"]] * 2
    assert found(keys, "2024-11", "RS256") == []
    assert keys.find(header("2024-11", "ES256"), "enc") == ()


def test_a_certificate_fits_a_token_with_a_name(certificate: str) -> None:
    assert found(good(certificate), "2024-11", "RS256") == ["RS256"]


def test_a_key_beside_others_of_its_alg_needs_a_name(private_keys: PrivateKeys) -> None:
    nameless, named = jwk_of(private_keys["ES256"]), jwk_of(private_keys["ES256"], "b")
    keys = good({"keys": [nameless, named]})
    assert [found(keys, kid, "ES256") for kid in ("a", "b")] == [[], ["ES256"]]


def test_a_key_with_a_name_fits_no_other(private_keys: PrivateKeys) -> None:
    assert found(good(jwk_of(private_keys["ES256"], "a")), "b", "ES256") == []


def test_a_name_of_one_key_never_means_another(private_keys: PrivateKeys) -> None:
    keys = good({"keys": [jwk_of(private_keys["EdDSA"], "a"), jwk_of(private_keys["ES256"])]})
    assert found(keys, "a", "ES256") == []
    assert found(keys, "b", "ES256") == ["ES256"]


@pytest.mark.parametrize("form", ["jwk", "jwks", "pem"])
def test_an_entry_may_name_its_key(
    private_keys: PrivateKeys, public_pems: dict[str, str], form: str
) -> None:
    jwk = jwk_of(private_keys["RS256"])
    value = {"jwk": jwk, "jwks": {"keys": [jwk]}, "pem": public_pems["RS256"]}[form]
    keys = good(value, kid="a")
    assert [found(keys, kid, "PS256") for kid in ("a", "b")] == [["PS256"], []]


def test_a_name_beside_another_one_is_a_fault(private_keys: PrivateKeys) -> None:
    _, (fault,) = read(jwk_of(private_keys["ES256"], "a"), kid="b")
    assert fault == "SET: the key has the kid 'a', and 'b' beside it"


def test_one_name_for_several_keys_is_a_fault(private_keys: PrivateKeys) -> None:
    _, (fault,) = read({"keys": [jwk_of(private_keys["ES256"])] * 2}, kid="b")
    assert fault == "SET: the key is a JWKS of 2 keys, and the kid beside it names one"


def test_of_two_keys_with_one_kid_the_second_is_named(
    private_keys: PrivateKeys, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flask_tokenguard")
    keys = good({"keys": [jwk_of(private_keys["EdDSA"], "a")] * 2})
    assert len([*keys]) == 1
    assert 'kid "a" is there twice for EdDSA' in caplog.text


# Secrets.


def test_secrets_are_used_where_an_entry_allows_them() -> None:
    jwk = {"kty": "oct", "k": token_urlsafe(32)}
    keys = good({"keys": [jwk, {**jwk, "k": token_urlsafe(32)}]}, algorithms=["HS256", "HS512"])
    assert len([*keys]) == 2
    assert len(keys.find(header(None, "HS256"), "sig")) == 2
    assert "is for" in read({"keys": [jwk]})[1][0]


def test_a_secret_of_words_is_a_fault() -> None:
    _, (fault,) = read("short", algorithms=["HS256"])
    assert fault.startswith("SET: the key ")


def test_a_key_that_needs_what_is_missing_is_a_fault(
    private_keys: PrivateKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ConfigurationError("PyJWT cannot be imported")

    monkeypatch.setattr(material, "from_jwk", fail)
    assert read(jwk_of(private_keys["RS256"]))[1] == ["PyJWT cannot be imported"]
