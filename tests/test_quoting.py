"""Quoting: one line of printable ASCII, bounded, and no secret whole."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_tokenguard.quoting import (
    LONGEST,
    contrast_issuers,
    quote,
    quote_issuer,
    quote_list,
    quote_name,
    quote_shape,
)

PRINTABLE = set(string.ascii_letters + string.digits + string.punctuation + " ")
SECRET = "s3cret-Q7xW9bN2vK5mR8tY1uE4oA6pD0"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(), inner, max_size=9),
)


@given(ANYTHING)
def test_whatever_came_is_one_short_line_of_ascii(value: Any) -> None:
    for line in (quote(value), quote_list([str(value)] * 9)):
        assert len(line) <= LONGEST
        assert set(line) <= PRINTABLE


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a", '"a"'),
        ("a\r\nb\x1b[0m\x7f", r'"a\r\nb\u001b[0m\u007f"'),
        ("\u202e\u2028\x9b", r'"\u202e\u2028\u009b"'),
        ("\ud800", r'"\ud800"'),
        ("x" * 198, f'"{"x" * 198}"'),
        ("x" * 199, f'"{"x" * 195}..."'),
        ("x" * 194 + "\n\n\n", f'"{"x" * 194}..."'),
        ("x" * 193 + "\\" * 9, f'"{"x" * 193}\\\\..."'),
        ("x" * 190 + "\u2028\u2028", f'"{"x" * 190}..."'),
    ],
)
def test_a_text_is_quoted_and_never_cut_within_an_escape(text: str, line: str) -> None:
    assert quote(text) == line


def test_an_object_that_is_no_json_is_shown_by_its_type() -> None:
    assert quote([object()]) == '["object"]'


def test_a_long_list_is_cut() -> None:
    assert quote(["x" * 150, "y" * 150]) == f'["{"x" * 150}", "{"y" * 41}...'
    assert quote_list(["x" * 150, "y" * 150]).endswith("y...")


def test_what_is_accepted_is_listed_in_order() -> None:
    assert quote_list(["b", None, "a", "b"]) == '"a", "b", none'
    assert quote_list([]) == "nothing"
    assert quote_list(map(str, range(10**9))).endswith("...")


@pytest.mark.parametrize("quoted", [quote_name, quote_issuer])
def test_a_name_as_long_as_a_secret_is_not_shown_whole(quoted: Any) -> None:
    assert quoted(SECRET) == '"s3cret-Q..." of 33 characters'
    assert quoted(SECRET[:31]) == f'"{SECRET[:31]}"'


@pytest.mark.parametrize(
    "issuer",
    [
        f"https://user:{SECRET}@id.example/",
        f"https://id.example/?key={SECRET}",
        f"https://id.example/#{SECRET}",
        f"data:{SECRET}",
    ],
)
def test_a_url_that_may_hold_a_secret_is_no_plain_one(issuer: str) -> None:
    assert SECRET[8:] not in quote_issuer(issuer)


def test_a_plain_url_is_shown_whole() -> None:
    url = "https://login.example/7a5e2b1c-0000-4000-8000-000000000000/v2.0"
    assert quote_issuer(url) == f'"{url}"'


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (None, "null"),
        (True, "true"),
        (-1.5, "-1.5"),
        (["a"], "a list"),
        ({"a": SECRET}, "an object"),
        (SECRET, "text of 33 characters"),
    ],
)
def test_a_value_of_the_wrong_kind_is_shown_by_its_shape(value: Any, shape: str) -> None:
    assert quote_shape(value) == shape
    assert quote_name(value) == (shape if not isinstance(value, str) else quote_name(value))


def test_issuers_that_differ_by_a_slash_are_shown_both() -> None:
    assert contrast_issuers("https://a.example/", ["b", "https://a.example"]) == (
        'iss "https://a.example/" came, "https://a.example" is accepted; a slash at the end differs'
    )
    assert contrast_issuers("a", {"a/"}) == (
        'iss "a" came, "a/" is accepted; a slash at the end differs'
    )


def test_other_issuers_are_shown_with_all_that_are_accepted() -> None:
    assert contrast_issuers("c", ["b", "a"]) == 'iss "c" came, accepted: "a", "b"'
    assert contrast_issuers(7, []) == "iss 7 came, accepted: nothing"
