"""ML-DSA in PEM, as each program writes it (RFC 9881)."""

import hashlib
import os
from base64 import encodebytes
from typing import NoReturn

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from flask_tokenguard.jose import akp
from flask_tokenguard.jose.material import PrivateKey, thumbprint
from flask_tokenguard.keys import ml_dsa
from flask_tokenguard.keys.text import read_keys

from .conftest import PASSWORD

IDENTIFIERS = dict(zip(akp.PUBLIC_SIZES, ("11", "12", "13"), strict=True))
NOT_HERE = "which the installed cryptography cannot do; type `pip install 'cryptography>=48'`"
each = pytest.mark.parametrize("alg", akp.PUBLIC_SIZES)


def value(tag: int, *parts: bytes) -> bytes:
    """Write one value of DER."""
    octets = b"".join(parts)
    size = len(octets)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2)
    return bytes([tag]) + length + octets


def pkcs8(alg: str, private: bytes) -> bytes:
    """Write PKCS #8 around a private key."""
    algorithm = bytes.fromhex(f"300b06096086480165030403{IDENTIFIERS[alg]}")
    return value(0x30, b"\x02\x01\x00", algorithm, value(4, private))


def framed(label: str, der: bytes) -> str:
    """Write PEM."""
    return f"-----BEGIN {label}-----\n{encodebytes(der).decode()}-----END {label}-----\n"


def pem(alg: str, private: bytes) -> str:
    """Write a private key in PEM."""
    return framed("PRIVATE KEY", pkcs8(alg, private))


def encrypted(der: bytes) -> str:
    """Encrypt PKCS #8 with the password, by PBES2 of PBKDF2 with SHA-256, and AES-256 in CBC."""
    key = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), bytes(8), 2048, 32)
    encryptor = Cipher(AES(key), CBC(bytes(16))).encryptor()
    padding = 16 - len(der) % 16
    octets = encryptor.update(der + bytes([padding]) * padding) + encryptor.finalize()
    prf = value(0x30, bytes.fromhex("06082a864886f70d02090500"))
    parameters = value(0x30, value(4, bytes(8)), value(2, b"\x08\x00"), prf)
    derivation = value(0x30, bytes.fromhex("06092a864886f70d01050c"), parameters)
    cipher = value(0x30, bytes.fromhex("060960864801650304012a"), value(4, bytes(16)))
    scheme = value(0x30, derivation, cipher)
    algorithm = value(0x30, bytes.fromhex("06092a864886f70d01050d"), scheme)
    return framed("ENCRYPTED PRIVATE KEY", value(0x30, algorithm, value(4, octets)))


def expanded(public: bytes) -> bytes:
    """Write what of an expanded key does not follow from the public one as zeros."""
    return bytes(64) + hashlib.shake_256(public).digest(64) + bytes(2432)


def both(key: PrivateKey, public: bytes) -> bytes:
    """Write a seed, and the expanded key of a public one."""
    assert isinstance(key, akp.AkpPrivateKey)
    return value(0x30, value(4, key.private_bytes_raw()), value(4, expanded(public)))


def raw(key: PrivateKey) -> bytes:
    """Write a public key's octets."""
    assert isinstance(key, akp.AkpPrivateKey)
    return key.public_key().public_bytes_raw()


def fault_of(text: str, password: str | None = None) -> str:
    """Return why a text is refused."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - that is asserted by the tests
        read_keys(text, password=password)
    return str(caught.value)


@each
def test_a_pem_of_the_seed_signs(
    private_keys: dict[str, PrivateKey], private_pems: dict[str, str], alg: str
) -> None:
    (key,) = read_keys(private_pems[alg])
    assert (key.alg, key.kid) == (alg, thumbprint(private_keys[alg].public_key()))
    assert key.is_private


@each
def test_an_encrypted_pem_of_the_seed_signs(encrypted_pems: dict[str, str], alg: str) -> None:
    (key,) = read_keys(encrypted_pems[alg], password=PASSWORD)
    assert (key.alg, key.is_private) == (alg, True)


@each
def test_a_public_pem_verifies(public_pems: dict[str, str], alg: str) -> None:
    (key,) = read_keys(public_pems[alg])
    assert (key.alg, key.is_private) == (alg, False)


@each
def test_the_seed_counts_where_the_expanded_key_follows(
    private_keys: dict[str, PrivateKey], alg: str
) -> None:
    (key,) = read_keys(pem(alg, both(private_keys[alg], raw(private_keys[alg]))))
    assert key.kid == thumbprint(private_keys[alg].public_key())


def test_an_encrypted_key_of_openssl_is_read(private_keys: dict[str, PrivateKey]) -> None:
    key = private_keys["ML-DSA-44"]
    text = encrypted(pkcs8("ML-DSA-44", both(key, raw(key))))
    (read,) = read_keys(text, password=PASSWORD)
    assert read.kid == thumbprint(key.public_key())


def test_an_encrypted_key_of_openssl_asks_for_the_password(
    private_keys: dict[str, PrivateKey],
) -> None:
    key = private_keys["ML-DSA-44"]
    text = encrypted(pkcs8("ML-DSA-44", both(key, raw(key))))
    assert fault_of(text, "wrong") == "is PEM that cannot be read; is the password right?"
    assert fault_of(text).startswith("is encrypted, and has none")


def test_a_password_for_a_key_of_openssl_without_one_is_a_fault(
    private_keys: dict[str, PrivateKey],
) -> None:
    text = pem("ML-DSA-44", both(private_keys["ML-DSA-44"], raw(private_keys["ML-DSA-44"])))
    assert fault_of(text, "any").startswith("is not encrypted, and has a password")


def test_a_seed_beside_another_expanded_key_is_refused(
    private_keys: dict[str, PrivateKey],
) -> None:
    text = pem("ML-DSA-65", both(private_keys["ML-DSA-65"], os.urandom(1952)))
    assert fault_of(text) == "is an ML-DSA-65 key whose seed does not belong to the rest of it"


def test_a_seed_alone_is_read_without_cryptographys_reader(
    private_keys: dict[str, PrivateKey],
) -> None:
    key = private_keys["ML-DSA-65"]
    assert isinstance(key, akp.AkpPrivateKey)
    read = ml_dsa.read_private(pkcs8("ML-DSA-65", b"\x80\x20" + key.private_bytes_raw()), None)
    assert read is not None
    assert read.public_key() == key.public_key()


def test_an_expanded_key_alone_is_explained(private_keys: dict[str, PrivateKey]) -> None:
    text = pem("ML-DSA-87", value(4, expanded(raw(private_keys["ML-DSA-87"]))))
    assert fault_of(text) == (
        "is an ML-DSA-87 key without its seed, by which alone it is read; `flask tokenguard keygen"
        " --alg ML-DSA-87 --out FILE` makes one that has it"
    )


@pytest.fixture(params=[ValueError, UnsupportedAlgorithm])
def refusing_pem(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A `cryptography` that reads no such PEM: 46 raises the one error, 47 the other."""

    def refuse(*_: object) -> NoReturn:
        raise request.param("Unknown key type: 2.16.840.1.101.3.4.3.17")

    for loader in ("private_key", "public_key"):
        monkeypatch.setattr(f"flask_tokenguard.keys.pem.load_pem_{loader}", refuse)


@pytest.mark.usefixtures("old_cryptography", "refusing_pem")
@each
def test_an_older_cryptography_is_named_for_any_pem(
    private_pems: dict[str, str],
    encrypted_pems: dict[str, str],
    public_pems: dict[str, str],
    alg: str,
) -> None:
    faults = {
        fault_of(private_pems[alg]),
        fault_of(encrypted_pems[alg], PASSWORD),
        fault_of(public_pems[alg]),
    }
    assert faults == {f"is for {alg}, {NOT_HERE}"}


@pytest.mark.usefixtures("old_cryptography", "refusing_pem")
def test_an_older_cryptography_is_not_named_for_other_pem(
    private_pems: dict[str, str], public_pems: dict[str, str]
) -> None:
    for text in (private_pems["ES256"], public_pems["ES256"]):
        assert "cryptography" not in fault_of(text)
