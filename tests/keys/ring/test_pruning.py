"""Key rings: pruning."""

from pathlib import Path

import pytest

from flask_tokenguard.keys.ring_files import INDEX, prune, read_index

from .support import DAY, NOW, key_files, kid_of, rotate, states


def test_pruning_drops_the_keys_whose_tokens_have_expired(folder: Path) -> None:
    oldest = kid_of(folder, "active")
    rotate(folder, now=NOW + DAY)
    rotate(folder, now=NOW + 2 * DAY)
    (dropped,) = prune(folder, now=NOW + DAY + 900, keep=900)
    assert dropped.kid == oldest
    assert states(read_index(folder)) == ["verify-only", "active", "next"]


def test_pruning_deletes_the_files_of_what_it_drops(folder: Path) -> None:
    rotate(folder)
    prune(folder, now=NOW, keep=0)
    assert key_files(folder) == {entry.file for entry in read_index(folder)}
    assert len(key_files(folder)) == 2


def test_pruning_keeps_a_key_while_its_tokens_live(folder: Path) -> None:
    entries = rotate(folder, now=NOW + DAY)
    assert prune(folder, now=NOW + DAY + 899, keep=900) == ()
    assert read_index(folder) == entries


def test_pruning_never_drops_a_key_that_has_not_retired(folder: Path) -> None:
    assert prune(folder, now=NOW + 10**9, keep=0) == ()
    assert states(read_index(folder)) == ["active", "next"]


def test_pruning_deletes_a_key_that_no_index_names(folder: Path) -> None:
    named = key_files(folder)
    (folder / f"{'a' * 43}.pem").write_text("x")
    (folder / f"{'b' * 22}.jwk").write_text("x")
    prune(folder, now=NOW, keep=0)
    assert key_files(folder) == named


def test_pruning_keeps_files_that_are_not_of_the_ring(folder: Path) -> None:
    others = {"README", "tls.pem", f"{'a' * 43}.pem.bak", f"{'a' * 43}.txt", "a b.pem"}
    for name in others:
        (folder / name).write_text("mine")
    prune(folder, now=NOW, keep=0)
    assert others <= {path.name for path in folder.iterdir()}


def test_pruning_a_damaged_ring_deletes_nothing(folder: Path) -> None:
    (folder / INDEX).write_text("{")
    before = key_files(folder)
    with pytest.raises(ValueError, match="Expecting property name"):
        prune(folder, now=NOW + DAY, keep=0)
    assert key_files(folder) == before
