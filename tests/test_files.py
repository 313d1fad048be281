"""Names of files in settings: they start in the instance folder, wherever the app is started."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask

from flask_tokenguard import ConfigurationError, TokenGuard
from flask_tokenguard.arguments.files import NamedFile
from flask_tokenguard.cli.commands import tokenguard

from .support import turn_ring

ID = "https://id.example"
PASSWORD = "correct horse"
REDIS = "rediss://127.0.0.1"
Texts = dict[str, str]


class Place(NamedTuple):
    """A setting that names a file.

    Attributes:
        settings: Names the file `named`; a function of the texts that there are.
        content: Which text it holds; None for a ring.
        subject: What a message about the file begins with.
    """

    settings: Callable[[Texts], dict[str, Any]]
    content: str | None
    subject: str


PLACES = {
    "KEY_FILE": Place(
        lambda _: {"KEY_FILE": "named"}, "secret", "TOKENGUARD_KEY_FILE: the key file"
    ),
    "KEY_PASSWORD_FILE": Place(
        lambda texts: {"KEY": texts["pem"], "KEY_PASSWORD_FILE": "named"},
        "password",
        "TOKENGUARD_KEY: the key has a password file that",
    ),
    "KEYS[].file": Place(
        lambda _: {"KEYS": [{"file": "named"}]}, "secret", "TOKENGUARD_KEYS[0]: the key file"
    ),
    "KEYS[].password_file": Place(
        lambda texts: {"KEYS": [{"value": texts["pem"], "password_file": "named"}]},
        "password",
        "TOKENGUARD_KEYS[0]: the key has a password file that",
    ),
    "KEYRING": Place(lambda _: {"KEYRING": "named"}, None, "TOKENGUARD_KEYRING"),
    "KEYRING's KEY_PASSWORD_FILE": Place(
        lambda texts: {"KEYRING": texts["ring"], "KEY_PASSWORD_FILE": "named"},
        "password",
        "TOKENGUARD_KEY_PASSWORD_FILE",
    ),
    "ENCRYPTION.key_file": Place(
        lambda texts: {"KEY": texts["secret"], "ENCRYPTION": {"key_file": "named"}},
        "oct",
        "TOKENGUARD_ENCRYPTION: the key file",
    ),
    "ENCRYPTION.password_file": Place(
        lambda texts: {
            "KEY": texts["secret"],
            "ENCRYPTION": {"key": texts["rsa"], "password_file": "named"},
        },
        "password",
        "TOKENGUARD_ENCRYPTION: the key has a password file that",
    ),
    "ISSUERS[].jwks_file": Place(
        lambda _: {"ISSUERS": {ID: {"audience": "a", "jwks_file": "named"}}},
        "public",
        f"TOKENGUARD_ISSUERS[{ID!r}]: the key file",
    ),
    "SQLite": Place(
        lambda texts: {"KEY": texts["secret"], "STORAGE_URI": "sqlite:///named"},
        "nothing",
        "TOKENGUARD_STORAGE_URI names a file that",
    ),
    "CA file": Place(
        lambda texts: {"KEY": texts["secret"], "STORAGE_URI": f"{REDIS}?ssl_ca_certs=named"},
        "certificate",
        "TOKENGUARD_STORAGE_URI names a file as ssl_ca_certs that",
    ),
}
each_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)


@pytest.fixture
def texts(
    tmp_path: Path, secret: str, encrypted_pems: Texts, public_pems: Texts, certificate: Path
) -> Texts:
    """The texts that files hold, and where a ring with a password is."""
    turn_ring(tmp_path / "ring", password=PASSWORD, now=1)
    return {
        "ring": str(tmp_path / "ring"),
        "nothing": "",
        "secret": secret,
        "pem": encrypted_pems["EdDSA"],
        "rsa": encrypted_pems["RS256"],
        "public": public_pems["RS256"],
        "password": PASSWORD,
        "oct": json.dumps({"kty": "oct", "k": "jHqXKMAmz-9CrDkDYVrA_UDi9USwuH4mUsDNiObtdXo"}),
        "certificate": certificate.read_text(),
    }


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The instance folder, and the working directory."""
    instance, working = tmp_path / "instance", tmp_path / "working"
    instance.mkdir()
    working.mkdir()
    monkeypatch.chdir(working)
    return instance, working


def start(instance: Path, place: Place, texts: Texts) -> Flask:
    """Start an app with one of the settings."""
    app = Flask("app", instance_path=str(instance))
    settings = place.settings(texts)
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    TokenGuard(app)
    return app


def write(folder: Path, place: Place, texts: Texts) -> None:
    """Write the file or ring that a setting names."""
    if place.content is None:
        turn_ring(folder / "named", now=1)
    else:
        (folder / "named").write_text(texts[place.content])


def fault_of(instance: Path, place: Place, texts: Texts) -> str:
    """Start an app that must not start."""
    with pytest.raises(ConfigurationError) as caught:
        start(instance, place, texts)
    (fault,) = caught.value.faults
    return fault


@each_place
def test_a_relative_name_starts_in_the_instance_folder(
    folders: tuple[Path, Path], texts: Texts, place: Place
) -> None:
    write(folders[0], place, texts)
    assert start(folders[0], place, texts)
    assert list(folders[1].iterdir()) == []


@each_place
def test_a_file_in_the_working_directory_is_named_and_not_taken(
    folders: tuple[Path, Path], texts: Texts, place: Place
) -> None:
    instance, working = folders
    write(working, place, texts)
    assert fault_of(instance, place, texts) == (
        f"{place.subject} is not at {instance / 'named'}, where a relative name leads, but at"
        f" {working / 'named'}: move it, or set its absolute path"
    )
    assert list(instance.iterdir()) == []


@pytest.mark.parametrize("name", sorted(PLACES.keys() - {"KEYRING", "SQLite"}))
def test_a_file_that_is_nowhere_is_missed_in_the_instance_folder(
    folders: tuple[Path, Path], texts: Texts, name: str
) -> None:
    instance, _ = folders
    assert fault_of(instance, PLACES[name], texts) == (
        f"{PLACES[name].subject} cannot be read: No such file or directory;"
        f" a relative name starts in {instance}"
    )


def test_a_ring_that_is_nowhere_is_missed_in_the_instance_folder(
    folders: tuple[Path, Path], texts: Texts
) -> None:
    assert fault_of(folders[0], PLACES["KEYRING"], texts) == (
        f"TOKENGUARD_KEYRING: {folders[0] / 'named'} has no ring.json;"
        " `flask tokenguard rotate --new` makes a ring"
    )


def test_each_file_that_is_missing_is_a_fault_of_its_own(folders: tuple[Path, Path]) -> None:
    app = Flask("app", instance_path=str(folders[0]))
    app.config["TOKENGUARD_KEYS"] = [{"file": "a"}, {"file": "b"}]
    with pytest.raises(ConfigurationError) as caught:
        TokenGuard(app)
    assert len(caught.value.faults) == 2


def test_a_resolved_issuer_s_file_is_in_the_instance_folder(
    folders: tuple[Path, Path], texts: Texts
) -> None:
    (folders[0] / "named").write_text(texts["public"])
    guard = TokenGuard(issuer_resolver=lambda _: {"audience": "a", "jwks_file": "named"})
    app = Flask("app", instance_path=str(folders[0]))
    guard.init_app(app)
    trusted = app.extensions["tokenguard"].verifier.trusted_issuer_for({"iss": ID})
    assert "RS256" in {key.alg for key in trusted.keys}


SECRET_FILES = sorted(PLACES.keys() - {"ISSUERS[].jwks_file", "SQLite", "CA file"})


@pytest.mark.parametrize("name", SECRET_FILES)
def test_the_doctor_looks_where_the_app_does(
    folders: tuple[Path, Path], texts: Texts, name: str
) -> None:
    write(folders[0], PLACES[name], texts)
    (folders[0] / "named").chmod(0o755)
    result = start(folders[0], PLACES[name], texts).test_cli_runner().invoke(tokenguard, ["doctor"])
    assert f"chmod go= {folders[0] / 'named'}" in result.stdout


def test_a_secret_in_place_of_a_file_is_not_quoted(tmp_path: Path, secret: str) -> None:
    for name in (secret, "a/" + secret, secret * 100, "a/" + secret * 100):
        with pytest.raises(ValueError, match="cannot be read: ") as caught:
            NamedFile(name, tmp_path).find()
        assert secret not in str(caught.value)
