"""The keys of a config: what the tests share."""

from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import issue_token
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.keys.entries import KeyEntry
from flask_tokenguard.keys.own import ConfiguredKeys, choose_keys
from flask_tokenguard.keys.text import read_entries

SECRET = "correct-horse-battery-staple-" * 3
OTHER_SECRET = "another-secret-that-is-long-enough-" * 3


def entry(value: Any, **options: Any) -> KeyEntry:
    """Name a key as an entry of TOKENGUARD_KEYS does."""
    return KeyEntry(source="TOKENGUARD_KEYS[0]", value=value, **options)


def load(*entries: KeyEntry, algorithm: str | None = None) -> ConfiguredKeys:
    """Load keys that have no fault."""
    read = read_entries(entries, algorithm=algorithm, on_fault=pytest.fail)
    return choose_keys(read, algorithm=algorithm, on_fault=pytest.fail)


def token_of(app: Flask) -> str:
    """Issue a token."""
    with app.app_context():
        return issue_token("me")


def signing_key(app: Flask) -> Key:
    """Get the key that an app signs with."""
    key = app.extensions["tokenguard"].keys.signing
    assert isinstance(key, Key)
    return key


PUBLIC_FORMS = [
    "SubjectPublicKeyInfo RSA",
    "SubjectPublicKeyInfo EC",
    "RSA PUBLIC KEY",
    "certificate",
    "JWK",
    "JWKS",
]
