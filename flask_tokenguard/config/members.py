"""Members: read objects and lists of them, each member by the reader of its name.

A `Fault` names the way to its value: `[0].file`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .readers import Fault, Reader, nearest, not_a, parse_json, parse_list

# The name of a member, and not something else in its place.
_MEMBER = r"[A-Za-z_][\w-]{0,40}"


@contextmanager
def within(step: str) -> Iterator[None]:
    """Put a step before the path of a fault: `[0]` for an item, `.file` for a member."""
    try:
        yield
    except Fault as fault:
        raise Fault(fault.problem, step + fault.path) from None


def read_object(value: object, example: str) -> dict[str, Any]:
    """Read an object that is not empty, or the JSON of one."""
    value = _parse_object(value)
    if not isinstance(value, dict) or not value:
        raise not_a(f"an object such as {example}", value)
    return value


def _parse_object(value: object) -> object:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return parse_json(value)
    return value


def read_members(value: object, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Read an object with named members, each by its reader."""
    known = ", ".join(sorted(readers))
    value = _parse_object(value)
    if not isinstance(value, dict):
        raise not_a(f"an object with some of {known}", value)
    for name in value:
        if name not in readers:
            shown = f" {name}" if re.fullmatch(_MEMBER, str(name)) else ""
            raise Fault(f"has an unknown member{shown}; known are {known}{nearest(name, readers)}")
    members = {}
    for name, member in value.items():
        with within(f".{name}"):
            members[name] = readers[name](member)
    return members


def read_list(value: object) -> Sequence[object]:
    """Read a list of objects, which are read by themselves."""
    if isinstance(value, str):
        value = parse_list(value)
    if not isinstance(value, (list, tuple)) or not value:
        raise not_a('a list of entries such as {"file": "signing.pem"}', value)
    return value
