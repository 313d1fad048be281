"""Key rings: damage."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.keys.ring_files import INDEX, read_index

from ...support import SettableClock
from ..conftest import PASSWORD, FaultsOf
from .support import edit_index, kid_of, rotate, signing_kid_after


def _set(name: str, value: object) -> Callable[[Any], object]:
    return lambda index: index["keys"][0].update({name: value})


DAMAGES: dict[str, Callable[[Any], object]] = {
    "a later version": lambda index: index.update(version=2),
    "no version": lambda index: index.pop("version"),
    "no keys": lambda index: index.pop("keys"),
    "keys of another type": lambda index: index.update(keys={}),
    "an entry of another type": lambda index: index["keys"].append("x"),
    "an entry without a member": lambda index: index["keys"][0].pop("created"),
    "an entry with another member": _set("x", 1),
    "a file in another folder": _set("file", f"../{'a' * 43}.pem"),
    "an absolute file": _set("file", f"/{'a' * 43}.pem"),
    "a file of another kind": _set("file", INDEX),
    "a file with a newline": _set("file", f"{'a' * 43}.pem\n"),
    "a file that is no text": _set("file", 7),
    "a kid that is no text": _set("kid", 7),
    "an algorithm that is no text": _set("alg", ["EdDSA"]),
    "an algorithm that is not known": _set("alg", "none"),
    "an algorithm of another key": _set("alg", "ES256"),
    "an algorithm for encryption": _set("alg", "A256KW"),
    "a state that is no text": _set("state", ["active"]),
    "a state that is not known": _set("state", "old"),
    "an instant that is text": _set("created", "now"),
    "an instant that is no whole number": _set("retired", 1.5),
    "an activation that is text": _set("activated", "now"),
    "two active keys": lambda index: index["keys"][1].update(state="active"),
    "no active key": _set("state", "verify-only"),
    "no entry": lambda index: index["keys"].clear(),
    "a key whose file is missing": _set("file", f"{'a' * 43}.pem"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_app_does_not_start_with_a_damaged_ring(
    folder: Path, faults_of: FaultsOf, damage: str
) -> None:
    edit_index(folder, DAMAGES[damage])
    (fault,) = faults_of(KEYRING=str(folder))
    assert fault.startswith("TOKENGUARD_KEYRING: ")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_ring_in_use_outlives_a_damage(
    folder: Path,
    monotonic: SettableClock,
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    ring = KeyRing(folder, monotonic=monotonic)
    before = kid_of(folder, "active")
    ring._by_kid.clear()  # A key that is known is not read again.
    edit_index(folder, DAMAGES[damage])
    assert signing_kid_after(ring, monotonic) == before
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("flask_tokenguard", logging.ERROR)
    assert "has changed and cannot be read: " in record.message
    assert record.exc_info is None


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b"\xff", b'{"keys": [], "keys": []}'])
def test_an_index_that_is_not_a_json_object_is_a_fault(
    folder: Path, faults_of: FaultsOf, octets: bytes
) -> None:
    (folder / INDEX).write_bytes(octets)
    (fault,) = faults_of(KEYRING=str(folder))
    assert fault.startswith("TOKENGUARD_KEYRING: ")


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b"\xff"])
def test_a_ring_in_use_outlives_an_index_that_is_no_json_object(
    folder: Path,
    ring: KeyRing,
    monotonic: SettableClock,
    caplog: pytest.LogCaptureFixture,
    octets: bytes,
) -> None:
    before = kid_of(folder, "active")
    (folder / INDEX).write_bytes(octets)
    assert signing_kid_after(ring, monotonic) == before
    assert "cannot be read" in caplog.text


def test_an_app_does_not_start_without_its_ring(tmp_path: Path, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEYRING=str(tmp_path / "none"))
    assert fault.endswith("has no ring.json; `flask tokenguard rotate --new` makes a ring")


def test_a_ring_that_is_a_file_is_a_fault(tmp_path: Path, faults_of: FaultsOf) -> None:
    (tmp_path / "ring").write_text("x")
    (fault,) = faults_of(KEYRING=str(tmp_path / "ring"))
    assert "Not a directory" in fault


def test_a_ring_whose_key_is_lost_is_a_fault(folder: Path, faults_of: FaultsOf) -> None:
    (folder / read_index(folder)[1].file).unlink()
    (fault,) = faults_of(KEYRING=str(folder))
    assert "cannot be read: No such file" in fault


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"KEY_PASSWORD": "hunter2"}, "is PEM that cannot be read; is the password right?"),
        ({}, "is encrypted, and has none"),
    ],
    ids=["wrong", "none"],
)
def test_a_ring_does_not_open_without_its_password(
    tmp_path: Path, faults_of: FaultsOf, settings: dict[str, str], message: str
) -> None:
    entry, _ = rotate(tmp_path, password=PASSWORD)
    (fault,) = faults_of(KEYRING=str(tmp_path), **settings)
    assert f"the key {entry.file} {message}" in fault
    assert "hunter2" not in fault


def test_a_password_is_refused_for_a_ring_without_one(folder: Path, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEYRING=str(folder), KEY_PASSWORD="hunter2")
    assert "is not encrypted, and has a password" in fault


def test_a_password_file_that_is_missing_is_a_fault(folder: Path, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(KEYRING=str(folder), KEY_PASSWORD_FILE=str(folder / "none"))
    assert "cannot be read" in fault


def test_a_key_and_a_ring_contradict_each_other(
    folder: Path, faults_of: FaultsOf, secret: str
) -> None:
    assert "TOKENGUARD_KEY and TOKENGUARD_KEYRING contradict each other; set one of them" in (
        faults_of(KEY=secret, KEYRING=str(folder))
    )
