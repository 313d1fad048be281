"""The names of our own tokens and sessions."""

import secrets

import pytest

from flask_tokenguard.issue import ids
from flask_tokenguard.issue.ids import subject_id, token_id

NOW = 1_800_000_000_123


def jti_at(instant: int) -> str:
    """Make a `jti` as a token holds it."""
    return ids.to_text(ids.new_jti(instant))


def test_a_jti_tells_its_instant_to_the_millisecond() -> None:
    assert ids.instant_of({"iat": NOW // 1000, "jti": jti_at(NOW)}, is_own=True) == NOW


def test_two_tokens_of_one_instant_have_two_names() -> None:
    assert ids.new_jti(NOW) != ids.new_jti(NOW)


@pytest.mark.parametrize(
    "jti",
    ["", "1", 7, None, "not base64url!!!!!!!!!", "A" * 22 + "AA", "QUFBQUFBQUFBQUFBQUFB"],
    ids=repr,
)
def test_a_foreign_jti_counts_from_the_first_instant_of_iat(jti: object) -> None:
    assert ids.instant_of({"iat": 1_800_000_000.9, "jti": jti}, is_own=True) == 1_800_000_000_000


def test_a_jti_that_contradicts_iat_was_not_made_here() -> None:
    assert (
        ids.instant_of({"iat": 1_800_000_000, "jti": jti_at(1)}, is_own=True) == 1_800_000_000_000
    )


def test_a_session_begins_as_its_subject_does() -> None:
    subject = subject_id(None, "alice")
    assert ids.new_session(subject)[:1] == subject[:1]


def test_a_name_is_read_as_it_was_written() -> None:
    name = secrets.token_bytes(16)
    assert ids.from_text(ids.to_text(name)) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (token_id("a", "bc"), token_id("ab", "c")),
        (token_id(None, "x"), token_id("None", "x")),
        (token_id("", "x"), token_id(None, "x")),
        (token_id("a", "x"), subject_id("a", "x")),
        (token_id("a", "😀"), token_id("a", "😁")),
    ],
)
def test_no_two_texts_share_an_id(one: bytes, other: bytes) -> None:
    assert len(one) == len(other) == 16
    assert one != other


def test_a_foreign_token_may_have_a_jti_like_ours() -> None:
    claims = {"iat": NOW // 1000, "jti": jti_at(NOW)}
    assert ids.instant_of(claims, is_own=False) == NOW // 1000 * 1000


def test_a_token_without_iat_is_older_than_anything() -> None:
    assert ids.instant_of({}, is_own=False) == 0


def test_half_of_a_surrogate_pair_has_an_id_too() -> None:
    assert token_id(None, "\ud800") != token_id(None, "\udfff") != token_id(None, "?")


@pytest.mark.parametrize("instant", [0, NOW, 2**48 - 1])
def test_a_jti_is_as_long_at_any_instant(instant: int) -> None:
    assert len(jti_at(instant)) == ids.TEXT_SIZE
