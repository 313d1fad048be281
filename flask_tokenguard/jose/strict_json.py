"""Strict JSON objects (RFC 8259, and RFC 7493 where parsers differ).

Two readers of one text must see the same object, or one of them can be lied to: no duplicate
members, no NaN or Infinity, no number that overflows to one, no lone surrogate, bounded nesting.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from json.encoder import c_make_encoder  # type: ignore[attr-defined] # typeshed leaves it out
from json.encoder import encode_basestring as _quote
from math import isfinite
from typing import Any, NoReturn

MAX_NESTING = 32
_WHITESPACE = " \t\n\r"

# The closing quote is optional, so that an unfinished string is not scanned again from each quote.
_STRINGS_AND_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[][{}]')
_OPENING = (b"{", b"[")
_CLOSING = (b"}", b"]")


def _without_duplicates(members: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(members)
    if len(parsed) != len(members):
        raise ValueError("a member occurs twice")
    return parsed


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# What JSONDecoder.raw_decode calls, without its frame.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_float=_finite,
    parse_constant=_refuse_constant,
).scan_once  # type: ignore[attr-defined,unused-ignore] # typeshed leaves it out
# What JSONEncoder.encode makes anew each time, which takes as long as a member; it returns chunks.
_write: Callable[[Any, int], Iterable[str]] = c_make_encoder(
    *(None, json.JSONEncoder().default, _quote, None, ":", ",", False, False, False)
)


def parse_object(octets: bytes) -> dict[str, Any]:
    """Parse one JSON object in UTF-8.

    Raises:
        ValueError: The octets are anything else; the message never quotes them.
    """
    # An object cannot nest deeper than it has brackets; counting them is nearly free.
    if octets.count(b"{") + octets.count(b"[") > MAX_NESTING:
        _check_nesting(octets)
    text = octets.decode().strip(_WHITESPACE)
    try:
        parsed, end = _scan(text, 0)
    except StopIteration:
        raise ValueError("not JSON") from None
    if end != len(text):
        raise ValueError("data after the JSON object")
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")
    if "\\u" in text:
        _check_surrogates(parsed)
    return parsed


def explain_syntax(error: json.JSONDecodeError) -> str:
    """Return where a text stops being JSON, as a predicate that quotes nothing of it."""
    fault = error.msg.removesuffix(" at")
    return f"is not JSON: {fault} at line {error.lineno}, character {error.colno}"


def dump_parsed(members: Mapping[str, Any]) -> bytes:
    """Write one JSON object of what `parse_object` returned, texts and ints: nothing is checked."""
    return "".join(_write(members, 0)).encode()


def dump_object(members: Mapping[str, Any]) -> bytes:
    """Write one JSON object that `parse_object` accepts.

    Raises:
        TypeError: A value has no JSON form.
        ValueError: The object would be refused by `parse_object`.
    """
    written: list[str] = []
    has_others = False
    for name, value in members.items():
        # Nearly all members are a text or an int, which take less than an encoder's beginning.
        if type(name) is str and type(value) is str:
            written.append(f"{_quote(name)}:{_quote(value)}")
        elif type(name) is str and type(value) is int:
            written.append(f"{_quote(name)}:{value}")
        else:
            written.append(_encode_member(name, value))
            has_others = True
    octets = f"{{{','.join(written)}}}".encode()
    if has_others:
        is_nested = octets.count(b"{") + octets.count(b"[") > 1
        # Names such as 1 and "1" become the same member, which only the parser notices.
        if is_nested or set(map(type, members)) != {str}:
            parse_object(octets)
    return octets


def find_fault(members: Mapping[str, Any]) -> str:
    """Find what keeps members from being written, by its place: `["b"]["c"][1]`.

    Args:
        members: What `dump_object` refuses.

    Returns:
        The path to the innermost value that is a fault by itself; empty for the whole.
    """
    steps: list[str] = []
    value: Any = members
    while len(steps) < MAX_NESTING:
        faults = ((step, member) for step, member in _inside(value) if not _can_be_written(member))
        step, value = next(faults, ("", None))
        if not step:
            return "".join(steps)
        steps.append(f"[{step}]")
    # It is in itself, or nested too deeply.
    return steps[0]


def _inside(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield json.dumps(name) if isinstance(name, str) else ascii(name), member
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield str(place), item


def _can_be_written(value: object) -> bool:
    try:
        dump_object({"": value})
    except (TypeError, ValueError):
        return False
    return True


def _encode_member(name: object, value: object) -> str:
    try:
        return "".join(_write({name: value}, 0))[1:-1]
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _check_nesting(octets: bytes) -> None:
    depth = 0
    for lexeme in _STRINGS_AND_BRACKETS.findall(octets):
        depth += (lexeme in _OPENING) - (lexeme in _CLOSING)
        if depth > MAX_NESTING:
            raise ValueError("nested too deeply")


def _check_surrogates(parsed: Mapping[str, Any]) -> None:
    try:
        "".join(_write(parsed, 0)).encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate") from None
