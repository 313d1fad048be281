"""Nested tokens: fixtures."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask

from ...conftest import MakeApp
from ...support import Config
from .support import Jwk, oct_jwk, signed


@pytest.fixture
def key() -> Jwk:
    """What encrypts."""
    return oct_jwk()


@pytest.fixture
def encryption(key: Jwk) -> Config:
    """The setting of the tutorials."""
    return {"key": key, "alg": "A256KW", "enc": "A256CBC-HS512"}


@pytest.fixture
def app(make_app: MakeApp, encryption: Config) -> Flask:
    """An app whose tokens are encrypted, and must be."""
    return make_app(ENCRYPTION=encryption)


@pytest.fixture
def lenient_app(make_app: MakeApp, encryption: Config) -> Flask:
    """An app that takes both kinds."""
    return make_app(ENCRYPTION={**encryption, "required": False})


@pytest.fixture
def plain_app(make_app: MakeApp) -> Flask:
    """An app with the same secret that does not encrypt."""
    return make_app()


@pytest.fixture
def inner(secret: str) -> str:
    """A good token that is only signed."""
    return signed(secret)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    """A key pair."""
    return rsa.generate_private_key(65537, 2048)
