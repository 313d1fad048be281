"""RSA-PSS keys sign and verify by PS alone, and by the hash that they name."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from flask_tokenguard import issue_token
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys.text import read_keys

from ..conftest import MakeApp
from ..support import bearer
from .conftest import PASSWORD, FaultsOf
from .openssl import needs_openssl, openssl

Write = Callable[..., str]
SHA256, SHA384, SHA512 = (
    bytes.fromhex(text)
    for text in (
        "0609608648016503040201",
        "0609608648016503040202",
        "0609608648016503040203",
    )
)
MGF1 = bytes.fromhex("06092a864886f70d010108")
RSASSA_PSS = bytes.fromhex("06092a864886f70d01010a")
RSA = bytes.fromhex("06092a864886f70d010101")
UNUSABLE = (
    "is an RSA-PSS key whose hash, mask or salt no algorithm of JOSE has; `flask tokenguard keygen"
    " --alg PS256 --out FILE` makes one that can be used"
)


def der(tag: int, *parts: bytes) -> bytes:
    """Write a value."""
    octets = b"".join(parts)
    size = len(octets)
    if size < 128:
        return bytes([tag, size]) + octets
    return bytes([tag, 0x82]) + size.to_bytes(2) + octets


def parameters(digest: bytes | None, mask: bytes | None, salt: int | None) -> bytes:
    """Write RSASSA-PSS-params (RFC 4055 section 3.1); None leaves a field out."""
    fields = []
    if digest is not None:
        fields.append(der(0xA0, der(0x30, digest, b"\x05\0")))
    if mask is not None:
        fields.append(der(0xA1, der(0x30, MGF1, der(0x30, mask, b"\x05\0"))))
    if salt is not None:
        fields.append(der(0xA2, der(0x02, bytes([salt]))))
    return der(0x30, *fields)


def pem(label: str, octets: bytes) -> str:
    """Write PEM."""
    return f"-----BEGIN {label}-----\n{b64encode(octets).decode()}\n-----END {label}-----\n"


def private_pss(key: PrivateKey, params: bytes = b"") -> str:
    """Write an RSA key as an RSA-PSS one in PKCS #8."""
    octets = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    algorithm = der(0x30, RSASSA_PSS, params)
    return pem("PRIVATE KEY", der(0x30, b"\x02\x01\0", algorithm, der(0x04, octets)))


def public_pss(key: PrivateKey, params: bytes = b"") -> str:
    """Write its public key as SubjectPublicKeyInfo."""
    octets = key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return pem("PUBLIC KEY", der(0x30, der(0x30, RSASSA_PSS, params), der(0x03, b"\0", octets)))


OWN_HASHES = {
    "PS256": parameters(SHA256, SHA256, 32),
    "PS384": parameters(SHA384, SHA384, None),
    "PS512": parameters(SHA512, SHA512, 64),
}
"""Parameters for each algorithm; a salt may be longer than they ask (RFC 4055 section 3.3)."""


@pytest.fixture
def rsa_key(private_keys: dict[str, PrivateKey]) -> PrivateKey:
    """An RSA key."""
    return private_keys["RS256"]


@pytest.mark.parametrize("write", [private_pss, public_pss])
def test_a_key_without_parameters_is_for_ps256(rsa_key: PrivateKey, write: Write) -> None:
    (key,) = read_keys(write(rsa_key))
    assert key.alg == "PS256"


@pytest.mark.parametrize("alg", OWN_HASHES)
def test_a_key_without_parameters_takes_every_ps(rsa_key: PrivateKey, alg: str) -> None:
    (named,), (preferred,) = (
        read_keys(private_pss(rsa_key), alg=alg),
        read_keys(private_pss(rsa_key), preferred_alg=alg),
    )
    assert named.alg == preferred.alg == alg


@pytest.mark.parametrize("write", [private_pss, public_pss])
@pytest.mark.parametrize("alg", OWN_HASHES)
def test_a_key_with_a_hash_is_for_that_alone(rsa_key: PrivateKey, alg: str, write: Write) -> None:
    (key,) = read_keys(write(rsa_key, OWN_HASHES[alg]))
    assert key.alg == alg


@pytest.mark.parametrize(
    "params",
    [
        parameters(None, None, None),
        parameters(None, None, 32),
        parameters(None, SHA256, 32),
        parameters(SHA256, None, 32),
        parameters(SHA256, SHA512, 32),
        parameters(SHA256, SHA256, 33),
        parameters(SHA512, SHA512, 65),
    ],
    ids=["defaults", "salt", "SHA-1", "mask by SHA-1", "other mask", "33", "65"],
)
def test_parameters_that_jose_lacks_are_a_fault(rsa_key: PrivateKey, params: bytes) -> None:
    for write in (private_pss, public_pss):
        with pytest.raises(ValueError, match="RSA-PSS") as caught:
            read_keys(write(rsa_key, params))
        assert str(caught.value) == UNUSABLE


def test_another_mask_function_is_a_fault(rsa_key: PrivateKey) -> None:
    other = OWN_HASHES["PS256"].replace(MGF1, RSA)
    with pytest.raises(ValueError, match="whose hash, mask or salt no algorithm of JOSE has"):
        read_keys(public_pss(rsa_key, other))


@pytest.mark.parametrize("alg", ["RS256", "HS256", "PS512"])
def test_another_algorithm_for_it_is_a_fault(
    faults_of: FaultsOf, rsa_key: PrivateKey, alg: str
) -> None:
    (fault,) = faults_of(KEYS=[{"value": private_pss(rsa_key, OWN_HASHES["PS256"]), "alg": alg}])
    assert fault.startswith(
        f"TOKENGUARD_KEYS[0]: the key is an RSA-PSS key for PS256, which {alg} does not take: give"
    )


def test_another_algorithm_of_the_app_is_a_fault(faults_of: FaultsOf, rsa_key: PrivateKey) -> None:
    (fault,) = faults_of(KEY=private_pss(rsa_key), ALGORITHM="RS256")
    assert fault == (
        "TOKENGUARD_ALGORITHM is RS256, and the key is for PS256, which its `alg` or its kind"
        " (RSA-PSS) demands; set PS256, or give another key"
    )


def test_it_does_not_encrypt(faults_of: FaultsOf, rsa_key: PrivateKey) -> None:
    text = private_pss(rsa_key)
    (own,) = faults_of(ENCRYPTION={"key": text})
    (named,) = faults_of(KEYS=[{"value": text, "kid": "k"}], ENCRYPTION={"kid": "k"})
    for fault in (own, named):
        assert fault.endswith(
            "the key is an RSA-PSS key, which only signs; `flask tokenguard keygen --alg"
            " RSA-OAEP-256 --out FILE` makes one that encrypts"
        )


def test_an_issuers_key_verifies_by_its_ps(
    make_app: MakeApp, faults_of: FaultsOf, rsa_key: PrivateKey
) -> None:
    text = public_pss(rsa_key)
    entry = {"audience": "us", "keys": text, "algorithms": ["RS256", "PS512"]}
    make_app(ISSUERS={"https://id.example/": entry})
    (fault,) = faults_of(ISSUERS={"https://id.example/": {**entry, "algorithms": ["RS256"]}})
    assert fault.endswith(
        'is for "PS256" or "PS384" or "PS512", not among the issuer\'s algorithms, RS256'
    )


def test_an_app_signs_with_it(make_app: MakeApp, rsa_key: PrivateKey) -> None:
    app = make_app(KEY=private_pss(rsa_key))
    with app.app_context():
        token = issue_token("me")
    assert app.test_client().get("/claims", headers=bearer(token)).status_code == 200


@pytest.fixture(scope="session")
def pss_pems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A private key, its public one and its certificate, by OpenSSL."""
    text = openssl(
        *("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
        *("-pkeyopt", "rsa_pss_keygen_md:sha384", "-pkeyopt", "rsa_pss_keygen_mgf1_md:sha384"),
        *("-pkeyopt", "rsa_pss_keygen_saltlen:20"),
    )
    file = tmp_path_factory.mktemp("pss") / "key.pem"
    file.write_bytes(text)
    return {
        "private": text.decode(),
        "public": openssl("pkey", "-pubout", octets=text).decode(),
        "certificate": openssl(
            "req", "-x509", "-new", "-key", str(file), "-subj", "/CN=example"
        ).decode(),
    }


@needs_openssl
@pytest.mark.parametrize("form", ["private", "public", "certificate"])
def test_a_key_of_openssl_is_for_its_hash_alone(pss_pems: dict[str, str], form: str) -> None:
    (key,) = read_keys(pss_pems[form])
    assert key.alg == "PS384"
    with pytest.raises(ValueError, match="is an RSA-PSS key for PS384, which RS256 does not take"):
        read_keys(pss_pems[form], alg="RS256")


@needs_openssl
def test_openssl_verifies_what_such_a_key_signed(pss_pems: dict[str, str], tmp_path: Path) -> None:
    (key,) = read_keys(pss_pems["private"])
    (tmp_path / "public.pem").write_text(pss_pems["public"])
    (tmp_path / "signature").write_bytes(key.sign(b"message"))
    answer = openssl(
        *("dgst", "-sha384", "-verify", str(tmp_path / "public.pem")),
        *("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:48"),
        *("-signature", str(tmp_path / "signature")),
        octets=b"message",
    )
    assert answer == b"Verified OK\n"


PASSWORDS = [PASSWORD, "ü", "longer than the sixty-four octets of a block " * 2]


@needs_openssl
@pytest.mark.parametrize("password", PASSWORDS, ids=["plain", "not ASCII", "long"])
@pytest.mark.parametrize(
    "scheme",
    [
        "-v2 aes-128-cbc",
        "-v2 aes-192-cbc -v2prf hmacWithSHA1",
        "-v2 aes-256-cbc -v2prf hmacWithSHA512",
        "-v2 des3 -v2prf hmacWithSHA224",
        "-scrypt",
        "-v1 PBE-SHA1-3DES",
    ],
)
def test_no_encryption_hides_an_rsa_pss_key(
    pss_pems: dict[str, str], scheme: str, password: str
) -> None:
    arguments = ("pkcs8", "-topk8", *scheme.split(), "-passout", f"pass:{password}")
    text = openssl(*arguments, octets=pss_pems["private"].encode()).decode()
    (key,) = read_keys(text, password=password)
    assert key.alg == "PS384"


def test_an_encryption_that_cannot_be_looked_into_is_a_fault(
    encrypted_pems: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_tokenguard.keys.pkcs8._PBES2", b"")
    with pytest.raises(ValueError, match="is encrypted in a way that is not supported; `openssl"):
        read_keys(encrypted_pems["RS256"], password=PASSWORD)
