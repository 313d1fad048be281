"""The keys of a config: no secret in a message, a repr or a log."""

import logging
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from flask_tokenguard import InvalidToken, TokenGuard
from flask_tokenguard.config.settings import Settings
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.jose.material import PrivateKey

from ...conftest import MakeApp
from ...support import status_of
from ..conftest import FaultsOf, private_pem
from .support import OTHER_SECRET, SECRET, entry, load, token_of


def long_lines(text: str) -> list[str]:
    """Take the lines of a PEM that hold the key."""
    return [line for line in text.splitlines() if line and not line.startswith("-----")]


@pytest.mark.parametrize(
    "settings",
    [
        {"KEY": "hunter2"},
        {"KEY": "-----BEGIN hunter2"},
        {"KEY": "-----BEGIN PUBLIC KEY-----\nhunter2: hunter2\n-----END PUBLIC KEY-----"},
        {"KEY": "{'kty': 'oct', 'k': 'hunter2'}"},
        {"KEY": '[{"kty":"oct","k":"hunter2"}]'},
        {"KEY": {"hunter2": "hunter2"}},
        {"KEY": "ssh-rsa AAAA hunter2"},
        {"KEY": "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"},
        {"KEY": '{"kty":"oct","k":"hunter2"'},
        {"KEY": '{"hunter2":1,"hunter2":2}'},
        {"KEY": {"kty": "oct", "k": "hunter2"}},
        {"KEY": {"kty": "oct", "k": "hunter2="}},
        {"KEY": {"kty": "EC", "crv": "P-256", "x": "hunter2", "y": "hunter2", "d": "hunter2"}},
        {"KEY": {"kty": "OKP", "crv": "Ed25519", "x": "hunter20", "d": "hunter20"}},
        {"KEY": b"hunter2"},
        {"KEY": ["hunter2"]},
        {"KEYS": "hunter2"},
        {"KEYS": ["hunter2"]},
        {"KEYS": [{"value": "hunter2", "file": "x"}]},
        {"KEYS": [{"value": ["hunter2"]}]},
        {"KEYS": [{"value": "hunter2", "password": "hunter2"}]},
        {"KEYS": [{"value": "x", "password": ["hunter2"]}]},
        {"KEY": SECRET, "KEY_PASSWORD": "hunter2"},
        {"KEY": SECRET, "KEY_PASSWORD": ["hunter2"]},
    ],
    ids=ascii,
)
def test_a_fault_does_not_tell_a_secret(
    faults_of: FaultsOf, caplog: pytest.LogCaptureFixture, settings: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = faults_of(**settings)
    assert "hunter2" not in "\n".join(faults) + caplog.text


def test_a_wrong_password_is_not_told(faults_of: FaultsOf, encrypted_pems: dict[str, str]) -> None:
    (fault,) = faults_of(KEY=encrypted_pems["ES256"], KEY_PASSWORD="hunter2")
    assert "hunter2" not in fault


def test_a_key_given_as_a_file_name_is_not_told(
    faults_of: FaultsOf, private_pems: dict[str, str]
) -> None:
    (fault,) = faults_of(KEY_FILE=private_pems["ES256"])
    assert long_lines(private_pems["ES256"])[0] not in fault


def test_a_key_given_as_the_name_of_a_variable_is_not_told(
    faults_of: FaultsOf, private_pems: dict[str, str]
) -> None:
    (fault,) = faults_of(KEYS=[{"env": private_pems["ES256"]}])
    assert long_lines(private_pems["ES256"])[0] not in fault


def test_a_secret_that_is_not_unicode_is_told_in_our_words(faults_of: FaultsOf) -> None:
    # What os.environ makes of an octet that is not UTF-8.
    (fault,) = faults_of(KEY="\udcff" + SECRET)
    assert "udcff" not in fault


def test_a_repr_of_the_settings_shows_no_secret(
    private_keys: dict[str, PrivateKey], encrypted_pems: dict[str, str]
) -> None:
    pem = private_pem(private_keys["ES256"], PrivateFormat.PKCS8)
    config = {
        "TOKENGUARD_KEY": pem,
        "TOKENGUARD_KEY_PASSWORD": "hunter2",
        "TOKENGUARD_KEYS": [{"value": encrypted_pems["RS256"], "password": "hunter2"}],
    }
    shown = repr(Settings.read(config, lambda _: None, folder=Path()))
    assert "hunter2" not in shown
    assert "BEGIN" not in shown


@pytest.mark.parametrize("value", [SECRET, {"kty": "oct", "k": SECRET}], ids=["text", "JWK"])
def test_a_repr_of_an_entry_shows_no_secret(value: Any) -> None:
    shown = repr(entry(value, password="hunter2", kid="k"))
    assert SECRET not in shown
    assert "hunter2" not in shown


def test_a_repr_of_the_keys_shows_no_secret() -> None:
    assert SECRET not in repr(load(entry(SECRET, kid="k")))


def test_an_app_logs_no_secret_and_no_token(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = token_of(make_app(KEY=OTHER_SECRET))
    status_of(make_app(KEY=SECRET), token)
    assert "token refused" in caplog.text
    assert SECRET not in caplog.text
    assert token not in caplog.text


def test_a_refusal_does_not_tell_the_key(make_app: MakeApp) -> None:
    guard = TokenGuard()
    token = token_of(make_app(KEY=OTHER_SECRET))
    make_app(guard, KEY=SECRET)
    with pytest.raises(InvalidToken) as caught:
        guard.verify(token)
    assert SECRET not in str(caught.value) + repr(caught.value)


def test_configured_keys_are_found_among_those_that_verify(secret: str) -> None:
    keys = load(entry(secret, kid="mine"))
    assert list(keys.find(Header("HS256", "mine", None, {}), "sig")) == list(keys)
    assert keys.find(Header("HS256", "theirs", None, {}), "sig") == ()
