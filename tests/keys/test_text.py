"""From one text to the keys in it: PEM, JWK, JWKS or a secret."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey, thumbprint, to_public_jwk
from flask_tokenguard.keys.text import read_keys

from .conftest import PASSWORD, private_pem

SECRET = "correct-horse-battery-staple-and-more"
SECRET_JWK = {"kty": "oct", "k": "jHqXKMAmz-9CrDkDYVrA_UDi9USwuH4mUsDNiObtdXo"}


@pytest.mark.parametrize(
    ("form", "alg"),
    [
        ("PKCS#8 RSA", "RS256"),
        ("PKCS#8 EC", "ES384"),
        ("PKCS#8 Ed25519", "EdDSA"),
        ("PKCS#1", "RS256"),
        ("SEC1", "ES512"),
        ("openssl ecparam", "ES256"),
    ],
)
def test_a_private_key_is_read(
    private_forms: dict[str, str], private_keys: dict[str, PrivateKey], form: str, alg: str
) -> None:
    (key,) = read_keys(private_forms[form])
    assert (key.alg, key.is_private) == (alg, True)
    assert key.kid == thumbprint(private_keys[alg].public_key())


@pytest.mark.parametrize(
    ("form", "alg"),
    [
        ("SubjectPublicKeyInfo RSA", "RS256"),
        ("SubjectPublicKeyInfo EC", "ES256"),
        ("RSA PUBLIC KEY", "RS256"),
        ("certificate", "RS256"),
        ("JWK", "ES256"),
    ],
)
def test_a_public_key_is_read(
    public_forms: dict[str, str], private_keys: dict[str, PrivateKey], form: str, alg: str
) -> None:
    (key,) = read_keys(public_forms[form])
    assert (key.alg, key.is_private) == (alg, False)
    assert key.kid == thumbprint(private_keys[alg].public_key())


def test_every_key_of_a_jwks_is_read(public_forms: dict[str, str]) -> None:
    assert [key.alg for key in read_keys(public_forms["JWKS"])] == ["ES256", "RS256"]


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_an_encrypted_key_is_opened(encrypted_pems: dict[str, str], alg: str) -> None:
    (key,) = read_keys(encrypted_pems[alg], password=PASSWORD)
    assert (key.alg, key.is_private) == (alg, True)


def test_a_traditionally_encrypted_key_is_opened(private_keys: dict[str, PrivateKey]) -> None:
    text = private_pem(private_keys["RS256"], PrivateFormat.TraditionalOpenSSL, PASSWORD)
    (key,) = read_keys(text, password=PASSWORD)
    assert key.is_private


def test_a_secret_is_its_octets_in_utf_8() -> None:
    (key,) = read_keys(SECRET + "ü")
    (same,) = read_keys({"kty": "oct", "k": _utf_8_of_the_secret()})
    assert same.verify(b"message", key.sign(b"message"))


def _utf_8_of_the_secret() -> str:
    return "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZS1hbmQtbW9yZcO8"


def test_the_blanks_of_a_secret_belong_to_it() -> None:
    (key,), (other,) = read_keys(SECRET), read_keys(f" {SECRET}")
    assert not other.verify(b"message", key.sign(b"message"))


@pytest.mark.parametrize("jwk", [SECRET_JWK, {"keys": [SECRET_JWK]}], ids=["JWK", "JWKS"])
@pytest.mark.parametrize("write", [dict, json.dumps], ids=["parsed", "text"])
def test_a_jwk_is_read_parsed_or_as_text(jwk: dict[str, Any], write: Any) -> None:
    (key,) = read_keys(write(jwk))
    assert (key.alg, key.is_private) == ("HS256", True)


def test_options_bind_a_key(private_forms: dict[str, str]) -> None:
    (key,) = read_keys(private_forms["PKCS#1"], alg="PS512", kid="k", use="sig")
    assert (key.alg, key.kid) == ("PS512", "k")


def test_options_bind_a_jwk() -> None:
    (key,) = read_keys(SECRET_JWK, preferred_alg="HS256", kid="k")
    assert (key.alg, key.kid) == ("HS256", "k")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SECRET, id="secret"),
        pytest.param(SECRET_JWK, id="JWK"),
        pytest.param(json.dumps(SECRET_JWK), id="JWK text"),
    ],
)
def test_a_password_is_refused_for_what_is_no_pem(text: Any) -> None:
    with pytest.raises(ValueError, match="has a password, and is not an encrypted PEM"):
        read_keys(text, password=PASSWORD)


@pytest.mark.parametrize("form", ["SubjectPublicKeyInfo EC", "RSA PUBLIC KEY", "certificate"])
def test_a_password_is_refused_for_a_public_key(public_forms: dict[str, str], form: str) -> None:
    with pytest.raises(ValueError, match="has a password, and is not an encrypted PEM"):
        read_keys(public_forms[form], password=PASSWORD)


@pytest.mark.parametrize("form", ["PKCS#8 RSA", "PKCS#8 Ed25519", "PKCS#1", "SEC1"])
def test_a_password_is_refused_for_a_key_that_needs_none(
    private_forms: dict[str, str], form: str
) -> None:
    with pytest.raises(ValueError, match="is not encrypted, and has a password"):
        read_keys(private_forms[form], password=PASSWORD)


def test_an_empty_password_is_refused_for_a_key_that_needs_none(
    private_forms: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match="password"):
        read_keys(private_forms["PKCS#8 EC"], password="")


def test_an_encrypted_key_needs_a_password(encrypted_pems: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is encrypted, and has none"):
        read_keys(encrypted_pems["ES256"])


def test_an_empty_password_is_refused_for_a_key_that_needs_one(
    encrypted_pems: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match="has an empty password"):
        read_keys(encrypted_pems["ES256"], password="")


@pytest.mark.parametrize("password", ["wrong horse", "correct horse ", "\udcff", "ü" * 2000])
def test_a_wrong_password_opens_nothing(encrypted_pems: dict[str, str], password: str) -> None:
    with pytest.raises(ValueError, match="is the password right"):
        read_keys(encrypted_pems["ES256"], password=password)


@pytest.mark.parametrize(
    "text", ["\ud800" * 32, "-----BEGIN\udcff", "{\udcff}", '{"\udcff": 1}'], ids=ascii
)
def test_a_text_that_is_not_unicode_holds_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="is not Unicode text"):
        read_keys(text)


def test_pem_holds_one_key(private_forms: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="PEM with 2 blocks"):
        read_keys(private_forms["SEC1"] + private_forms["PKCS#1"])


@pytest.mark.parametrize("text", ["-----BEGIN", "-----BEGIN private key-----"])
def test_pem_has_a_whole_begin_line(text: str) -> None:
    with pytest.raises(ValueError, match="is PEM whose BEGIN line is not whole; give all of it"):
        read_keys(text)


def test_pem_has_an_end_line(private_forms: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is PEM without its END line; some of it is missing"):
        read_keys(private_forms["PKCS#8 RSA"].split("-----END")[0])


LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE"]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("body", ["not base64!", "AAA", ""])
def test_pem_holds_base64(label: str, body: str) -> None:
    with pytest.raises(ValueError, match="between BEGIN and END are not base64; some are missing"):
        read_keys(f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")


@pytest.mark.parametrize("label", LABELS)
def test_pem_that_holds_something_else_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be read; some of it is missing or changed$"):
        read_keys(f"-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")


def test_a_short_rsa_key_is_refused(short_rsa_pem: str) -> None:
    with pytest.raises(ValueError, match="1024 bits long"):
        read_keys(short_rsa_pem)


@pytest.mark.parametrize(
    "text",
    [
        '{"kty":"oct","kty":"oct"}',
        '{"kty":"oct"} trailing',
        "{not JSON",
        '{"kty":"oct","x":NaN}',
        "{}",
        '{"kty":"unknown"}',
        '{"kty":"oct"}',
        '{"kty":"oct","k":"AA=="}',
    ],
)
def test_text_that_begins_as_a_jwk_is_read_strictly(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - in many words
        read_keys(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            '{\n "kty": "oct",\n "k": }',
            "is not JSON: Expecting value at line 3, character 7",
        ),
        (
            "{'kty': 'oct', 'k': 'AA'}",
            "is not JSON: Expecting property name enclosed in double quotes at line 1, character 2",
        ),
        (
            "{kty: oct, k: AA}",
            "is not JSON: Expecting property name enclosed in double quotes at line 1, character 2",
        ),
        ('{"kty": "oct"} and more', "is not JSON: Extra data at line 1, character 16"),
        ('\ufeff{"kty": "oct"', "is not JSON: Expecting ',' delimiter at line 1, character 14"),
        ('{"kty": "oct", "k": "a\nb"}', "is not JSON: Invalid control character at line 1,"),
        ('{"kty": "oct", "kty": "oct"}', "is not JSON that can be read: the member kty occurs twi"),
        ('{"kty": "oct", "x": 1, "y": NaN}', "is not JSON that can be read: NaN is not JSON"),
        ('{"name": 1, "name": 1}', "is not JSON that can be read: a member occurs twice"),
        ('{"kty": ' + "[" * 9999, "is not JSON that can be read: nested too deeply"),
        ('[{"kty": "oct", "k": "AA"}]', 'is a list of JWKs; write a JWKS: {"keys": [...]}'),
        ("{}", "is JSON without kty or keys, so no JWK"),
        (
            '{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----"}',
            "is JSON without kty or keys, so no JWK; give what its private_key holds, alone",
        ),
        (
            '{"issuer": "https://id.example/", "jwks_uri": "https://id.example/keys"}',
            "is JSON without kty or keys, so no JWK; it is an issuer's metadata, which TOKENGUARD",
        ),
        ('{"kty": "LMS"}', "has a kty other than oct, RSA, EC, OKP, AKP"),
        ('{"kty": "OKP", "crv": "Ed448"}', "has a crv other than Ed25519, X25519"),
        ('{"kty": "RSA", "e": "AQAB"}', "has no canonical base64url member n"),
        (
            '{"keys": [{"kty": "RSA", "e": "AQAB", "n": "AQ"}, {"kty": "EC", "crv": "P-256"}]}',
            "is a JWKS, of which keys[0] is not a valid RSA key",
        ),
    ],
)
def test_json_that_is_not_quite_a_jwk_is_explained(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has) ") as caught:
        read_keys(text)
    assert str(caught.value).startswith(fault)


@pytest.mark.parametrize("keys", [None, "x", {}, {"kty": "oct"}, [SECRET_JWK, 7], ["x"]], ids=str)
def test_the_keys_of_a_jwks_are_a_list_of_objects(keys: object) -> None:
    with pytest.raises(ValueError, match="JWKS whose keys are not a list of objects"):
        read_keys({"keys": keys})


def test_a_jwks_holds_a_key() -> None:
    with pytest.raises(ValueError, match="JWKS without a key"):
        read_keys({"keys": []})


def test_a_jwks_does_not_mix_secrets_with_pairs(private_keys: dict[str, PrivateKey]) -> None:
    public = to_public_jwk(private_keys["ES256"].public_key())
    with pytest.raises(ValueError, match="mixes secrets with key pairs"):
        read_keys({"keys": [public, SECRET_JWK]})


def test_a_jwks_with_a_key_that_is_not_for_signatures_is_refused() -> None:
    with pytest.raises(ValueError, match="the use 'enc'"):
        read_keys({"keys": [SECRET_JWK, {**SECRET_JWK, "use": "enc"}]})


@pytest.mark.parametrize("before", [" ", "\n", "\ufeff"], ids=["blank", "newline", "mark"])
@pytest.mark.parametrize("form", ["SubjectPublicKeyInfo RSA", "certificate", "JWK", "JWKS"])
def test_a_public_key_after_a_blank_is_the_same_key(
    public_forms: dict[str, str], before: str, form: str
) -> None:
    read, plain = (read_keys(text) for text in (before + public_forms[form], public_forms[form]))
    assert [key.public_jwk() for key in read] == [key.public_jwk() for key in plain] != [None]


@pytest.mark.parametrize("form", ["SubjectPublicKeyInfo RSA", "RSA PUBLIC KEY", "certificate"])
@pytest.mark.parametrize("alg", ["HS256", "HS512"])
def test_a_public_key_is_not_bound_to_hmac(
    public_forms: dict[str, str], form: str, alg: str
) -> None:
    with pytest.raises(ValueError, match=f"is an RSA key, which {alg} does not take"):
        read_keys(public_forms[form], alg=alg)


def test_a_key_that_is_read_says_nothing_of_its_material(private_forms: dict[str, str]) -> None:
    (key,) = read_keys(private_forms["PKCS#1"], kid="k")
    assert isinstance(key, Key)
    assert repr(key) == str(key) == "<private RS256 Key, kid 'k'>"
