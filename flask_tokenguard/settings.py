"""Settings: every TOKENGUARD_* key of the config, its type, unit, default and check.

A value is of its declared type exactly: `Flask.config.from_prefixed_env` turns `123` into a number
and `False` into text, and guessing back could open what was meant to be shut.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from difflib import get_close_matches
from os import PathLike, fspath
from typing import Any, get_args

from .jose.algorithms import SIGNATURE_ALGORITHMS
from .jose.compact import media_type
from .keys.config import KeyEntry, State

PREFIX = "TOKENGUARD_"
LOCATIONS = ("header", "form", "query", "json")

# The design's further settings, whose features do not exist in this version.
_NOT_YET = frozenset(
    f"{PREFIX}{name}"
    for name in (
        "KEYRING ISSUERS REFRESH_TOKEN_LIFETIME REFRESH_GRACE ENCRYPTION STORAGE_URI CACHE_SIZE"
        " CACHE_LIFETIME ALLOW_INSECURE_HTTP"
    ).split()
)
_LONGEST_LIFETIME = timedelta(days=3660)
_QUOTED_STRING = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")


class _Fault(ValueError):
    """What is wrong with one value; the setting's name is put before it."""


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        if not value.isascii() and _is_not_unicode(value):
            raise _Fault("is not Unicode text")
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise _Fault("is a number where text is wanted; quote it, as in '\"123\"'")
    raise _Fault("must be text that is not empty")


def _is_not_unicode(text: str) -> bool:
    # An environment variable with other octets than UTF-8 arrives as lone surrogates.
    return any("\ud800" <= character <= "\udfff" for character in text)


def _path(value: object) -> str:
    name = _text(fspath(value) if isinstance(value, PathLike) else value)
    if not name.isprintable() or name.startswith(("-----BEGIN", "{")):
        raise _Fault("must be the name of a file; key material belongs in TOKENGUARD_KEY")
    return name


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = _parse_list(value)
    if not isinstance(value, (list, tuple)) or not value:
        raise _Fault("must be a list of texts, or comma-separated text")
    return tuple(_text(item) for item in value)


def _patterns(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = _parse_list(value)
    return () if value in ([], ()) else _texts(value)


def _parse_list(text: str) -> object:
    if not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",")]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _Fault("is not a list in JSON") from None


def _duration(least: int, most: timedelta) -> Callable[[object], timedelta]:
    def read(value: object) -> timedelta:
        if isinstance(value, int) and not isinstance(value, bool):
            value = timedelta(seconds=max(-1, min(value, 10**10)))
        if not isinstance(value, timedelta):
            raise _Fault("must be a timedelta, or a whole number of seconds")
        if not timedelta(seconds=least) <= value <= most:
            raise _Fault(f"must be from {least} to {most.total_seconds():.0f} seconds")
        return value

    return read


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 256 <= value <= 1_048_576:
        raise _Fault("must be a whole number of characters from 256 to 1048576")
    return value


def _choice(*choices: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise _Fault(f"must be one of {', '.join(choices)}")
        return str(value)

    return read


def _locations(value: object) -> tuple[str, ...]:
    names = _texts(value)
    unknown = [name for name in names if name not in LOCATIONS]
    if unknown or len(set(names)) != len(names):
        raise _Fault(f"must name some of {', '.join(LOCATIONS)}, each once")
    return names


def _types(value: object) -> tuple[str, ...]:
    types = tuple(media_type(name) for name in _texts(value))
    if "rt+jwt" in types:
        raise _Fault("must not hold rt+jwt, the type of refresh tokens")
    return types


def _realm(value: object) -> str:
    realm = _text(value)
    if not _QUOTED_STRING.fullmatch(realm):
        raise _Fault('must be printable ASCII without " and \\')
    return realm


def _key(value: object) -> str | Mapping[str, Any]:
    return value if isinstance(value, dict) else _text(value)


def _keys(value: object) -> tuple[KeyEntry, ...]:
    if isinstance(value, str):
        value = _parse_list(value)
    if not isinstance(value, (list, tuple)) or not value:
        raise _Fault('must be a list of entries such as {"file": "signing.pem"}')
    return tuple(_entry(index, entry) for index, entry in enumerate(value))


def _entry(index: int, entry: object) -> KeyEntry:
    names = {field.name for field in fields(KeyEntry)} - {"source"}
    if not isinstance(entry, dict) or not entry.keys() <= names:
        raise _Fault(f"[{index}] must be an object with some of {', '.join(sorted(names))}")
    if len(entry.keys() & {"value", "file", "env"}) != 1:
        raise _Fault(f"[{index}] must have exactly one of value, file and env")
    if {"password", "password_file"} <= entry.keys():
        raise _Fault(f"[{index}] must have one of password and password_file")
    if entry.get("state", "active") not in get_args(State):
        raise _Fault(f"[{index}] has a state other than {', '.join(get_args(State))}")
    values: dict[str, Any] = {}
    for name, value in entry.items():
        try:
            values[name] = _ENTRY_READERS.get(name, _text)(value)
        except _Fault as fault:
            raise _Fault(f"[{index}].{name} {fault}") from None
    return KeyEntry(source=f"{PREFIX}KEYS[{index}]", **values)


_ENTRY_READERS: dict[str, Callable[[object], Any]] = {
    "value": _key,
    "file": _path,
    "password_file": _path,
}


def _setting(read: Callable[[object], Any], default: Any = None, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the config says, checked; a field is the key's name without prefix, in lower case."""

    key: str | Mapping[str, Any] | None = _setting(_key, secret=True)
    key_file: str | None = _setting(_path, secret=True)
    key_password: str | None = _setting(_text, secret=True)
    key_password_file: str | None = _setting(_path, secret=True)
    keys: tuple[KeyEntry, ...] | None = _setting(_keys)
    algorithm: str | None = _setting(_choice(*SIGNATURE_ALGORITHMS))
    issuer: str | None = _setting(_text)
    audience: tuple[str, ...] = _setting(_texts, ())
    client_id: str | None = _setting(_text)
    types: tuple[str, ...] = _setting(_types, ("at+jwt",))
    leeway: timedelta = _setting(_duration(0, timedelta(seconds=300)), timedelta(0))
    access_token_lifetime: timedelta = _setting(
        _duration(1, _LONGEST_LIFETIME), timedelta(minutes=15)
    )
    token_locations: tuple[str, ...] = _setting(_locations, ("header",))
    protect: str = _setting(_choice("marked", "all"), "marked")
    public_endpoints: tuple[str, ...] = _setting(_patterns, ("static", "*.static"))
    max_token_size: int = _setting(_size, 8192)
    realm: str | None = _setting(_realm)

    @classmethod
    def read(cls, config: Mapping[str, Any], on_fault: Callable[[str], None]) -> "Settings":
        """Read every TOKENGUARD_ key of an app's config; None counts as not set.

        Args:
            config: The app's config, which is not changed.
            on_fault: Called with a sentence for each fault; the setting then has its default.
        """
        readers = {PREFIX + item.name.upper(): item for item in fields(cls)}
        values = {}
        for name, value in config.items():
            if not name.startswith(PREFIX) or value is None:
                continue
            if name not in readers:
                on_fault(_unknown(name, readers))
                continue
            try:
                values[readers[name].name] = readers[name].metadata["read"](value)
            except _Fault as fault:
                on_fault(f"{name}{'' if str(fault).startswith('[') else ' '}{fault}")
        settings = cls(**values)
        settings._check_key_settings(on_fault)
        return settings

    def key_entries(self) -> tuple[KeyEntry, ...]:
        """What KEY, KEY_FILE or KEYS name, each as an entry."""
        if self.keys is not None:
            return self.keys
        if self.key is None and self.key_file is None:
            return ()
        return (
            KeyEntry(
                source=f"{PREFIX}KEY" if self.key is not None else f"{PREFIX}KEY_FILE",
                value=self.key,
                file=self.key_file,
                password=self.key_password,
                password_file=self.key_password_file,
            ),
        )

    def _check_key_settings(self, on_fault: Callable[[str], None]) -> None:
        named = [name for name in ("key", "key_file", "keys") if getattr(self, name) is not None]
        keys = [PREFIX + name.upper() for name in named]
        if len(keys) > 1:
            on_fault(f"{' and '.join(keys)} contradict each other; set one of them")
        passwords = [self.key_password, self.key_password_file]
        if None not in passwords:
            on_fault(f"{PREFIX}KEY_PASSWORD and {PREFIX}KEY_PASSWORD_FILE contradict each other")
        if named == ["keys"] and passwords != [None, None]:
            on_fault(f"{PREFIX}KEY_PASSWORD is not for {PREFIX}KEYS; give each entry its password")


def _unknown(name: str, known: Mapping[str, object]) -> str:
    if name in _NOT_YET:
        return f"{name} is not yet supported"
    near = get_close_matches(name, known, 1, cutoff=0)[0]
    return f"{name} is not a setting; did you mean {near}?"
