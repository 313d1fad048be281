"""Keys in every form that a config may hold them."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from flask_tokenguard.errors import ConfigurationError
from flask_tokenguard.jose.material import PrivateKey, to_public_jwk

from ..conftest import MakeApp
from .spellings import der_forms, text_forms

PASSWORD = "correct horse"
FaultsOf = Callable[..., tuple[str, ...]]


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make short RSA keys."""
    monkeypatch.setattr("flask_tokenguard.keys.generate._RSA_BITS", 2048)


@pytest.fixture
def faults_of(make_app: MakeApp) -> FaultsOf:
    """Start an app that must not start, and return the faults that it found."""

    def faults(**settings: object) -> tuple[str, ...]:
        with pytest.raises(ConfigurationError) as caught:
            make_app(**settings)
        assert str(caught.value) == "\n".join(caught.value.faults)
        return caught.value.faults

    return faults


def private_pem(key: PrivateKey, form: PrivateFormat, password: str | None = None) -> str:
    """Write a private key in PEM."""
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, encryption).decode()


@pytest.fixture(scope="session")
def certificate(private_keys: dict[str, PrivateKey]) -> str:
    """A certificate of the RSA key, signed by itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer.example")])
    start = datetime(2024, 1, 1, tzinfo=UTC)
    private = private_keys["RS256"]
    assert isinstance(private, rsa.RSAPrivateKey)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    return signed.public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="session")
def ecparam_pem(private_keys: dict[str, PrivateKey]) -> str:
    """What `openssl ecparam -name prime256v1 -genkey` writes: the curve, then the key."""
    oid = base64.b64encode(bytes.fromhex("06082a8648ce3d030107")).decode()
    curve = f"-----BEGIN EC PARAMETERS-----\n{oid}\n-----END EC PARAMETERS-----\n"
    return curve + private_pem(private_keys["ES256"], PrivateFormat.TraditionalOpenSSL)


@pytest.fixture(scope="session")
def private_forms(private_keys: dict[str, PrivateKey], ecparam_pem: str) -> dict[str, str]:
    """Private keys in each form that needs no password."""
    return {
        "PKCS#8 RSA": private_pem(private_keys["RS256"], PrivateFormat.PKCS8),
        "PKCS#8 EC": private_pem(private_keys["ES384"], PrivateFormat.PKCS8),
        "PKCS#8 Ed25519": private_pem(private_keys["EdDSA"], PrivateFormat.PKCS8),
        "PKCS#1": private_pem(private_keys["RS256"], PrivateFormat.TraditionalOpenSSL),
        "SEC1": private_pem(private_keys["ES512"], PrivateFormat.TraditionalOpenSSL),
        "openssl ecparam": ecparam_pem,
    }


@pytest.fixture(scope="session")
def public_forms(private_keys: dict[str, PrivateKey], certificate: str) -> dict[str, str]:
    """Public keys in each form."""
    rsa_key, ec_key = private_keys["RS256"].public_key(), private_keys["ES256"].public_key()
    spki, pkcs1 = PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1
    return {
        "SubjectPublicKeyInfo RSA": rsa_key.public_bytes(Encoding.PEM, spki).decode(),
        "SubjectPublicKeyInfo EC": ec_key.public_bytes(Encoding.PEM, spki).decode(),
        "RSA PUBLIC KEY": rsa_key.public_bytes(Encoding.PEM, pkcs1).decode(),
        "certificate": certificate,
        "JWK": json.dumps(to_public_jwk(ec_key)),
        "JWKS": json.dumps({"keys": [to_public_jwk(ec_key), to_public_jwk(rsa_key)]}),
    }


@pytest.fixture(scope="session")
def short_rsa_pem() -> str:
    """An RSA key that is too short."""
    return private_pem(rsa.generate_private_key(65537, 1024), PrivateFormat.PKCS8)  # noqa: S505 - to be refused


@pytest.fixture(scope="session")
def der(private_keys: dict[str, PrivateKey], certificate: str) -> dict[str, bytes]:
    """Keys as octets, by form."""
    return der_forms(private_keys, certificate)


@pytest.fixture(scope="session")
def texts(private_keys: dict[str, PrivateKey], certificate: str) -> dict[str, bytes]:
    """Keys as text, by form."""
    return text_forms(private_keys, certificate)
