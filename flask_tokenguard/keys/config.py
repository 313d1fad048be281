"""The keys that the config names: read, given a state, and one of them chosen to sign."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..jose.jwk import Key, KeySet
from .text import read_keys

State = Literal["active", "next", "verify-only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """One key as the config names it; exactly one of `value`, `file` and `env` is given.

    Attributes:
        source: What messages call it, such as `TOKENGUARD_KEYS[1]`.
        value: The material itself.
        file: A path, relative to the working directory; one trailing newline is dropped.
        env: The name of an environment variable.
        password, password_file: Open an encrypted PEM.
        kid, alg, use: Bind the key where its material leaves it open.
        state: `active` signs, `next` does not yet, `verify-only` no longer does.
    """

    source: str
    value: str | Mapping[str, Any] | None = field(default=None, repr=False)
    file: str | None = field(default=None, repr=False)
    env: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    password_file: str | None = field(default=None, repr=False)
    kid: str | None = None
    alg: str | None = None
    use: str | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class ConfiguredKeys:
    """Every key that verifies, and the one that signs, if there is one."""

    verifying: KeySet
    signing: Key | None


def load_keys(
    entries: Iterable[KeyEntry], *, algorithm: str | None, on_fault: Callable[[str], None]
) -> ConfiguredKeys:
    """Read all the keys of a config.

    Args:
        entries: What the config names.
        algorithm: For keys that admit it and name no other.
        on_fault: Called with a sentence for each fault; the result is then not to be used.
    """
    loaded: list[tuple[KeyEntry, Key]] = []
    for entry in entries:
        try:
            loaded += [(entry, key) for key in _read(entry, algorithm)]
        except ValueError as error:
            on_fault(f"{entry.source}: the key {error}")
    signing = _signing_key(loaded, on_fault)
    if algorithm is not None and loaded and algorithm not in (signing or loaded[0][1]).algs:
        on_fault(f"TOKENGUARD_ALGORITHM is {algorithm}, which the configured key does not take")
    try:
        return ConfiguredKeys(KeySet(key for _, key in loaded), signing)
    except ValueError as error:
        on_fault(f"the key set {error}")
        return ConfiguredKeys(KeySet(()), None)


def _signing_key(
    loaded: Iterable[tuple[KeyEntry, Key]], on_fault: Callable[[str], None]
) -> Key | None:
    active = [(entry, key) for entry, key in loaded if entry.state == "active"]
    for entry, key in active:
        if not key.is_private:
            on_fault(f"{entry.source}: the key is active and public; only a private key can sign")
    candidates = active or [
        (entry, key) for entry, key in loaded if entry.state is None and key.is_private
    ]
    if len(candidates) > 1:
        names = ", ".join(f"{entry.source} ({key!r})" for entry, key in candidates)
        on_fault(f"several keys could sign; make one of them active: {names}")
    return candidates[0][1] if candidates else None


def _read(entry: KeyEntry, algorithm: str | None) -> list[Key]:
    text = _material(entry)
    password = entry.password
    if entry.password_file is not None:
        password = _read_file(entry.password_file)
    return read_keys(
        text,
        password=password,
        alg=entry.alg,
        preferred_alg=algorithm,
        kid=entry.kid,
        use=entry.use,
    )


def _material(entry: KeyEntry) -> str | Mapping[str, Any]:
    if entry.file is not None:
        return _read_file(entry.file)
    if entry.env is not None:
        if entry.env not in os.environ:
            raise ValueError("is in an environment variable that is not set")
        return os.environ[entry.env]
    return "" if entry.value is None else entry.value


def _read_file(name: str) -> str:
    # No message tells the name: it could be a secret in the wrong place.
    try:
        text = Path(name).read_bytes().decode()
    except UnicodeDecodeError:
        raise ValueError("file is not text; write a secret's octets as a JWK") from None
    except OSError as error:
        raise ValueError(
            f"file cannot be read: {error.strerror}; a relative name starts in {Path.cwd()}"
        ) from None
    return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")
