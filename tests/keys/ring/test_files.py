"""Key rings: files, silence."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.keys import ring as ring_module
from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.keys.ring_files import INDEX, read_index

from ...conftest import MakeApp
from ...support import SettableClock, listening
from ..conftest import PASSWORD, FaultsOf
from .support import edit_index, key_files, kid_of, rotate, signing_kid_after, states


def test_the_owner_alone_reads_a_ring(folder: Path) -> None:
    rotate(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_symmetric_ring_keeps_its_secrets_as_jwk(tmp_path: Path) -> None:
    entries = rotate(tmp_path, alg="HS256")
    assert key_files(tmp_path) == {f"{entry.kid}.jwk" for entry in entries}
    jwk = json.loads((tmp_path / entries[0].file).read_text())
    assert (jwk["kty"], jwk["kid"], jwk["alg"]) == ("oct", entries[0].kid, "HS256")


def test_a_ring_of_pairs_keeps_them_as_pem(folder: Path) -> None:
    assert key_files(folder) == {f"{entry.kid}.pem" for entry in read_index(folder)}


def test_a_password_encrypts_the_keys(tmp_path: Path) -> None:
    entry, _ = rotate(tmp_path, password=PASSWORD)
    octets = (tmp_path / entry.file).read_bytes()
    assert octets.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert load_pem_private_key(octets, PASSWORD.encode())


def test_a_ring_opens_with_its_password(tmp_path: Path) -> None:
    rotate(tmp_path / "ring", password=PASSWORD)
    assert KeyRing(tmp_path / "ring", password=PASSWORD).signing


def test_a_ring_opens_with_the_password_in_a_file(make_app: MakeApp, tmp_path: Path) -> None:
    rotate(tmp_path / "ring", password=PASSWORD)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    assert make_app(KEYRING=tmp_path / "ring", KEY_PASSWORD_FILE=tmp_path / "password")


def test_a_symmetric_ring_opens_whatever_the_password(tmp_path: Path) -> None:
    rotate(tmp_path, alg="HS256", password=PASSWORD)
    assert KeyRing(tmp_path, password=PASSWORD).signing


def test_a_new_index_that_a_dead_process_left_is_written_over(folder: Path) -> None:
    (folder / f".{INDEX}.new").write_text("{")
    assert states(rotate(folder)) == ["verify-only", "active", "next"]


def test_an_index_that_cannot_be_written_leaves_the_old_ring(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_index(folder)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        rotate(folder)
    assert read_index(folder) == before


def test_a_ring_does_not_show_its_secrets(tmp_path: Path) -> None:
    entry, _ = rotate(tmp_path, alg="HS256")
    ring = KeyRing(tmp_path, password=PASSWORD)
    shown = repr((ring, ring.keys, list(ring), read_index(tmp_path)))
    assert json.loads((tmp_path / entry.file).read_text())["k"] not in shown
    assert PASSWORD not in shown


def test_a_rotation_with_another_password_is_refused(tmp_path: Path) -> None:
    rotate(tmp_path, password=PASSWORD)
    before = read_index(tmp_path)
    with pytest.raises(ValueError, match="is the password right"):
        rotate(tmp_path, password="battery staple")
    assert read_index(tmp_path) == before


def test_a_kid_twice_in_the_index_is_a_fault(folder: Path, faults_of: FaultsOf) -> None:
    edit_index(folder, lambda index: index["keys"][1].update(kid=index["keys"][0]["kid"]))
    assert "names a kid twice" in faults_of(KEYRING=str(folder))[0]


def test_a_key_that_is_not_the_one_of_the_index_is_a_fault(
    folder: Path, faults_of: FaultsOf
) -> None:
    first, second = (folder / entry.file for entry in read_index(folder))
    second.write_text(first.read_text())
    assert "is not the one that ring.json names" in faults_of(KEYRING=str(folder))[0]


def test_a_public_key_cannot_be_the_active_one(folder: Path, faults_of: FaultsOf) -> None:
    active = folder / read_index(folder)[0].file
    private = load_pem_private_key(active.read_bytes(), None)
    public = private.public_key()
    active.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert "is public" in faults_of(KEYRING=str(folder))[0]


def test_what_is_not_foreseen_leaves_the_ring_in_force(
    folder: Path,
    ring: KeyRing,
    monotonic: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    before = kid_of(folder, "active")
    rotate(folder)
    monkeypatch.setattr(ring_module, "read_index", fail)
    assert signing_kid_after(ring, monotonic) == before
    assert "cannot be read: RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_a_log_handler_may_ask_for_a_key(
    folder: Path, ring: KeyRing, monotonic: SettableClock
) -> None:
    signed_by: list[Key | None] = []
    (folder / INDEX).write_text("{")
    with listening(lambda: signed_by.append(ring.signing)):
        signing_kid_after(ring, monotonic)
    assert signed_by == [ring.signing]


def test_a_log_does_not_show_the_password(
    tmp_path: Path, monotonic: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    rotate(tmp_path, password=PASSWORD)
    ring = KeyRing(tmp_path, password=PASSWORD, monotonic=monotonic)
    rotate(tmp_path, password=PASSWORD)
    spoilt = tmp_path / read_index(tmp_path)[-1].file
    head, _, _ = spoilt.read_text().partition("\n")
    spoilt.write_text(f"{head}\nMA==\n{head.replace('BEGIN', 'END')}\n")
    signing_kid_after(ring, monotonic)
    assert "is the password right?" in caplog.text
    assert PASSWORD not in caplog.text
