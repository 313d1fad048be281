"""JSON that every reader reads alike (RFC 8259, RFC 7493)."""

from enum import StrEnum
from http import HTTPStatus
from math import inf, nan
from typing import Any

import pytest

from flask_tokenguard.jose import strict_json
from flask_tokenguard.jose.strict_json import MAX_NESTING


class Kind(StrEnum):
    """A text that is more than that."""

    A = "a"


def nested(depth: int, *, filling: bytes = b"1") -> bytes:
    """Nest arrays in an object, so that all of it is this deep."""
    arrays = depth - 1
    return b'{"a":' + b"[" * arrays + filling + b"]" * arrays + b"}"


def nested_list(depth: int) -> list[Any]:
    """Nest lists, this deep."""
    inner: list[Any] = []
    for _ in range(depth - 1):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        pytest.param(b"{}", {}, id="empty"),
        pytest.param(b' \t\r\n{ "a" : 1 }\n', {"a": 1}, id="white space around"),
        pytest.param(b'{"a":{"b":1},"c":{"b":1}}', {"a": {"b": 1}, "c": {"b": 1}}, id="cousins"),
        pytest.param(
            b'{"a":null,"b":true,"c":-0.5e1}', {"a": None, "b": True, "c": -5.0}, id="all"
        ),
        pytest.param('{"ä":"€"}'.encode(), {"ä": "€"}, id="UTF-8"),
        pytest.param(rb'{"a":"\ud83d\ude00"}', {"a": "😀"}, id="surrogate pair"),
        pytest.param(rb'{"a":"\\ud800"}', {"a": r"\ud800"}, id="escaped backslash"),
        pytest.param(b'{"a":' + b"7" * 4000 + b"}", {"a": int("7" * 4000)}, id="4000 digits"),
        pytest.param(b'{"a":1e-999}', {"a": 0.0}, id="a number too small to tell from 0"),
    ],
)
def test_a_strict_object_is_read(text: bytes, parsed: dict[str, Any]) -> None:
    assert strict_json.parse_object(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'{"a":1,"a":1}', id="a duplicate"),
        pytest.param(b'{"a":1,"b":2,"a":3}', id="a duplicate further on"),
        pytest.param(rb'{"a":1,"\u0061":2}', id="a duplicate in another spelling"),
        pytest.param(b'{"x":{"a":1,"a":2}}', id="a duplicate in an object"),
        pytest.param(b'{"x":[{"y":[{"a":1,"a":2}]}]}', id="a duplicate deep down"),
        pytest.param(b'{"a":NaN}', id="NaN"),
        pytest.param(b'{"a":Infinity}', id="Infinity"),
        pytest.param(b'{"a":[-Infinity]}', id="-Infinity"),
        pytest.param(b'{"a":1e999}', id="1e999"),
        pytest.param(b'{"a":-1e999}', id="-1e999"),
        pytest.param(b'{"a":1' + b"0" * 400 + b".0}", id="a float of 400 digits"),
        pytest.param(b'{"a":' + b"7" * 5000 + b"}", id="5000 digits"),
        pytest.param(rb'{"a":"\ud800"}', id="a lone high surrogate"),
        pytest.param(rb'{"a":"\udfff"}', id="a lone low surrogate"),
        pytest.param(rb'{"a":"\ude00\ud83d"}', id="a pair the wrong way round"),
        pytest.param(rb'{"\ud800":1}', id="a lone surrogate in a name"),
        pytest.param(rb'{"a":[{"b":"x\udc00"}]}', id="a lone surrogate deep down"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="a surrogate in UTF-8"),
        pytest.param(b'{"a":"\xff"}', id="not UTF-8"),
        pytest.param(b'{"a":"\xc0\xaf"}', id="overlong UTF-8"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a":1}'.encode("utf-16-le"), id="UTF-16 without its mark"),
        pytest.param('{"a":1}'.encode("utf-32-le"), id="UTF-32"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', id="a byte order mark"),
        pytest.param(b'{"a":1}x', id="data after it"),
        pytest.param(b'{"a":1}{"a":1}', id="two objects"),
        pytest.param(b'{"a":1} // why', id="a comment"),
        pytest.param(b'{"a":1}\x00', id="a NUL after it"),
        pytest.param('{"a":1}\u00a0'.encode(), id="a no-break space after it"),
        pytest.param(b'\x0b{"a":1}', id="a vertical tab before it"),
        pytest.param(b'{"a":1,}', id="a trailing comma"),
        pytest.param(b"{'a':1}", id="single quotes"),
        pytest.param(b"{a:1}", id="a bare name"),
        pytest.param(b'{"a":"\n"}', id="a newline in a string"),
        pytest.param(b'{"a":01}', id="a leading zero"),
        pytest.param(b'{"a":+1}', id="a leading plus"),
        pytest.param(b'{"a":0x1}', id="hexadecimal"),
        pytest.param(b'{"a":1', id="unfinished"),
        pytest.param(b'{"a":"', id="an unfinished string"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"   ", id="only white space"),
        pytest.param(b"[]", id="an array"),
        pytest.param(b'"a"', id="a string"),
        pytest.param(b"1", id="a number"),
        pytest.param(b"null", id="null"),
        pytest.param(b"true", id="true"),
    ],
)
def test_anything_else_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - in the words of the standard library
        strict_json.parse_object(text)


def test_nesting_up_to_the_limit_is_read() -> None:
    assert strict_json.parse_object(nested(32)).keys() == {"a"}


@pytest.mark.parametrize("depth", [33, 1_000, 200_000])
def test_nesting_beyond_the_limit_is_refused(depth: int) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        strict_json.parse_object(nested(depth))


@pytest.mark.parametrize(
    "string",
    [
        pytest.param(b'"' + b"[{" * 99 + b'"', id="brackets"),
        pytest.param(rb'"\"' + b"[{" * 99 + b'"', id="brackets after an escaped quote"),
        pytest.param(rb'"\\","' + b"[{" * 99 + rb'\\"', id="escaped backslashes"),
    ],
)
def test_brackets_inside_strings_do_not_count(string: bytes) -> None:
    assert strict_json.parse_object(nested(MAX_NESTING, filling=string)).keys() == {"a"}


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(strict_json.parse_object(b'{"a":[' + b"{}," * 999 + b"{}]}")["a"]) == 1000


def test_brackets_after_a_string_that_ends_in_a_backslash_count() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        strict_json.parse_object(rb'{"a":"\\","b":' + b"[" * 99 + b"]" * 99 + b"}")


def test_an_unfinished_string_with_many_quotes_is_refused() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - in the words of the standard library
        strict_json.parse_object(b'{"a":' + b"[" * 30 + b'"\\"' * 50_000)


@pytest.mark.parametrize(
    "text", [b'{"password":"hunter2"', b'{"a":hunter2}', b'{"hunter2":1,"hunter2":2}']
)
def test_a_refusal_does_not_quote_what_it_read(text: bytes) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - that is asserted below
        strict_json.parse_object(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        pytest.param({}, b"{}", id="empty"),
        pytest.param({"a": [1, None, True]}, b'{"a":[1,null,true]}', id="no blanks"),
        pytest.param({"a": ("b",)}, b'{"a":["b"]}', id="a tuple"),
        pytest.param({"ä": "€"}, '{"ä":"€"}'.encode(), id="UTF-8"),
        pytest.param({"a": 'b"\n'}, rb'{"a":"b\"\n"}', id="escapes"),
        pytest.param({'a"': 1}, rb'{"a\"":1}', id="escapes in a name"),
        pytest.param({"a": 1, "b": -(10**20)}, b'{"a":1,"b":-100000000000000000000}', id="ints"),
        pytest.param({"a": True, "b": 1.5}, b'{"a":true,"b":1.5}', id="neither text nor int"),
        pytest.param({Kind.A: Kind.A}, b'{"a":"a"}', id="a kind of text"),
        pytest.param({"a": HTTPStatus.OK}, b'{"a":200}', id="a kind of int"),
        pytest.param({1: 2}, b'{"1":2}', id="an int as a name"),
    ],
)
def test_an_object_is_written(members: dict[str, Any], text: bytes) -> None:
    assert strict_json.dump_object(members) == text


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"a": nan}, id="NaN"),
        pytest.param({"a": [inf]}, id="Infinity"),
        pytest.param({"a": "\ud800"}, id="a lone surrogate"),
        pytest.param({"\udfff": 1}, id="a lone surrogate in a name"),
        pytest.param({"a": {1: 2, "1": 3}}, id="names that become one"),
        pytest.param({1: 2, "1": 3}, id="names of its own that become one"),
        pytest.param({"a": 10**5000}, id="an int of 5001 digits"),
        pytest.param({"a": nested_list(32)}, id="nested too deeply"),
        pytest.param({"a": nested_list(100_000)}, id="nested beyond measure"),
    ],
)
def test_what_would_not_be_read_is_not_written(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - in the words of the standard library
        strict_json.dump_object(members)


def test_an_object_that_contains_itself_is_not_written() -> None:
    members: dict[str, Any] = {}
    members["a"] = members
    with pytest.raises(ValueError):  # noqa: PT011 - in the words of the standard library
        strict_json.dump_object(members)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"octets"], ids=["object", "set", "bytes"])
def test_what_has_no_json_form_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        strict_json.dump_object({"a": value})


def test_names_that_become_one_at_the_top_are_not_written() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - in the words of the standard library
        strict_json.dump_object({1: 2, "1": 3})  # type: ignore[dict-item]  # the fault
