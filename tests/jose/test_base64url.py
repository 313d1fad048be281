"""One text for each sequence of octets (RFC 7515 section 2)."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_tokenguard.jose import base64url

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

PAIRS = [
    pytest.param(b"", b"", id="nothing"),
    pytest.param(b"f", b"Zg", id="one octet"),
    pytest.param(b"fo", b"Zm8", id="two octets"),
    pytest.param(b"foo", b"Zm9v", id="three octets"),
    pytest.param(b"\xfb\xff", b"-_8", id="both foreign letters"),
    pytest.param(bytes([3, 236, 255, 224, 193]), b"A-z_4ME", id="RFC 7515 appendix C"),
]


def accepted(texts: list[bytes]) -> dict[bytes, bytes]:
    """Decode those texts that can be decoded."""
    decoded = {}
    for text in texts:
        try:
            decoded[text] = base64url.decode(text)
        except ValueError:
            continue
    return decoded


@pytest.mark.parametrize(("octets", "text"), PAIRS)
def test_octets_are_written_without_padding(octets: bytes, text: bytes) -> None:
    assert base64url.encode(octets) == text


@pytest.mark.parametrize(("octets", "text"), PAIRS)
def test_the_one_spelling_is_read(octets: bytes, text: bytes) -> None:
    assert base64url.decode(text) == octets


@given(st.binary())
def test_what_is_written_is_read_back(octets: bytes) -> None:
    assert base64url.decode(base64url.encode(octets)) == octets


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"Zg==", id="two padding characters"),
        pytest.param(b"Zm8=", id="one padding character"),
        pytest.param(b"Zm9v====", id="superfluous padding"),
        pytest.param(b"=", id="only padding"),
        pytest.param(b"Z=g", id="padding inside"),
        pytest.param(b"Zm9v\n", id="newline at the end"),
        pytest.param(b"\nZm9v", id="newline at the start"),
        pytest.param(b"Zm\n9v", id="newline inside"),
        pytest.param(b" Zm9v", id="leading blank"),
        pytest.param(b"Zm9v ", id="trailing blank"),
        pytest.param(b"Zm\t9v", id="tab"),
        pytest.param(b"+/8", id="the standard alphabet"),
        pytest.param(b"-/8A", id="both alphabets"),
        pytest.param(b"Zm9v!", id="exclamation mark"),
        pytest.param(b"!!!!", id="only exclamation marks"),
        pytest.param(b"Zm.v", id="dot"),
        pytest.param(b"Zm\x00v", id="NUL"),
        pytest.param(b"Zm\xc3\xa9", id="not ASCII"),
        pytest.param(b"Zm\xadv", id="a letter with the high bit set"),
        pytest.param(b"Z", id="one character"),
        pytest.param(b"Zm9vZ", id="one character too many"),
        pytest.param(b"Zh", id="four stray bits"),
        pytest.param(b"Zm9", id="two stray bits"),
        pytest.param(b"Z_", id="all stray bits set"),
    ],
)
def test_another_spelling_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - in the words of the standard library
        base64url.decode(text)


def test_each_octet_has_exactly_one_spelling() -> None:
    texts = [bytes(pair) for pair in product(ALPHABET, repeat=2)]
    assert sorted(accepted(texts).values()) == [bytes([octet]) for octet in range(256)]


def test_each_last_character_of_three_spells_its_own_octets() -> None:
    texts = [b"Zm" + bytes([last]) for last in ALPHABET]
    assert len(accepted(texts)) == 16


def test_no_byte_outside_the_alphabet_is_read() -> None:
    texts = [b"AAA" + bytes([last]) for last in range(256)]
    assert bytes(text[3] for text in accepted(texts)) == bytes(sorted(ALPHABET))


@pytest.mark.parametrize("octets", range(8))
def test_a_length_is_known_before_anything_is_encoded(octets: int) -> None:
    assert base64url.encoded_size(octets) == len(base64url.encode(bytes(octets)))
