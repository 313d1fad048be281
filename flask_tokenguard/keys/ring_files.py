"""Key ring on disk: one file a key, and an index with the state of each.

The index is replaced by a rename, after the keys that it names are on the disk. So a reader finds
the old ring or the new one, also after a writer was killed. Writers take turns.
"""

import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, get_args

from ..arguments.files import missing
from ..jose import material, strict_json
from ..jose.algorithms import SIGNATURE_ALGORITHMS
from .entries import State
from .text import read_file, read_material

INDEX = "ring.json"
_LOCK = ".lock"
_VERSION = 1
# A thumbprint, or a kid of token_urlsafe(16).
_KEY_FILE = re.compile(r"[A-Za-z0-9_-]{43}\.pem|[A-Za-z0-9_-]{22}\.jwk")


class RingEntry(NamedTuple):
    """One key of a ring; instants are seconds since the epoch.

    Attributes:
        kid: Its name in tokens.
        file: Its file's name, in the ring's folder.
        alg: The algorithm that it is bound to.
        state: `next` is published, `active` signs, `verify-only` has signed.
        created: When it was made.
        activated, retired: When it became active and verify-only, or None.
    """

    kid: str
    file: str
    alg: str
    state: State
    created: int
    activated: int | None = None
    retired: int | None = None


class NextKeyTooYoung(ValueError):
    """The ring's `next` key was published for less time than readers may take to see it."""


def read_index(folder: Path) -> tuple[RingEntry, ...]:
    """Read a ring's index; a ring that does not exist is empty.

    Raises:
        ValueError: The index is not one that this version writes.
        OSError: It cannot be read.
    """
    try:
        index = strict_json.parse_object((folder / INDEX).read_bytes())
    except FileNotFoundError:
        return ()
    except ValueError as error:
        raise ValueError(f"{INDEX} is malformed: {error}") from None
    members = index.get("keys")
    version = index.get("version")
    if type(version) is not int or version != _VERSION or not isinstance(members, list):
        raise ValueError(f"{INDEX} is not a key ring's index of version {_VERSION}")
    entries = tuple(_entry(entry) for entry in members)
    states = [entry.state for entry in entries]
    if len({entry.kid for entry in entries}) != len(entries):
        raise ValueError(f"{INDEX} names a kid twice")
    if states.count("active") != 1 or states.count("next") > 1:
        raise ValueError(f"{INDEX} must name one active key and at most one next key")
    return entries


def make(folder: Path, *, alg: str, password: str | None, now: int) -> tuple[RingEntry, ...]:
    """Make a ring: a key that is active at once, since there are no tokens yet, and a `next` one.

    Args:
        folder: The ring's; made if need be, for its owner alone, but not what it is in.
        alg: The algorithm of both keys.
        password: Encrypts their PEM; a secret's JWK is not encrypted.
        now: Seconds since the epoch.

    Raises:
        ValueError: There is a ring already, or no folder to make it in.
        OSError: It cannot be written.
    """
    _check_alg(alg)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        raise ValueError(missing(folder.parent)) from None
    with _locked(folder):
        if (folder / INDEX).exists():
            raise ValueError(f"{folder} has a {INDEX} already; leave out --new to rotate it")
        first, second = (_make_key(folder, alg, password, now) for _ in range(2))
        return _write_index(folder, (first._replace(state="active", activated=now), second))


def rotate(
    folder: Path, *, alg: str, password: str | None, now: int, least_age: int
) -> tuple[RingEntry, ...]:
    """Rotate a ring: the `next` key signs, the old one verifies, and a new `next` is made.

    A ring without a `next` key gets one and changes nothing else: a key must be published before
    it signs.

    Args:
        folder: The ring's.
        alg: The algorithm of the new key.
        password: Encrypts its PEM; a secret's JWK is not encrypted.
        now: Seconds since the epoch.
        least_age: How long, in seconds, the `next` key must have been published.

    Raises:
        NextKeyTooYoung: A `ValueError`: readers may not know the `next` key yet.
        ValueError: The password is not the ring's, or the ring is damaged or not there.
        OSError: The ring cannot be written.
    """
    _check_alg(alg)
    with _locked_ring(folder) as entries:
        _check_password(folder, entries, password)
        waiting = [entry for entry in entries if entry.state == "next"]
        for entry in waiting:
            if now - entry.created < least_age:
                raise NextKeyTooYoung(
                    f"the next key is {now - entry.created} s old; readers of the published keys"
                    f" may take {least_age} s to see it"
                )
        made = _make_key(folder, alg, password, now)
        moved = tuple(_moved(entry, now) for entry in entries) if waiting else entries
        return _write_index(folder, (*moved, made))


def prune(folder: Path, *, now: int, keep: int) -> tuple[RingEntry, ...]:
    """Drop the keys that have no valid tokens left, and the files that no index names.

    Args:
        folder: The ring's.
        now: Seconds since the epoch.
        keep: For how long after a key has retired its tokens may live, in seconds.

    Returns:
        The entries that were dropped.

    Raises:
        ValueError: There is no ring, or it is damaged.
        OSError: It cannot be written.
    """
    with _locked_ring(folder) as entries:
        dropped = tuple(
            entry for entry in entries if entry.retired is not None and entry.retired + keep <= now
        )
        kept = tuple(entry for entry in entries if entry not in dropped)
        if dropped:
            _write_index(folder, kept)
        named = {entry.file for entry in kept}
        for path in folder.iterdir():
            if path.name not in named and _KEY_FILE.fullmatch(path.name):
                path.unlink()
    return dropped


def no_ring_in(folder: Path) -> ValueError:
    """Make the error about a folder that holds no ring."""
    return ValueError(f"{folder} has no {INDEX}; `flask tokenguard rotate --new` makes a ring")


def _check_alg(alg: str) -> None:
    if alg not in SIGNATURE_ALGORITHMS:
        raise ValueError(f"{alg} is not one of {', '.join(SIGNATURE_ALGORITHMS)}")


def _check_password(folder: Path, entries: Iterable[RingEntry], password: str | None) -> None:
    """Refuse a password that does not open the active key: one ring has one password."""
    for entry in entries:
        if entry.state == "active" and entry.file.endswith(".pem"):
            try:
                read_material(read_file(folder / entry.file), password=password)
            except ValueError as error:
                raise ValueError(f"the key {entry.file} {error}") from None


def _moved(entry: RingEntry, now: int) -> RingEntry:
    if entry.state == "next":
        return entry._replace(state="active", activated=now)
    if entry.state == "active":
        return entry._replace(state="verify-only", retired=now)
    return entry


def _make_key(folder: Path, alg: str, password: str | None, now: int) -> RingEntry:
    from .generate import generate, to_jwk, to_pem  # noqa: PLC0415 - imported when used

    key = generate(alg)
    if isinstance(key, bytes):
        kid = secrets.token_urlsafe(16)
        file = f"{kid}.jwk"
        octets = json.dumps(to_jwk(key, private=True, kid=kid, alg=alg, use="sig")).encode()
    else:
        kid = material.thumbprint(material.public_part(key))
        file = f"{kid}.pem"
        octets = to_pem(key, password)
    write_new(folder / file, octets)
    return RingEntry(kid=kid, file=file, alg=alg, state="next", created=now)


def _write_index(folder: Path, entries: tuple[RingEntry, ...]) -> tuple[RingEntry, ...]:
    index = {"version": _VERSION, "keys": [entry._asdict() for entry in entries]}
    beside = folder / f".{INDEX}.new"
    beside.unlink(missing_ok=True)
    write_new(beside, json.dumps(index, indent=1).encode())
    beside.replace(folder / INDEX)
    _sync_folder(folder)
    return entries


def write_new(path: Path, octets: bytes) -> None:
    """Write a file that its owner alone may read, and sync it to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked_ring(folder: Path) -> Iterator[tuple[RingEntry, ...]]:
    """Hold the lock of a ring that is there, and read its entries."""
    # The lock is a file, which a folder that is no ring must not get.
    if not (folder / INDEX).exists():
        raise no_ring_in(folder)
    with _locked(folder):
        yield read_index(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the ring's lock, which the system releases when its holder dies."""
    import fcntl  # noqa: PLC0415 - POSIX only, and all else works elsewhere

    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _entry(members: Any) -> RingEntry:
    names = {*RingEntry._fields}
    if not isinstance(members, dict) or members.keys() != names:
        raise ValueError(f"{INDEX} has an entry with other members than {', '.join(sorted(names))}")
    entry = RingEntry(**members)
    texts: Iterable[object] = (entry.kid, entry.file, entry.alg)
    instants: Iterable[object] = (entry.activated, entry.retired)
    if not (
        all(isinstance(text, str) for text in texts)
        and type(entry.created) is int
        and all(instant is None or type(instant) is int for instant in instants)
        and entry.state in get_args(State)
        and entry.alg in SIGNATURE_ALGORITHMS
        # The index must not lead out of its folder.
        and _KEY_FILE.fullmatch(entry.file)
    ):
        raise ValueError(f"{INDEX} has an entry that is malformed")
    return entry
