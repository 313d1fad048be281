"""Nested tokens: settings, and that secrets stay secret."""

import json
import secrets
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask

from flask_tokenguard import ConfigurationError, TokenGuard

from ...conftest import MakeApp
from ...support import Config, status_of
from .support import guard_of, oct_jwk, pem

KEY = secrets.token_urlsafe(24)


def faults(make_app: MakeApp, **settings: Any) -> str:
    """Fail to start, and read why."""
    with pytest.raises(ConfigurationError) as caught:
        make_app(**settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        pytest.param("A256KW", "must be an object", id="text"),
        pytest.param(["key"], "must be an object", id="a list"),
        pytest.param({"key": KEY, "zip": "DEF"}, "has an unknown member zip", id="zip"),
        pytest.param({}, "must have exactly one of key, key_file and kid", id="empty"),
        pytest.param({"enc": "A256GCM"}, "must have exactly one of", id="no key"),
        pytest.param({"key": KEY, "kid": "x"}, "must have exactly one of", id="two keys"),
        pytest.param({"key": 1}, ".key is a number where text is wanted", id="a number"),
        pytest.param({"key": ""}, ".key must be text that is not empty", id="an empty key"),
        pytest.param({"key": KEY, "enc": 1}, ".enc is a number", id="a number for enc"),
        pytest.param({"key": KEY, "required": "False"}, ".required must be true", id="text"),
        pytest.param({"key": KEY, "required": 0}, ".required must be true or false", id="0"),
        pytest.param({"kid": "zz"}, "names 0 keys; it must name one", id="an unknown kid"),
        pytest.param({"key": KEY[:31]}, "the key is oct of 248 bits", id="a short secret"),
        pytest.param({"key": KEY, "alg": "A128KW"}, "which A128KW does not", id="other alg"),
        pytest.param({"key": KEY, "alg": "RSA1_5"}, "is not supported", id="RSA1_5"),
        pytest.param({"key": KEY, "alg": "PBES2-HS256+A128KW"}, "is not sup", id="PBES2"),
        pytest.param({"key": KEY, "enc": "A192GCM"}, "is not supported", id="A192GCM"),
        pytest.param({"key": KEY, "alg": "dir", "enc": "A256CBC-HS512"}, "256 bits long", id="dir"),
        pytest.param({"key_file": "/none"}, "file cannot be read: No such", id="no file"),
        pytest.param({"key": oct_jwk(use="sig")}, "has the use 'sig'", id="use sig"),
        pytest.param({"key": oct_jwk(alg="HS256")}, "'HS256', which is not", id="alg HS256"),
        pytest.param({"key": oct_jwk(alg="dir"), "alg": "A256KW"}, "beside it", id="two algs"),
        pytest.param({"key": {"keys": [oct_jwk(), oct_jwk()]}}, "names 2 keys", id="a set"),
        pytest.param({"key": KEY, "password": "p"}, "has a password, and is not", id="a password"),
    ],
)
def test_a_faulty_setting_is_refused_at_start(make_app: MakeApp, value: Any, fault: str) -> None:
    message = faults(make_app, ENCRYPTION=value)
    assert message.startswith("TOKENGUARD_ENCRYPTION")
    assert fault in message


def test_a_key_has_one_password(make_app: MakeApp, rsa_key: rsa.RSAPrivateKey) -> None:
    setting = {"key": pem(rsa_key, "right"), "password": "right", "password_file": "/none"}
    assert "must have one of password and password_file" in faults(make_app, ENCRYPTION=setting)


def test_a_key_that_is_named_has_no_password_here(make_app: MakeApp) -> None:
    setting = {"kid": "one", "password": "right"}
    assert "password" in faults(make_app, KEY=oct_jwk(kid="one"), ENCRYPTION=setting)


def test_a_key_for_encryption_needs_the_setting(make_app: MakeApp, secret: str) -> None:
    keys = [{"value": secret}, {"value": oct_jwk(use="enc")}]
    assert faults(make_app, KEYS=keys) == (
        "TOKENGUARD_KEYS[1]: the key has the use 'enc'; see TOKENGUARD_ENCRYPTION"
    )


@pytest.mark.parametrize("alg", ["A256KW", "A256GCMKW", "dir"])
def test_a_key_with_an_alg_for_encryption_is_for_encryption(
    make_app: MakeApp, secret: str, alg: str
) -> None:
    keys = [{"value": secret}, {"value": oct_jwk(alg=alg)}]
    assert "TOKENGUARD_KEYS[1]: the key has the use 'enc'" in faults(make_app, KEYS=keys)


def test_a_fault_in_an_old_key_names_that_key(make_app: MakeApp, secret: str) -> None:
    keys = [{"value": secret}, {"value": oct_jwk(33, use="enc")}]
    message = faults(make_app, KEYS=keys, ENCRYPTION={"key": oct_jwk()})
    assert message.startswith("TOKENGUARD_KEYS[1]: the key is oct of 264 bits")


def test_a_key_named_for_encryption_must_not_be_for_signatures(make_app: MakeApp) -> None:
    key = oct_jwk(kid="one", use="sig")
    assert "has the use 'sig'" in faults(make_app, KEY=key, ENCRYPTION={"kid": "one"})


def test_two_keys_for_encryption_must_not_have_one_name(make_app: MakeApp, secret: str) -> None:
    keys = [{"value": secret}, {"value": oct_jwk(kid="one", use="enc")}]
    message = faults(make_app, KEYS=keys, ENCRYPTION={"key": oct_jwk(kid="one")})
    assert "has the kid 'one' twice" in message


def test_a_named_key_s_alg_is_not_said_twice(make_app: MakeApp, secret: str) -> None:
    keys = [{"value": secret}, {"value": oct_jwk(kid="one", alg="A256KW")}]
    message = faults(make_app, KEYS=keys, ENCRYPTION={"kid": "one", "alg": "dir"})
    assert "has the alg 'A256KW', and 'dir' beside it" in message


def test_a_key_for_encryption_alone_does_not_sign(make_app: MakeApp) -> None:
    app = make_app(KEYS=[{"value": oct_jwk(kid="one", use="enc")}], ENCRYPTION={"kid": "one"})
    with pytest.raises(ConfigurationError, match="No key can sign"):
        guard_of(app).issue_token("alice")


def test_the_setting_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    setting = {"key": oct_jwk(), "enc": "A256CBC-HS512", "required": False}
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", json.dumps(secret))
    monkeypatch.setenv("FLASK_TOKENGUARD_ENCRYPTION", json.dumps(setting))
    app = Flask(__name__)
    app.config.from_prefixed_env()
    assert TokenGuard(app).issue_token("alice").count(".") == 4


def test_a_key_is_read_from_an_encrypted_file(
    make_app: MakeApp, rsa_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    (tmp_path / "enc.pem").write_text(pem(rsa_key, "right") + "\n")
    (tmp_path / "password").write_text("right\n")
    app = make_app(
        ENCRYPTION={
            "key_file": str(tmp_path / "enc.pem"),
            "password_file": str(tmp_path / "password"),
        }
    )
    assert status_of(app, guard_of(app).issue_token("alice")) == 200


def test_joserfc_is_named_where_it_is_not_installed(
    make_app: MakeApp, encryption: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    message = faults(make_app, ENCRYPTION=encryption)
    assert "pip install 'flask-tokenguard[jwe]'" in message


def test_joserfc_that_is_not_installed_hides_no_other_fault(
    make_app: MakeApp, encryption: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    message = faults(make_app, ENCRYPTION=encryption, LEEWAY=-1)
    assert "TOKENGUARD_LEEWAY" in message
    assert "flask-tokenguard[jwe]" in message


def test_joserfc_is_not_needed_without_encryption(
    make_app: MakeApp, inner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    assert status_of(make_app(), inner) == 200


@pytest.mark.parametrize("size", [32, 33])
def test_a_secret_is_in_no_message_and_no_repr(make_app: MakeApp, size: int) -> None:
    key = oct_jwk(size)
    try:
        parts = make_app(ENCRYPTION={"key": key}).extensions["tokenguard"]
        shown = f"{parts!r} {parts.settings!r} {parts.settings.encryption!r}"
    except ConfigurationError as error:
        shown = f"{error!r} {error} {error.faults}"
    assert "ncryption" in shown or "ENCRYPTION" in shown
    assert key["k"] not in shown


@pytest.mark.parametrize("password", ["right horse", "wrong horse"])
def test_a_password_is_in_no_message_and_no_repr(
    make_app: MakeApp, rsa_key: rsa.RSAPrivateKey, password: str
) -> None:
    setting = {"key": pem(rsa_key, "right horse"), "password": password}
    try:
        shown = repr(make_app(ENCRYPTION=setting).extensions["tokenguard"].settings)
    except ConfigurationError as error:
        shown = str(error)
    assert "horse" not in shown
    assert "PRIVATE KEY" not in shown
