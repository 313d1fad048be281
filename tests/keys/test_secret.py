"""What may serve as a secret, and what must not."""

import json
import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli import tokenguard
from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.keys.ring_files import make
from flask_tokenguard.keys.text import read_material

from .conftest import FaultsOf
from .spellings import jwk_of


def octets_of(secret: str | dict[str, str]) -> list[object]:
    """Read a secret."""
    return [octets for octets, _ in read_material(secret)]


def fault_of(text: str) -> str:
    """Be refused as a secret, as text and as a JWK's octets, and read why."""
    with pytest.raises(ValueError, match="secret") as caught:
        read_material(text)
    with pytest.raises(ValueError, match="secret") as of_octets:
        read_material(jwk_of(text.encode()))
    assert str(of_octets.value) == str(caught.value)
    return str(caught.value)


PATHS = [
    "/run/secrets/tokenguard/signing-key",
    "/run/secrets/tokenguard/signingkeyfile",
    "/etc/ssl/private/api.example.com.key",
    "/home/me/.config/app/4f7a81aa9c/key",
    "./config/keys/production/signing.pem",
    "../../shared/keys/production/signing",
    "~/projects/notes/instance/signing.pem",
    "$HOME/keys/production-2024/signing.pem",
    "%APPDATA%\\keys\\production-2024\\signing.pem",
    "/run/secrets/v1beta1token/a1b2c3d4e5f6",
    "keys/production/2024/signing-key.jwk",
    "instance/production/signing_secret_key",
    "C:\\ProgramData\\Notes\\Keys\\signing.pem",
    "C:/Program Files/Notes/keys/signing.pem",
    "\\\\fileserver\\share\\production\\signing",
    "very-long-name-of-a-signing-key-file.pem",
]
URLS = [
    "https://login.example.com/realms/a/protocol/certs",
    "file:///run/secrets/tokenguard/signing-key",
    "localhost:8080/realms/example/protocol/certs",
    "redis://:password@redis.example.com:6379/0",
    "data:text/plain;base64,bm90IGEga2V5IGJ1dCBsb25n",
]
PLACEHOLDERS = [
    "${TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION}",
    "${SECRET:-0a3f4c1b0a3f4c1b0a3f4c1b0a3f4c1b}",
    "prefix-of-the-secret-${TOKENGUARD_SECRET}",
    "$TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION",
    "$env:TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION",
    "%TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION%",
    "$(TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION)",
    "$(</run/secrets/tokenguard/signing-key)",
    "%(ENV_TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION)s",
    "@@TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION@@",
    "~~TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION~~",
    "##TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION##",
    "TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION",
    "secretref:tokenguard-signing-secret-of-production",
    "{{ tokenguard_signing_secret_of_production }}",
    "{TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION}",
    "#{Tokenguard.Signing.Secret.Of.Production}#",
    "{{resolve:secretsmanager:tokenguard:SecretString}}",
    "<your-secret-of-at-least-32-characters>",
    "[YOUR_SECRET_OF_AT_LEAST_32_CHARACTERS]",
    "__TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION__",
    "vault:secret/data/tokenguard#signing_key",
    "vault://secret/data/tokenguard/signing_key",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:tokenguard",
    "op://production/tokenguard/signing-secret",
    "ref+awsssm://production/tokenguard/signing",
    "env:TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION",
    "@Microsoft.KeyVault(SecretUri=https://a.vault.azure.net/secrets/b)",
    "ENC[AES256_GCM,data:bm90IGEga2V5,iv:AAAA,tag:AAAA,type:str]",
    "ENC(bm90IGEga2V5IGJ1dCBsb25nYm90IGEga2V5)",
    "projects/123456/secrets/tokenguard/versions/latest",
    "your-256-bit-secret-your-256-bit-secret",
    "change-me-to-a-long-and-random-string",
    "REPLACE_WITH_A_LONG_AND_RANDOM_STRING",
    "please.insert.your.own.secret.here.now",
]
ENV_LINES = [
    "TOKENGUARD_KEY=Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5Gj",
    "export SECRET_KEY=Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5Gj",
    "flask_tokenguard_jwt_key=Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5Gj",
    "secret_key=Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5Gj",
    'SECRET = "Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5Gj"',
]
CODE = [
    "<secret>Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5Gj</secret>",
    "<!DOCTYPE html><html><body>404</body></html>",
    "token_secret: 'Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5Gj'",
    "{'secret': 'Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5Gj'}",
    '["Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5GjYx3vQ0m8"]',
    'os.environ["TOKENGUARD_SIGNING_SECRET"]',
    'getenv("TOKENGUARD_SIGNING_SECRET_OF_PRODUCTION")',
    "process.env.TOKENGUARD_SIGNING_SECRET",
    'token_secret="Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5Gj";',
    "#!/bin/sh\nexec openssl rand -base64 64",
]


def _each(texts: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("text", texts)


@_each(PATHS)
def test_a_path_is_no_secret(text: str) -> None:
    fault = fault_of(text)
    assert fault.startswith(
        "looks like the path of a file, not a secret; TOKENGUARD_KEY_FILE takes"
    )


@_each(URLS)
def test_a_url_is_no_secret(text: str) -> None:
    assert fault_of(text).startswith("looks like a URL, not a secret; nothing is fetched from it")


@_each(PLACEHOLDERS)
def test_a_placeholder_is_no_secret(text: str) -> None:
    fault = fault_of(text)
    assert fault.startswith("looks like a reference or a placeholder, not a secret; put the secret")


@_each(ENV_LINES)
def test_a_line_of_a_env_file_is_no_secret(text: str) -> None:
    assert fault_of(text).startswith("looks like a line of a .env file, not a secret; give what")


@_each(CODE)
def test_markup_and_source_code_are_no_secret(text: str) -> None:
    assert fault_of(text) == "looks like markup or source code, not a secret; give the secret alone"


@pytest.mark.parametrize("before", ['"', "'", "`", '"""', "\"'", "\ufeff", " "], ids=ascii)
def test_quotes_blanks_and_marks_hide_no_path(before: str) -> None:
    after = before[::-1].strip("\ufeff")
    with pytest.raises(ValueError, match="looks like the path of a file"):
        read_material(f"{before}{PATHS[0]}{after}")


LINE = "Yx3vQ0m8Zt6Lr1Kc9Wd4Pb7Ns2Hf5GjAq0Uw8Ye6Ro3Ti1Zp9Xs7Cd5Vf2Bg4Nh"


@_each(
    [
        f"{LINE}\n{LINE[:60]}\n{LINE[:40]}",
        f"{LINE[:60]}\n{LINE[:40]}",
        f"{LINE}\n{LINE}{LINE}",
        f"{LINE}\n\n{LINE}",
        f"{LINE}\n{LINE[:40]}=\n{LINE[:40]}",
        f"{LINE}\n{LINE[:40]}!",
        f"{LINE}\u2028{LINE[:40]}",
        "correct-horse-battery-staple\nbattery-staple-correct-horse",
    ]
)
def test_several_lines_are_no_secret(text: str) -> None:
    assert fault_of(text).startswith("has several lines, where a secret is one; `flask tokenguard")


@_each(["correct horse battery staple and so on", "correct-horse-battery-staple\tand-so-on"])
def test_a_secret_has_no_blanks_inside(text: str) -> None:
    assert fault_of(text).startswith("has blanks inside, where a secret is one word; `flask token")


@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("end", ["", "\n"], ids=["no newline", "newline"])
@pytest.mark.parametrize("between", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("write", [lambda octets: b64encode(octets).decode(), bytes.hex])
def test_a_wrapped_secret_is_accepted_octet_for_octet(
    width: int, end: str, between: str, write: Callable[[bytes], str]
) -> None:
    whole = write(os.urandom(100))
    lines = [whole[start : start + width] for start in range(0, len(whole), width)]
    text = between.join(lines) + end
    assert octets_of(text) == octets_of(jwk_of(text.encode())) == [text.encode()]


@_each(["x" * 32, "0" * 64, b64encode(bytes(32)).decode(), "ff" * 32, "A" * 43])
def test_one_octet_repeated_is_no_secret(text: str) -> None:
    assert fault_of(text).startswith("is one octet repeated, not a secret; `flask tokenguard key")


@_each(
    [
        "a-string-secret-at-least-256-bits-long",
        "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
        "YS1zdHJpbmctc2VjcmV0LWF0LWxlYXN0LTI1Ni1iaXRzLWxvbmc=",
        "reallyreallyreallyreallyverysafe",
        '"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"',
    ]
)
def test_a_well_known_example_is_no_secret(text: str) -> None:
    assert fault_of(text).startswith("is a known example, not a secret; `flask tokenguard keygen")


def test_the_octets_of_a_well_known_example_are_no_secret() -> None:
    k = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
    with pytest.raises(ValueError, match="is a known example, not a secret"):
        read_material({"kty": "oct", "k": k})


@_each(
    [
        "correct-horse-battery-staple-and-more",
        "correct.horse/battery+staple=Ant7Zoo9",
        "{qX9" + LINE,
        "/" + LINE,
        "base64:" + LINE,
        "\u200b" + LINE,
        "schlüssel€" * 4,
        " " + LINE,
        LINE + "\n",
    ]
)
def test_a_text_that_looks_like_nothing_is_a_secret(text: str) -> None:
    assert octets_of(text) == octets_of(jwk_of(text.encode())) == [text.encode()]


def test_few_octets_of_a_jwk_are_not_looked_at_as_text() -> None:
    assert octets_of(jwk_of(b"$(A) b/c.pem 012")) == [b"$(A) b/c.pem 012"]


def test_a_ring_does_not_open_with_a_public_key_for_a_secret(
    tmp_path: Path, der: dict[str, bytes]
) -> None:
    active, _ = make(tmp_path, alg="HS256", password=None, now=0)
    jwk = json.loads((tmp_path / active.file).read_text())
    spelled = jwk_of(der["SubjectPublicKeyInfo ES256"])
    (tmp_path / active.file).write_text(json.dumps(jwk | spelled))
    with pytest.raises(ValueError, match="looks like an asymmetric key or a certificate"):
        KeyRing(tmp_path)


def test_the_command_line_reads_no_public_key_as_a_secret(
    monkeypatch: pytest.MonkeyPatch, der: dict[str, bytes]
) -> None:
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", der["PKCS#1 RS256"].hex())
    result = CliRunner().invoke(tokenguard, ["doctor"], obj=ScriptInfo(create_app=configured_app))
    assert result.exit_code != 0
    assert "TOKENGUARD_KEY: the key looks like an asymmetric key" in result.output


def configured_app() -> Flask:
    """Make an app that has its settings from the environment."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    TokenGuard(app)
    return app


SPELLED = ["base64 of PEM", "JWK in quotes", "hex of DER", "path"]


@pytest.fixture
def spelled(request: pytest.FixtureRequest, der: dict[str, bytes], texts: dict[str, bytes]) -> str:
    """What stands in place of a secret."""
    return {
        "base64 of PEM": b64encode(texts["PEM ES256"]).decode(),
        "JWK in quotes": f"'{texts['JWK RS256'].decode()}'",
        "hex of DER": der["SubjectPublicKeyInfo EdDSA"].hex(),
        "path": PATHS[0],
    }[request.param]


each_spelled = pytest.mark.parametrize("spelled", SPELLED, indirect=True)


@each_spelled
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("TOKENGUARD_KEY", lambda text: {"KEY": text}),
        ("TOKENGUARD_KEY", lambda text: {"KEY": jwk_of(text.encode())}),
        ("TOKENGUARD_KEY", lambda text: {"KEY": {"keys": [jwk_of(text.encode())]}}),
        ("TOKENGUARD_KEYS[0]", lambda text: {"KEYS": [{"value": text}]}),
        ("TOKENGUARD_ENCRYPTION", lambda text: {"ENCRYPTION": {"key": text, "alg": "dir"}}),
        ("TOKENGUARD_ENCRYPTION", lambda text: {"ENCRYPTION": {"key": jwk_of(text.encode())}}),
        (
            "TOKENGUARD_ISSUERS['https://a.example']",
            lambda text: {
                "ISSUERS": {
                    "https://a.example": {"audience": "us", "keys": text, "algorithms": ["HS256"]}
                }
            },
        ),
    ],
    ids=["KEY", "k", "JWKS", "KEYS value", "ENCRYPTION", "ENCRYPTION k", "an issuer's keys"],
)
def test_it_is_no_secret_wherever_the_config_has_one(
    faults_of: FaultsOf, spelled: str, name: str, place: Callable[[str], dict[str, Any]]
) -> None:
    (fault,) = faults_of(**place(spelled))
    assert fault.startswith(f"{name}: the key looks like ")
    assert spelled not in fault


@each_spelled
def test_it_is_no_secret_in_a_file(faults_of: FaultsOf, tmp_path: Path, spelled: str) -> None:
    (tmp_path / "key").write_text(spelled + "\n")
    path = str(tmp_path / "key")
    for settings in ({"KEY_FILE": path}, {"KEYS": [{"file": path}]}):
        (fault,) = faults_of(**settings)
        assert "the key looks like " in fault


@each_spelled
def test_it_is_no_secret_in_the_environment(
    faults_of: FaultsOf, monkeypatch: pytest.MonkeyPatch, spelled: str
) -> None:
    monkeypatch.setenv("SIGNING_KEY", spelled)
    (fault,) = faults_of(KEYS=[{"env": "SIGNING_KEY"}])
    assert "the key looks like " in fault
