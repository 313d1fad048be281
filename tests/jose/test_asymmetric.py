"""What must never be an HMAC secret: who knows a public key could sign (CVE-2022-29217)."""

import json
from base64 import b64decode, b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import HMACAlgorithm

from flask_tokenguard.jose import akp, asymmetric
from flask_tokenguard.jose.asymmetric import check_secret
from flask_tokenguard.jose.jwe import EncryptionKey
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey, to_public_jwk

from .tokens import KEYS_THAT_END_IN_A_BLANK, KNOWN_KEYS

REFUSAL = "looks like .*, not a secret: who knows the public key could sign"


def der(private: PrivateKey) -> bytes:
    """Write the public key as SubjectPublicKeyInfo."""
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def openssh(private: PrivateKey) -> bytes:
    """Write the public key as a line of OpenSSH."""
    return private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def jwk(private: PrivateKey) -> bytes:
    """Write the public key as the text of a JWK."""
    return json.dumps(to_public_jwk(private.public_key())).encode()


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
    check_secret(secret)


FRAGMENTS = st.sampled_from(
    [b"0", b"\x30\x2a", b"{", b"[", b"}", b"]", b'"kty"', b'"', b":", b" ", b"\0", b"\xef\xbb\xbf"]
    + ['{"kty":"oct"}'.encode(name) for name in ("utf-8", "utf-16", "utf-16-be", "utf-32-le")]
    + [b64decode("MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")]
)


@settings(max_examples=10 * settings().max_examples)
@given(st.lists(FRAGMENTS | st.binary(max_size=8), max_size=6).map(b"".join))
def test_a_secret_that_is_accepted_is_one_to_pyjwt(secret: bytes) -> None:
    try:
        check_secret(secret)
    except ValueError:
        return
    assert HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret) == secret


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_a_jwk_in_any_encoding_of_json_is_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match=REFUSAL):
        check_secret('\n [{"kty": "oct", "k": "c2VjcmV0"}]'.encode(encoding))


@pytest.mark.parametrize("secret", [b"", b"  \n\t", b"\xef\xbb\xbf"], ids=["", "blank", "mark"])
def test_an_empty_secret_is_refused(secret: bytes) -> None:
    with pytest.raises(ValueError, match="is empty"):
        check_secret(secret)


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
        check_secret(text.encode())


def test_a_public_key_of_ssh2_is_refused() -> None:
    text = b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2E=\n---- END SSH2 PUBLIC KEY ----"
    with pytest.raises(ValueError, match=REFUSAL):
        check_secret(text)


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
        check_secret(secret)


@given(st.from_regex(asymmetric._DER))
def test_octets_that_stand_in_keys_alone_are_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match=REFUSAL):
        check_secret(octets)


@given(st.from_regex(asymmetric._RSA_PUBLIC_KEY))
def test_the_beginning_of_a_public_key_of_rsa_is_looked_at(octets: bytes) -> None:
    assert any(mark in octets.upper() for mark in asymmetric._DER_MARKS)


@pytest.mark.parametrize("alg", KEYS_THAT_END_IN_A_BLANK)
def test_a_public_key_in_der_that_ends_in_a_blank_is_refused(alg: str) -> None:
    secret = der(KEYS_THAT_END_IN_A_BLANK[alg])
    with pytest.raises(ValueError, match=REFUSAL):
        check_secret(secret)


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
@pytest.mark.parametrize("write", [b64encode, urlsafe_b64encode])
def test_a_public_key_in_der_in_unpadded_base64_is_refused(
    private_keys: dict[str, PrivateKey], alg: str, write: type[bytes]
) -> None:
    secret = write(der(private_keys[alg])).rstrip(b"=")
    with pytest.raises(ValueError, match=REFUSAL):
        check_secret(secret)


@pytest.mark.parametrize("alg", akp.PUBLIC_SIZES)
@pytest.mark.parametrize(
    "write",
    [bytes, b64encode, urlsafe_b64encode, encodebytes, lambda octets: octets.hex().encode()],
)
def test_the_octets_of_a_key_for_ml_dsa_are_refused(
    private_keys: dict[str, PrivateKey], alg: str, write: Callable[[bytes], bytes]
) -> None:
    public = private_keys[alg].public_key()
    assert isinstance(public, akp.AkpPublicKey)
    with pytest.raises(ValueError, match="looks like a public key of ML-DSA"):
        check_secret(write(public.public_bytes_raw()))


def test_what_remains_of_a_jwk_for_ml_dsa_is_refused() -> None:
    with pytest.raises(ValueError, match="looks like a JWK"):
        check_secret(b'"alg": "ML-DSA-44", "pub": "unH59k4RuutY')


@each_kind
@pytest.mark.parametrize("before", [b"", b" \n", b"\xef\xbb\xbf"], ids=["plain", "blank", "mark"])
def test_an_openssh_key_is_refused(
    private_keys: dict[str, PrivateKey], alg: str, before: bytes
) -> None:
    secret = before + openssh(private_keys[alg]) + b" me@example.com\n"
    with pytest.raises(ValueError, match=REFUSAL):
        check_secret(secret)


@each_kind
def test_the_base64_of_an_openssh_key_is_refused(
    private_keys: dict[str, PrivateKey], alg: str
) -> None:
    secret = openssh(private_keys[alg]).split()[1]
    with pytest.raises(ValueError, match=REFUSAL):
        check_secret(secret)


def test_the_octets_of_an_openssh_key_are_refused(private_keys: dict[str, PrivateKey]) -> None:
    secret = b64decode(openssh(private_keys["RS256"]).split()[1])
    with pytest.raises(ValueError, match=REFUSAL):
        check_secret(secret)


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
        check_secret(secret)


def test_the_base64_of_a_jwk_is_refused(private_keys: dict[str, PrivateKey]) -> None:
    secret = b64encode(jwk(private_keys["ES256"]))
    with pytest.raises(ValueError, match=REFUSAL):
        check_secret(secret)


def test_rsa_lengths_that_do_not_agree_are_no_key() -> None:
    check_secret(bytes.fromhex("3082ffff0282010100c0") + bytes(range(64)))


def test_no_key_is_made_of_a_public_key(private_keys: dict[str, PrivateKey]) -> None:
    with pytest.raises(ValueError, match=REFUSAL):
        Key(der(private_keys["ES256"]))


def test_no_encryption_key_is_made_of_a_public_key() -> None:
    # Both coordinates are as long as a key of A256CBC-HS512.
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    with pytest.raises(ValueError, match=REFUSAL):
        EncryptionKey(point[1:])


@pytest.mark.parametrize(
    "curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1()], ids=lambda c: c.name
)
@pytest.mark.parametrize("before", [b"", b"\x04", b"of any kind \x04"])
def test_the_point_of_a_public_key_is_refused(curve: ec.EllipticCurve, before: bytes) -> None:
    public = ec.generate_private_key(curve).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
    with pytest.raises(ValueError, match="a point of an elliptic curve"):
        check_secret(before + point)


@pytest.mark.parametrize("size", [32, 48, 66])
def test_coordinates_that_are_not_below_the_prime_are_no_point(size: int) -> None:
    check_secret(b"\xff" * (2 * size))


@pytest.mark.parametrize(
    "rest",
    [
        *(b"-- begin ", b"begin public key", b"END-CERTIFICATE", b"ssh-rsa", b"ssh-ed448"),
        *(b"ecdsa-sha2-nistp384", b"openssh-key-v1", b"PuTTY-User-Key-File-2"),
        *(b"\0\0\0\x03\x01\0\x01\0\0\x01\x01\0\xff", b'"e":"AQAB', b"kty: RSA"),
        *(b"'alg' : 'ML-DSA-44", b"<Modulus>", b"<ds:KeyInfo>", b"<RSAKeyValue "),
        *(b'"crv":"P-256', b"<X509Data>", b"<ds:X509Certificate>"),
    ],
)
def test_the_least_that_is_left_of_a_key_is_refused(rest: bytes) -> None:
    with pytest.raises(ValueError, match=REFUSAL):
        check_secret(rest)
