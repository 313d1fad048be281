"""Readers of settings: one function a type, each returns the value or raises a `Fault`.

A value is of its declared type exactly: `Flask.config.from_prefixed_env` turns `123` into a number
and `False` into text, and guessing back could open what was meant to be shut.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..arguments.readers import parse_duration
from ..errors import NQSCHAR
from ..jose.compact import media_type
from ..jose.strict_json import explain_syntax
from ..quoting import quote_name

if TYPE_CHECKING:
    from ..arguments.files import NamedFile

Reader: TypeAlias = Callable[[object], Any]

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "a text"),
    ((int, float), "a number"),
    ((list, tuple), "a list"),
    (dict, "an object"),
    (type(None), "null"),
)
# More than any duration may be, and few enough for a timedelta.
_MOST_SECONDS = 10**10
_HOST = r"[a-z0-9_][a-z0-9._-]*"
# What stands for a truth value elsewhere must not pass for the name of a host.
_TRUTHS = ("true", "false", "yes", "no", "on", "off", "none", "null", "0", "1")
_TRUTH_OR_HOSTS = 'true or false, or names of hosts such as ["keycloak"]'
_DURATIONS = "a timedelta, a whole number of seconds, or a text such as 30s, 15m, 12h or 90d"
_IN_SMALL = "the environment takes both in small letters, and Python without quotes"
_NOT_PYTHON = "JSON has double quotes, and true, false and null in small letters"
_OCTETS = (
    'write .decode() behind a text or PEM, and other octets as {"kty": "oct", "k": "<base64url>"}'
)
_QUOTED_STRING = f"[{NQSCHAR}]+"


class Fault(ValueError):
    """A fault of one value.

    Attributes:
        problem: What is wrong, without a subject: `must be true or false`.
        path: Where it is in the setting's value: `[0].file`; empty for the whole.
    """

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path

    def of(self, setting: str) -> str:
        """Return the sentence about a setting."""
        return f"{setting}{self.path} {self.problem}"


def not_a(wanted: str, value: object) -> Fault:
    """Make the fault of a value of another type; it names the type, and never quotes the value."""
    return Fault(f"must be {wanted}, and is {_kind_of(value)}")


def _kind_of(value: object) -> str:
    if isinstance(value, (str, list, tuple, dict)) and not value:
        return "empty"
    kinds = (name for kind, name in _KINDS if isinstance(value, kind))
    return str(value).lower() if isinstance(value, bool) else next(kinds, type(value).__name__)


def text(value: object) -> str:
    """Read a text that is not empty."""
    if isinstance(value, str) and value:
        if not value.isascii() and _is_not_unicode(value):
            raise Fault("is not Unicode text")
        return value
    _refuse_number(value)
    raise not_a("text that is not empty", value)


def _refuse_number(value: object) -> None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise Fault("is a number where text is wanted; quote it, as in '\"123\"'")


def _is_not_unicode(text: str) -> bool:
    # An environment variable with other octets than UTF-8 arrives as lone surrogates.
    return any("\ud800" <= character <= "\udfff" for character in text)


def path(value: object, folder: Path) -> "NamedFile":
    """Read the name of a file or folder; a relative one starts in `folder`."""
    name = text(fspath(value) if isinstance(value, PathLike) else value)
    if not name.isprintable() or "-----BEGIN" in name or name.startswith("{"):
        raise Fault("must be the name of a file; key material belongs in TOKENGUARD_KEY")
    from ..arguments.files import NamedFile  # noqa: PLC0415 - imported when used

    return NamedFile(name, folder)


def texts(value: object) -> tuple[str, ...]:
    """Read several texts, from a list, JSON or comma-separated text."""
    return tuple(text(item) for item in _items(value))


def _items(value: object) -> Sequence[object]:
    if isinstance(value, str):
        value = parse_list(value)
    _refuse_number(value)
    if not isinstance(value, (list, tuple)) or not value:
        raise not_a("a list of texts, or comma-separated text", value)
    return value


def texts_or_none(value: object) -> tuple[str, ...]:
    """Read several texts, or none."""
    if isinstance(value, str):
        value = parse_list(value)
    return () if value in ([], ()) else texts(value)


def claims(value: object) -> tuple[str, ...]:
    """Read names of claims that must be there, or none."""
    names = texts_or_none(value)
    if "cnf" in names:
        raise Fault("must not hold cnf; a token that is bound to a key is refused")
    return names


def parse_list(text: str) -> object:
    """Parse the JSON of a list, or comma-separated text."""
    if not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",")]
    return parse_json(text)


def parse_json(text: str) -> Any:
    """Parse JSON, and name what is wrong with it."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Fault(f"{explain_syntax(error)}; {_NOT_PYTHON}") from None
    except (ValueError, RecursionError):
        # An int of thousands of digits, or brackets as many.
        raise Fault("is not JSON that can be read") from None


def duration(least: int, most: timedelta) -> Callable[[object], timedelta]:
    """Read a timedelta, a number of seconds, or a text such as `15m`, within bounds."""

    def read(value: object) -> timedelta:
        if isinstance(value, int) and not isinstance(value, bool):
            value = timedelta(seconds=max(-_MOST_SECONDS, min(value, _MOST_SECONDS)))
        if isinstance(value, str):
            value = _parse_duration(value)
        if not isinstance(value, timedelta):
            raise not_a(_DURATIONS, value)
        if not timedelta(seconds=least) <= value <= most:
            came = f"{value.total_seconds():.15g}"
            raise Fault(
                f"must be from {least} to {most.total_seconds():.0f} seconds, and is {came}"
            )
        return value

    return read


def _parse_duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError:
        raise not_a(_DURATIONS, text) from None


def size(value: object) -> int:
    """Read a number of characters."""
    return _whole_number(value, "of characters ", 256, 1_048_576)


def _whole_number(value: object, unit: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise not_a(f"a whole number {unit}from {least} to {most}", value)
    if not least <= value <= most:
        raise Fault(f"must be a whole number {unit}from {least} to {most}")
    return value


def count(most: int) -> Callable[[object], int]:
    """Read a number of things, or 0 for none."""
    return lambda value: _whole_number(value, "", 0, most)


def choice(*choices: str) -> Callable[[object], str]:
    """Read one of a few words."""

    def read(value: object) -> str:
        if value not in choices:
            raise not_one_of("must be one of", choices, value)
        return str(value)

    return read


def not_one_of(wanted: str, choices: Collection[str], value: object) -> Fault:
    """Make the fault of a word that is not one of a few, with the nearest of these."""
    came = quote_name(value) if isinstance(value, str) and value else _kind_of(value)
    return Fault(f"{wanted} {', '.join(choices)}, and is {came}{nearest(value, choices)}")


def nearest(value: object, choices: Iterable[str]) -> str:
    """Return a question with the word that is meant, in whatever case it came, or nothing."""
    if not isinstance(value, str):
        return ""
    by_letters, word = {choice.lower(): choice for choice in choices}, value.lower()
    near = get_close_matches(word, by_letters, 1)
    near = near or [each for each in by_letters if len(word) > 2 and each.startswith(word)]
    return f"; did you mean {by_letters[near[0]]}?" if near else ""


def types(value: object) -> tuple[str | None, ...]:
    """Read media types of access tokens; in a list, None stands for a token without one."""
    return tuple(None if item is None else _type(item) for item in _items(value))


def _type(value: object) -> str:
    name = text(value)
    if media_type(name) == "rt+jwt":
        raise Fault("must not hold rt+jwt, the type of refresh tokens")
    if name.lower() in ("null", "none"):
        raise Fault(f'holds {name} as a text; for no type write null without quotes: ["JWT", null]')
    return name


def realm(value: object) -> str:
    """Read a realm, which a quoted string must hold without escapes."""
    realm = text(value)
    if not re.fullmatch(_QUOTED_STRING, realm):
        raise Fault('must be printable ASCII without " and \\')
    return realm


def key(value: object) -> str | Mapping[str, Any]:
    """Read key material: text, or a JWK or JWKS."""
    if isinstance(value, bytes):
        raise Fault(f"must be text that is not empty, and is bytes; {_OCTETS}")
    return value if isinstance(value, dict) else text(value)


def truth(value: object) -> bool:
    """Read true or false, and nothing else that could pass for one."""
    if not isinstance(value, bool):
        fault = not_a("true or false", value)
        raise Fault(f"{fault.problem}; {_IN_SMALL}") if isinstance(value, str) else fault
    return value


def truth_or_hosts(value: object) -> bool | tuple[str, ...]:
    """Read true or false, or names of hosts, which come in lower case."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, (str, list, tuple)):
        raise not_a(_TRUTH_OR_HOSTS, value)
    hosts = tuple(name.lower() for name in texts(value))
    if any(host in _TRUTHS or not re.fullmatch(_HOST, host) for host in hosts):
        raise Fault(f"must be {_TRUTH_OR_HOSTS}, without scheme and port")
    return hosts


def url_path(value: object) -> str:
    """Read the path of a URL."""
    path = text(value)
    if not path.startswith("/"):
        raise Fault("must be a path that starts with /")
    return path


def prefix(value: object) -> str:
    """Read the prefix of a server's keys; braces would set a cluster's hash tag."""
    prefix = text(value)
    if not prefix.isprintable() or not prefix.isascii() or set(prefix) & set("{}* "):
        raise Fault("must be printable ASCII without spaces, braces and *")
    return prefix
