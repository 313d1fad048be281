"""Key entries: the keys as the config names them, each read to its material and metadata."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..jose.algorithms import ENCRYPTION_ALGORITHMS
from ..jose.jwk import KeyOptions
from ..jose.material import Material
from .text import read_file, read_material

State = Literal["active", "next", "verify-only"]
# The metadata that names an issuer's key set: of OpenID Connect Discovery 1.0, of RFC 8414, or the
# first of both that is right.
DiscoveryKind = Literal["oidc", "oauth", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """One key as the config names it; exactly one of `value`, `file` and `env` is given.

    Attributes:
        source: What messages call it, such as `TOKENGUARD_KEYS[1]`.
        value: The material itself.
        file: A path, relative to the working directory; one trailing newline is dropped.
        env: The name of an environment variable.
        password, password_file: Open an encrypted PEM.
        kid, alg, enc, use: Bind the key where its material leaves it open.
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
    enc: str | None = None
    use: str | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class ReadKey:
    """A key that is not yet bound to an algorithm, with its metadata."""

    entry: KeyEntry
    material: Material = field(repr=False)
    metadata: KeyOptions


def read_entries(
    entries: Iterable[KeyEntry], *, algorithm: str | None, on_fault: Callable[[str], None]
) -> list[ReadKey]:
    """Read every key of the entries; a JWKS holds several.

    Args:
        entries: The keys as the config names them.
        algorithm: The default for keys that admit it and name no other.
        on_fault: Called with a sentence for each fault; its key is then left out.
    """
    read: list[ReadKey] = []
    for entry in entries:
        try:
            read += [
                ReadKey(entry, key, _with_use(metadata))
                for key, metadata in _read(entry, algorithm)
            ]
        except ValueError as error:
            on_fault(f"{entry.source}: the key {error}")
    return read


def refuse_encryption_keys(read: Iterable[ReadKey], *, on_fault: Callable[[str], None]) -> None:
    """Report keys for encryption, for an app that only signs."""
    for key in read:
        if key.metadata.get("use") == "enc":
            on_fault(f"{key.entry.source}: the key has the use 'enc'; see TOKENGUARD_ENCRYPTION")


def _read(entry: KeyEntry, algorithm: str | None) -> list[tuple[Material, KeyOptions]]:
    password = entry.password
    if entry.password_file is not None:
        password = read_file(Path(entry.password_file))
    return read_material(
        text_of(entry),
        password=password,
        alg=entry.alg,
        preferred_alg=algorithm,
        kid=entry.kid,
        use=entry.use,
    )


def _with_use(metadata: KeyOptions) -> KeyOptions:
    """Return the metadata with the use that its algorithm implies, where it names no use."""
    if metadata.get("use") is None and metadata.get("alg") in ENCRYPTION_ALGORITHMS:
        return {**metadata, "use": "enc"}
    return metadata


def text_of(entry: KeyEntry) -> str | Mapping[str, Any]:
    """Read the material of an entry from its value, file or environment variable.

    Raises:
        ValueError: The file or variable is not there; the message follows "the key".
    """
    if entry.file is not None:
        return read_file(Path(entry.file))
    if entry.env is not None:
        if entry.env not in os.environ:
            raise ValueError("is in an environment variable that is not set")
        return os.environ[entry.env]
    return "" if entry.value is None else entry.value
