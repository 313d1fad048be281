"""Signatures, and what must never be an HMAC secret (RFC 7515, RFC 7518 section 3)."""

import json
import subprocess
import sys
from base64 import b64decode, b64encode, encodebytes, urlsafe_b64encode
from unittest.mock import Mock

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import HMACAlgorithm

from flask_tokenguard.jose import base64url, jws
from flask_tokenguard.jose.algorithms import SIGNATURE_ALGORITHMS, fitting
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey, to_public_jwk

from .tokens import KEYS_THAT_END_IN_A_BLANK, KNOWN_KEYS

REFUSAL = "is empty, or is an asymmetric key or a JWK"


def der(private: PrivateKey) -> bytes:
    """Write the public key as SubjectPublicKeyInfo."""
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def openssh(private: PrivateKey) -> bytes:
    """Write the public key as a line of OpenSSH."""
    return private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def jwk(private: PrivateKey) -> bytes:
    """Write the public key as the text of a JWK."""
    return json.dumps(to_public_jwk(private.public_key())).encode()


def test_the_algorithms_are_those_of_the_design() -> None:
    assert " ".join(SIGNATURE_ALGORITHMS) == (
        "HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519"
    )


@pytest.mark.parametrize("alg", SIGNATURE_ALGORITHMS)
def test_every_algorithm_has_its_object(alg: str) -> None:
    assert jws.algorithm(alg) is not None


@pytest.mark.parametrize("alg", ["none", "ES256K", "Ed448", "hs256"])
def test_there_is_no_object_for_another_name(alg: str) -> None:
    with pytest.raises(KeyError):
        jws.algorithm(alg)


@pytest.mark.parametrize(
    ("kty", "crv", "names"),
    [
        ("oct", None, "HS256 HS384 HS512"),
        ("RSA", None, "RS256 RS384 RS512 PS256 PS384 PS512"),
        ("EC", "P-521", "ES512"),
        ("OKP", "Ed25519", "EdDSA Ed25519"),
        ("OKP", "Ed448", ""),
    ],
)
def test_a_kind_of_key_has_its_algorithms(kty: str, crv: str | None, names: str) -> None:
    assert fitting(kty, crv) == tuple(names.split())


@pytest.mark.parametrize("alg", SIGNATURE_ALGORITHMS)
@pytest.mark.parametrize("size", [0, 1, 31, 32, 63, 64, 65, 96, 132, 255, 256, 257, 4096])
def test_octets_that_are_no_signature_are_not_valid(
    keys: dict[str, Key], alg: str, size: int
) -> None:
    assert keys[alg].verify(b"message", b"\x01" * size) is False


@pytest.mark.parametrize("alg", SIGNATURE_ALGORITHMS)
def test_a_signature_with_an_octet_more_is_not_valid(keys: dict[str, Key], alg: str) -> None:
    assert keys[alg].verify(b"message", keys[alg].sign(b"message") + b"\0") is False


@pytest.mark.parametrize(
    ("alg", "size"), [("ES256", 64), ("ES384", 96), ("ES512", 132), ("EdDSA", 64), ("HS512", 64)]
)
def test_a_signature_is_as_long_as_rfc_7518_says(keys: dict[str, Key], alg: str, size: int) -> None:
    assert len(keys[alg].sign(b"message")) == size


@pytest.mark.parametrize(("alg", "size"), [("ES256", 32), ("ES384", 48), ("ES512", 66)])
def test_small_numbers_of_a_signature_are_filled_up(alg: str, size: int) -> None:
    key = Mock(sign=Mock(return_value=encode_dss_signature(1, 2)))
    signature = jws.algorithm(alg).sign(b"message", key)
    assert signature == (1).to_bytes(size) + (2).to_bytes(size)


@pytest.mark.parametrize(("one", "other"), [("RS256", "PS256"), ("RS256", "RS512")])
def test_a_signature_of_another_algorithm_is_not_valid(
    keys: dict[str, Key], one: str, other: str
) -> None:
    assert keys[other].verify(b"message", keys[one].sign(b"message")) is False


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(b"correct horse battery staple", id="words"),
        pytest.param(b"\x30\x82" + b"\x01" * 62, id="octets that begin as DER does"),
        pytest.param(bytes(range(256)), id="octets"),
        pytest.param(b"{" + b"curly" * 9, id="a brace"),
        pytest.param(b'{"a":"' + b"b" * 40 + b'"}', id="JSON that is no key"),
        pytest.param(b"A" * 64, id="base64"),
        pytest.param(b"AAAAAAAAAA=", id="broken base64"),
        pytest.param("schlüssel€".encode() * 4, id="not ASCII"),
        pytest.param(b"ssh is not a key", id="ssh"),
    ],
)
def test_a_secret_is_accepted(secret: bytes) -> None:
    jws.check_secret(secret)


FRAGMENTS = st.sampled_from(
    [b"0", b"\x30\x2a", b"{", b"[", b"}", b"]", b'"kty"', b'"', b":", b" ", b"\0", b"\xef\xbb\xbf"]
    + ['{"kty":"oct"}'.encode(name) for name in ("utf-8", "utf-16", "utf-16-be", "utf-32-le")]
    + [b64decode("MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")]
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(FRAGMENTS | st.binary(max_size=8), max_size=6).map(b"".join))
def test_a_secret_that_is_accepted_is_one_to_pyjwt(secret: bytes) -> None:
    try:
        jws.check_secret(secret)
    except ValueError:
        return
    assert HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret) == secret


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_a_jwk_in_any_encoding_of_json_is_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret('\n [{"kty": "oct", "k": "c2VjcmV0"}]'.encode(encoding))


@pytest.mark.parametrize(
    ("key", "is_imported"),
    [
        pytest.param("b'correct horse battery staple and so on'", False, id="a secret"),
        pytest.param("ec.generate_private_key(ec.SECP256R1())", False, id="EC"),
        pytest.param("ed25519.Ed25519PrivateKey.generate()", True, id="Ed25519"),
    ],
)
def test_pyjwt_is_imported_when_a_key_asks_for_it(key: str, is_imported: bool) -> None:
    code = (
        "import sys, flask_tokenguard; from flask_tokenguard.jose.jwk import Key;"
        " from cryptography.hazmat.primitives.asymmetric import ec, ed25519;"
        f" key = Key({key}); assert key.verify(b'x', key.sign(b'x')); print('jwt' in sys.modules)"
    )
    run = subprocess.run(  # noqa: S603 - our own code, by the interpreter that runs this
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout == f"{is_imported}\n"


@pytest.mark.parametrize("secret", [b"", b"  \n\t", b"\xef\xbb\xbf"], ids=["", "blank", "mark"])
def test_an_empty_secret_is_refused(secret: bytes) -> None:
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(secret)


@pytest.mark.parametrize(
    "label",
    [
        "PUBLIC KEY",
        "RSA PUBLIC KEY",
        "EC PUBLIC KEY",
        "CERTIFICATE",
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PGP PUBLIC KEY BLOCK",
    ],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("\n ", ""), ("\ufeff", ""), ('"', '"'), ("Key: x\r\n", ""), ("A" * 99, "")],
    ids=["plain", "blank", "byte order mark", "quoted", "header", "text"],
)
def test_pem_in_any_spelling_is_refused(label: str, before: str, after: str) -> None:
    text = f"{before}-----BEGIN {label}-----\nMIIB\n-----END {label}-----{after}"
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(text.encode())


def test_a_public_key_of_ssh2_is_refused() -> None:
    text = b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2E=\n---- END SSH2 PUBLIC KEY ----"
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(text)


each_kind = pytest.mark.parametrize("alg", ["RS256", "ES256", "ES512", "EdDSA"])


@each_kind
@pytest.mark.parametrize(
    "write",
    [bytes, b64encode, urlsafe_b64encode, encodebytes, lambda octets: b" \n" + b64encode(octets)],
    ids=["octets", "base64", "base64url", "base64 in lines", "base64 after a blank"],
)
def test_a_public_key_in_der_is_refused(
    private_keys: dict[str, PrivateKey], alg: str, write: type[bytes]
) -> None:
    secret = write(der((private_keys | KNOWN_KEYS)[alg]))
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(secret)


@pytest.mark.parametrize("alg", KEYS_THAT_END_IN_A_BLANK)
def test_a_public_key_in_der_that_ends_in_a_blank_is_refused(alg: str) -> None:
    secret = der(KEYS_THAT_END_IN_A_BLANK[alg])
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(secret)


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
@pytest.mark.parametrize("write", [b64encode, urlsafe_b64encode])
def test_a_public_key_in_der_in_unpadded_base64_is_refused(
    private_keys: dict[str, PrivateKey], alg: str, write: type[bytes]
) -> None:
    secret = write(der(private_keys[alg])).rstrip(b"=")
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(secret)


@each_kind
@pytest.mark.parametrize("before", [b"", b" \n", b"\xef\xbb\xbf"], ids=["plain", "blank", "mark"])
def test_an_openssh_key_is_refused(
    private_keys: dict[str, PrivateKey], alg: str, before: bytes
) -> None:
    secret = before + openssh(private_keys[alg]) + b" me@example.com\n"
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(secret)


@each_kind
def test_the_base64_of_an_openssh_key_is_refused(
    private_keys: dict[str, PrivateKey], alg: str
) -> None:
    secret = openssh(private_keys[alg]).split()[1]
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(secret)


def test_the_octets_of_an_openssh_key_are_refused(private_keys: dict[str, PrivateKey]) -> None:
    secret = b64decode(openssh(private_keys["RS256"]).split()[1])
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(secret)


@each_kind
@pytest.mark.parametrize(
    ("before", "after"),
    [(b"", b""), (b" \n", b"\n"), (b"\xef\xbb\xbf", b""), (b'{"keys":[', b"]}"), (b"[", b"]")],
    ids=["plain", "blank", "byte order mark", "JWKS", "list"],
)
def test_the_text_of_a_jwk_is_refused(
    private_keys: dict[str, PrivateKey], alg: str, before: bytes, after: bytes
) -> None:
    secret = before + jwk(private_keys[alg]) + after
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(secret)


def test_the_base64_of_a_jwk_is_refused(private_keys: dict[str, PrivateKey]) -> None:
    secret = b64encode(jwk(private_keys["ES256"]))
    with pytest.raises(ValueError, match=REFUSAL):
        jws.check_secret(secret)


@pytest.mark.parametrize("alg", SIGNATURE_ALGORITHMS)
def test_a_signatures_length_is_known_before_it_is_made(keys: dict[str, Key], alg: str) -> None:
    signature = base64url.encode(keys[alg].sign(b"message"))
    assert keys[alg].signature_size == len(signature)
