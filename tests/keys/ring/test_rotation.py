"""Key rings: rotation."""

from pathlib import Path

import pytest

from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.keys.ring_files import read_index

from .support import DAY, NOW, edit_index, kid_of, rotate


def test_the_first_rotation_makes_a_key_that_signs_and_the_next(tmp_path: Path) -> None:
    first, second = rotate(tmp_path / "ring")
    assert (first.state, first.created, first.activated, first.retired) == (
        "active",
        NOW,
        NOW,
        None,
    )
    assert (second.state, second.created, second.activated, second.retired) == (
        "next",
        NOW,
        None,
        None,
    )
    assert first.kid != second.kid


def test_a_rotation_moves_every_key_on(folder: Path) -> None:
    first, second = read_index(folder)
    retired, active, made = rotate(folder, now=NOW + DAY)
    assert (retired.kid, retired.state, retired.retired) == (first.kid, "verify-only", NOW + DAY)
    assert (active.kid, active.state, active.activated) == (second.kid, "active", NOW + DAY)
    assert (made.state, made.created) == ("next", NOW + DAY)


def test_a_rotation_leaves_the_times_of_before(folder: Path) -> None:
    rotate(folder, now=NOW + DAY)
    oldest, old, *_ = rotate(folder, now=NOW + 2 * DAY)
    assert (oldest.created, oldest.activated, oldest.retired) == (NOW, NOW, NOW + DAY)
    assert (old.created, old.activated, old.retired) == (NOW, NOW + DAY, NOW + 2 * DAY)


def test_a_rotation_tells_what_it_wrote(folder: Path) -> None:
    assert rotate(folder) == read_index(folder)


@pytest.mark.parametrize("age", [0, 299])
def test_a_next_key_that_not_everybody_has_must_not_sign(folder: Path, age: int) -> None:
    with pytest.raises(ValueError, match=f"the next key is {age} s old; .* may take 300 s"):
        rotate(folder, now=NOW + age, least_age=300)


def test_a_refused_rotation_changes_nothing(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ValueError, match="the next key is 0 s old"):
        rotate(folder, least_age=300)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_next_key_of_the_least_age_may_sign(folder: Path) -> None:
    waiting = kid_of(folder, "next")
    rotate(folder, now=NOW + 300, least_age=300)
    assert kid_of(folder, "active") == waiting


def test_a_ring_without_a_next_key_gets_one_and_nothing_else(folder: Path) -> None:
    edit_index(folder, lambda index: index["keys"].pop())
    (active,) = read_index(folder)
    kept, made = rotate(folder, now=NOW + DAY, least_age=300)
    assert kept == active
    assert (made.state, made.created) == ("next", NOW + DAY)


def test_a_rotation_takes_another_algorithm_from_the_next_key_on(folder: Path) -> None:
    entries = rotate(folder, alg="ES256")
    assert [entry.alg for entry in entries] == ["EdDSA", "EdDSA", "ES256"]


def test_an_unknown_algorithm_makes_no_ring(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="HS1 is not one of HS256"):
        rotate(tmp_path, alg="HS1")
    assert read_index(tmp_path) == ()


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "ES512", "HS256", "HS512", "RS256"])
def test_a_ring_of_any_kind_of_key_signs_and_verifies(tmp_path: Path, alg: str) -> None:
    rotate(tmp_path, alg=alg)
    ring = KeyRing(tmp_path)
    assert ring.signing is not None
    assert ring.signing.alg == alg
    assert ring.signing.verify(b"message", ring.signing.sign(b"message"))
