"""Encryption by hand-made and foreign tokens: fixtures."""

import secrets

import pytest

from flask_tokenguard.jose.jwe import EncryptionKey
from flask_tokenguard.jose.material import Material

from .support import one_of_each


@pytest.fixture(scope="module")
def materials() -> dict[str, Material]:
    """A key of each kind."""
    return one_of_each()


@pytest.fixture(scope="module")
def octets() -> bytes:
    """The shared key of the tokens that are made by hand."""
    return secrets.token_bytes(32)


@pytest.fixture(scope="module")
def key(octets: bytes) -> EncryptionKey:
    """The same, bound to `dir` and A256GCM."""
    return EncryptionKey(octets, alg="dir", enc="A256GCM")
