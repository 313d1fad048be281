"""The keys of a config: from a value, a file or the environment."""

import json
from pathlib import Path

import pytest
from flask import Flask

from flask_tokenguard import ConfigurationError, TokenGuard

from ...conftest import MakeApp
from ...jose.tokens import encoded
from ...support import status_of
from ..conftest import PASSWORD
from .support import PUBLIC_FORMS, SECRET, signing_key, token_of

PRIVATE_FORMS = [
    "PKCS#8 RSA",
    "PKCS#8 EC",
    "PKCS#8 Ed25519",
    "PKCS#1",
    "SEC1",
    "openssl ecparam",
]


@pytest.mark.parametrize("form", PRIVATE_FORMS)
def test_an_app_signs_with_a_private_key_in_its_config(
    make_app: MakeApp, private_forms: dict[str, str], form: str
) -> None:
    app = make_app(KEY=private_forms[form])
    assert status_of(app, token_of(app)) == 200


@pytest.mark.parametrize("form", PRIVATE_FORMS)
def test_an_app_signs_with_a_private_key_in_a_file(
    make_app: MakeApp, private_forms: dict[str, str], tmp_path: Path, form: str
) -> None:
    (tmp_path / "signing.pem").write_text(private_forms[form])
    app = make_app(KEY_FILE=str(tmp_path / "signing.pem"))
    assert status_of(app, token_of(app)) == 200


@pytest.mark.parametrize("form", PRIVATE_FORMS)
def test_an_app_signs_with_a_private_key_in_the_environment(
    make_app: MakeApp,
    private_forms: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    monkeypatch.setenv("SIGNING_KEY", private_forms[form])
    app = make_app(KEYS=[{"env": "SIGNING_KEY"}])
    assert status_of(app, token_of(app)) == 200


@pytest.mark.parametrize("form", PUBLIC_FORMS)
def test_a_public_key_alone_means_verify_only(
    make_app: MakeApp, public_forms: dict[str, str], form: str
) -> None:
    app = make_app(KEY=public_forms[form])
    with pytest.raises(ConfigurationError, match="No key can sign"):
        token_of(app)


@pytest.mark.parametrize("form", ["SubjectPublicKeyInfo RSA", "certificate", "JWKS"])
def test_a_public_key_verifies_what_its_private_key_signed(
    make_app: MakeApp, private_forms: dict[str, str], public_forms: dict[str, str], form: str
) -> None:
    token = token_of(make_app(KEY=private_forms["PKCS#8 RSA"]))
    assert status_of(make_app(KEY=public_forms[form]), token) == 200


def test_a_private_key_as_a_jwk_signs(make_app: MakeApp) -> None:
    app = make_app(KEY={"kty": "oct", "k": encoded(SECRET.encode()), "kid": "k"})
    assert status_of(app, token_of(app)) == 200
    assert signing_key(app).kid == "k"


def test_the_text_of_a_jwk_in_a_file_signs(make_app: MakeApp, tmp_path: Path) -> None:
    jwk = {"kty": "oct", "k": encoded(SECRET.encode())}
    (tmp_path / "key.json").write_text(json.dumps(jwk))
    app = make_app(KEY_FILE=str(tmp_path / "key.json"))
    assert status_of(app, token_of(app)) == 200


@pytest.mark.parametrize("newline", ["", "\n", "\r\n"], ids=["none", "LF", "CRLF"])
def test_one_newline_at_the_end_of_a_file_is_dropped(
    make_app: MakeApp, tmp_path: Path, newline: str
) -> None:
    (tmp_path / "secret").write_bytes((SECRET + newline).encode())
    app = make_app(KEY_FILE=str(tmp_path / "secret"))
    assert status_of(app, token_of(make_app(KEY=SECRET))) == 200


@pytest.mark.parametrize("end", ["\n\n", " \n", "\n ", " "], ids=repr)
def test_the_rest_of_a_file_belongs_to_the_secret(
    make_app: MakeApp, tmp_path: Path, end: str
) -> None:
    (tmp_path / "secret").write_bytes((SECRET + end).encode())
    app = make_app(KEY_FILE=str(tmp_path / "secret"))
    assert status_of(app, token_of(make_app(KEY=SECRET))) == 401


def test_an_encrypted_key_is_opened_with_its_password(
    make_app: MakeApp, encrypted_pems: dict[str, str]
) -> None:
    app = make_app(KEY=encrypted_pems["RS256"], KEY_PASSWORD=PASSWORD)
    assert status_of(app, token_of(app)) == 200


def test_a_password_may_be_in_a_file(
    make_app: MakeApp, encrypted_pems: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "key.pem").write_text(encrypted_pems["ES256"])
    (tmp_path / "password").write_text(PASSWORD + "\n")
    app = make_app(KEY_FILE=str(tmp_path / "key.pem"), KEY_PASSWORD_FILE=str(tmp_path / "password"))
    assert status_of(app, token_of(app)) == 200


def test_each_of_several_keys_has_its_password(
    make_app: MakeApp, encrypted_pems: dict[str, str]
) -> None:
    app = make_app(
        KEYS=[
            {"value": encrypted_pems["RS256"], "password": PASSWORD},
            {"value": SECRET, "state": "verify-only"},
        ]
    )
    assert status_of(app, token_of(app)) == 200


def test_a_key_comes_from_the_environment_of_flask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", SECRET)
    app = Flask(__name__)
    app.config.from_prefixed_env()
    assert TokenGuard(app).issue_token("me")
