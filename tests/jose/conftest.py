"""One key for each algorithm, for the tests of this folder."""

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from flask_tokenguard.jose import akp
from flask_tokenguard.jose.algorithms import SIGNATURE_ALGORITHMS
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import Material, PrivateKey

_SAME_KEY = {
    **dict.fromkeys(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"], "RS256"),
    "Ed25519": "EdDSA",
}


@pytest.fixture(scope="session")
def materials(private_keys: dict[str, PrivateKey]) -> dict[str, Material]:
    """What signs with each algorithm."""
    octets = secrets.token_bytes(64)
    return {
        alg: octets if row.kty == "oct" else private_keys[_SAME_KEY.get(alg, alg)]
        for alg, row in SIGNATURE_ALGORITHMS.items()
    }


@pytest.fixture(scope="session")
def keys(materials: dict[str, Material]) -> dict[str, Key]:
    """A key that signs with each algorithm."""
    return {alg: Key(material, alg=alg) for alg, material in materials.items()}


@pytest.fixture(scope="session")
def other_keys() -> dict[str, Key]:
    """A key for each algorithm that has nothing to do with `keys`."""
    pair = rsa.generate_private_key(65537, 2048)
    others: dict[str, Material] = {
        "oct": secrets.token_bytes(64),
        "RSA": pair,
        "P-256": ec.generate_private_key(ec.SECP256R1()),
        "P-384": ec.generate_private_key(ec.SECP384R1()),
        "P-521": ec.generate_private_key(ec.SECP521R1()),
        "Ed25519": ed25519.Ed25519PrivateKey.generate(),
        **{alg: akp.generate(alg) for alg in akp.PUBLIC_SIZES},
    }
    return {
        alg: Key(others[row.subtype or row.kty], alg=alg)
        for alg, row in SIGNATURE_ALGORITHMS.items()
    }
