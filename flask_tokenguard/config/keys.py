"""Key entries: each object of TOKENGUARD_KEYS, and TOKENGUARD_ENCRYPTION."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import get_args

from ..keys.encryption import EncryptionEntry
from ..keys.entries import KeyEntry, State
from .members import read_list, read_members, within
from .readers import Fault, Reader, choice, key, path, text, truth

_KEY_MEMBERS: dict[str, Reader] = {
    "value": key,
    "env": text,
    "password": text,
    "kid": text,
    "alg": text,
    "enc": text,
    "use": text,
    "state": choice(*get_args(State)),
}
_ENCRYPTION_MEMBERS: dict[str, Reader] = {
    "key": key,
    "kid": text,
    "password": text,
    "alg": text,
    "enc": text,
    "required": truth,
}


def read_keys(value: object, folder: Path) -> tuple[KeyEntry, ...]:
    """Read TOKENGUARD_KEYS: several keys, each with its metadata."""
    return tuple(_read_key(index, entry, folder) for index, entry in enumerate(read_list(value)))


def _read_key(index: int, entry: object, folder: Path) -> KeyEntry:
    with within(f"[{index}]"):
        members = read_members(entry, _KEY_MEMBERS | _files(folder, "file", "password_file"))
        if len(members.keys() & {"value", "file", "env"}) != 1:
            raise Fault("must have exactly one of value, file and env")
        _check_password(members)
    return KeyEntry(source=f"TOKENGUARD_KEYS[{index}]", **members)


def read_encryption(value: object, folder: Path) -> EncryptionEntry:
    """Read TOKENGUARD_ENCRYPTION: a key, or the `kid` of a configured one, and how it is used."""
    readers = _ENCRYPTION_MEMBERS | _files(folder, "key_file", "password_file")
    members = read_members(value, readers)
    if len(members.keys() & {"key", "key_file", "kid"}) != 1:
        raise Fault("must have exactly one of key, key_file and kid")
    _check_password(members)
    if "kid" in members and members.keys() & {"password", "password_file"}:
        raise Fault("has a password for a key that is configured elsewhere")
    alg, kid = members.get("alg"), members.get("kid")
    own_key = KeyEntry(
        source="TOKENGUARD_ENCRYPTION",
        value=members.get("key"),
        file=members.get("key_file"),
        password=members.get("password"),
        password_file=members.get("password_file"),
        alg=alg,
        use="enc",
    )
    return EncryptionEntry(
        key=own_key if kid is None else None,
        kid=kid,
        alg=alg,
        enc=members.get("enc"),
        required=members.get("required", True),
    )


def _files(folder: Path, *names: str) -> dict[str, Reader]:
    return dict.fromkeys(names, partial(path, folder=folder))


def _check_password(members: Mapping[str, object]) -> None:
    if {"password", "password_file"} <= members.keys():
        raise Fault("must have one of password and password_file")
