"""Readers: what `token_required` and `require_token` are called with -> values, or a `TypeError`.

Each error names the argument, what is wrong, and what to write. `parse_duration` is for settings
and commands.
"""

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from math import inf
from types import NoneType
from typing import Any, TypeAlias, TypeVar

Function = TypeVar("Function", bound=Callable[..., object])
Scalar: TypeAlias = str | int | float | bool | None

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = r"([0-9]{1,9})([smhd])"

_JSON_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    NoneType: "null",
}


def read_names(what: str, names: str | Iterable[str] | None) -> tuple[str, ...]:
    """Read a text of several names, or the names one by one; none for None."""
    if names is None:
        return ()
    if isinstance(names, bytes | Mapping) or not isinstance(names, Iterable):
        raise TypeError(f"{what} must be a text, or several; it is of type {type(names).__name__}")
    listed = tuple(names.split() if isinstance(names, str) else names)
    if not listed or not all(isinstance(name, str) and name for name in listed):
        raise TypeError(f"{what} must name at least one, as text, and nothing that is empty")
    return listed


def read_scopes(what: str, names: str | Iterable[str] | None) -> tuple[str, ...]:
    """Read scopes as `read_names` does; none has a space in it (RFC 6749 section 3.3)."""
    listed = read_names(what, names)
    for name in listed:
        if name.split() != [name]:
            raise TypeError(
                f'{what} holds {name!r}, but no scope has a space in it; write {what}="a b" or'
                f' {what}=["a", "b"]'
            )
    return listed


def read_roles(role: str | Iterable[str] | None) -> tuple[str, ...]:
    """Read one role, or several; unlike a scope, a role may have spaces in it."""
    return read_names("role", [role] if isinstance(role, str) else role)


def read_claims(
    claims: Mapping[str, Scalar | Collection[Scalar]],
) -> dict[str, tuple[Scalar, ...]]:
    """Read for each claim the values of which one must be there."""
    if not isinstance(claims, Mapping):
        raise TypeError(
            'claims must be a mapping, such as claims={"role": "admin"}; it is of type'
            f" {type(claims).__name__}"
        )
    if not claims or not all(isinstance(name, str) for name in claims):
        raise TypeError('claims must name at least one, as text: claims={"role": "admin"}')
    return {name: _allowed(name, value) for name, value in claims.items()}


def _allowed(name: str, value: Scalar | Collection[Scalar]) -> tuple[Scalar, ...]:
    values: tuple[Any, ...] = (
        tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    )
    # A number that is none equals nothing, itself included.
    if not values or any(json_type(one) is None or one != one for one in values):  # noqa: PLR0124 - NaN
        raise TypeError(f"the claim {name} must be a text, number, truth value or None, or several")
    return values


def read_function(check: Function) -> Function:
    """Read a function of the claims, whose result is there at once."""
    is_late = inspect.iscoroutinefunction(check) or inspect.isasyncgenfunction(check)
    if not callable(check) or is_late or inspect.isgeneratorfunction(check):
        raise TypeError("check must be a function of the claims that is not async and no generator")
    try:
        signature = inspect.signature(check)
    except ValueError:  # Some that are written in C have none.
        return check
    try:
        signature.bind({})
    except TypeError:
        raise TypeError(
            "check must be a function of one argument, the claims; such as"
            ' check=lambda claims: claims.get("level", 0) > 2'
        ) from None
    return check


def read_flag(name: str, value: object, remedy: str) -> bool:
    """Read True or False; `remedy` is what to write instead of anything else."""
    if not isinstance(value, bool):
        raise TypeError(
            f"{name} must be True or False; it is of type {type(value).__name__}: {remedy}"
        )
    return value


def json_type(value: object) -> str | None:
    """Name the JSON type of a value, or None for what is no scalar."""
    return next((name for kind, name in _JSON_TYPES.items() if isinstance(value, kind)), None)


def read_seconds(max_age: timedelta | int) -> int:
    """Read a time that is not negative, in whole seconds."""
    seconds = max_age.total_seconds() if isinstance(max_age, timedelta) else max_age
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 0 <= seconds < inf:
        raise TypeError(
            "max_age must be a timedelta or a number of seconds, such as max_age=300, and not"
            f" negative; it is {max_age if is_number else type(max_age).__name__}"
        )
    return int(seconds)


def parse_duration(text: str) -> timedelta:
    """Parse a text such as `15m` or `90d`: a whole number of seconds, minutes, hours or days.

    Raises:
        ValueError: It is anything else.
    """
    found = re.fullmatch(_DURATION, text)
    if found is None:
        raise ValueError("a duration is a whole number and s, m, h or d, such as 15m or 90d")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])
