"""`flask tokenguard doctor`: files, the ring."""

import json
from pathlib import Path

import pytest

from flask_tokenguard.keys.ring_files import INDEX, make

from ...conftest import MakeApp
from ...support import Config
from .support import findings


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_file_that_others_can_read_is_found(
    make_app: MakeApp, safe: Config, tmp_path: Path, mode: int
) -> None:
    (tmp_path / "key").write_text(safe.pop("KEY"))
    (tmp_path / "key").chmod(mode)
    app = make_app(KEY_FILE=tmp_path / "key", **safe)
    assert findings(app) == [("warning", "TOKENGUARD_KEY_FILE")]


def test_a_key_file_of_its_owner_alone_is_no_risk(
    make_app: MakeApp, safe: Config, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(safe.pop("KEY"))
    (tmp_path / "key").chmod(0o600)
    assert findings(make_app(KEY_FILE=tmp_path / "key", **safe)) == []


def test_a_password_file_that_others_can_read_is_found(
    make_app: MakeApp, safe: Config, encrypted_pems: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("correct horse")
    (tmp_path / "password").chmod(0o644)
    key = {"KEY": encrypted_pems["ES256"], "KEY_PASSWORD_FILE": tmp_path / "password"}
    assert findings(make_app(**safe | key)) == [("warning", "TOKENGUARD_KEY_PASSWORD_FILE")]


def test_a_file_with_a_public_key_is_for_everybody(
    make_app: MakeApp, safe: Config, public_pems: dict[str, str], tmp_path: Path
) -> None:
    del safe["KEY"]
    (tmp_path / "key").write_text(public_pems["EdDSA"])
    (tmp_path / "key").chmod(0o644)
    assert findings(make_app(KEY_FILE=tmp_path / "key", **safe)) == []


def test_a_file_among_several_keys_that_others_can_read_is_found(
    make_app: MakeApp, safe: Config, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(safe.pop("KEY"))
    (tmp_path / "key").chmod(0o644)
    assert findings(make_app(KEYS=[{"file": str(tmp_path / "key")}], **safe)) != []


@pytest.fixture
def ring(tmp_path: Path, safe: Config) -> Path:
    """A ring that takes the place of the key."""
    del safe["KEY"]
    make(tmp_path / "ring", alg="ES256", password=None, now=1)
    return tmp_path / "ring"


def test_a_ring_with_a_next_key_is_no_risk(make_app: MakeApp, safe: Config, ring: Path) -> None:
    assert findings(make_app(KEYRING=ring, **safe)) == []


def test_a_ring_without_a_next_key_is_found(make_app: MakeApp, safe: Config, ring: Path) -> None:
    index = json.loads((ring / INDEX).read_text())
    index["keys"] = [entry for entry in index["keys"] if entry["state"] != "next"]
    (ring / INDEX).write_text(json.dumps(index))
    assert findings(make_app(KEYRING=ring, **safe)) == [("warning", "TOKENGUARD_KEYRING")]


def test_a_ring_that_others_can_read_is_found(make_app: MakeApp, safe: Config, ring: Path) -> None:
    ring.chmod(0o755)
    assert findings(make_app(KEYRING=ring, **safe)) == [("warning", "TOKENGUARD_KEYRING")]
