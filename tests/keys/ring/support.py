"""Key rings: what the tests share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.keys.ring_files import INDEX, RingEntry, read_index

from ...support import SettableClock, turn_ring

NOW = 1_700_000_000
DAY = 86_400


def rotate(
    folder: Path,
    *,
    alg: str = "EdDSA",
    password: str | None = None,
    now: int = NOW,
    least_age: int = 0,
) -> tuple[RingEntry, ...]:
    """Rotate with an algorithm whose keys are made at once."""
    return turn_ring(folder, alg=alg, password=password, now=now, least_age=least_age)


def states(entries: tuple[RingEntry, ...]) -> list[str]:
    """Return the states of the entries of a ring."""
    return [entry.state for entry in entries]


def kid_of(folder: Path, state: str) -> str:
    """Return the name of the one key with a state."""
    (kid,) = [entry.kid for entry in read_index(folder) if entry.state == state]
    return kid


def key_files(folder: Path) -> set[str]:
    """Return which key files a ring has, whether its index names them or not."""
    return {path.name for path in folder.iterdir() if path.suffix in (".pem", ".jwk")}


def edit_index(folder: Path, edit: Callable[[Any], object]) -> None:
    """Change an index in place, as a hand with an editor does."""
    index = json.loads((folder / INDEX).read_text())
    edit(index)
    (folder / INDEX).write_text(json.dumps(index))


def signing_kid_after(ring: KeyRing, clock: SettableClock, seconds: float = 2) -> str | None:
    """Let time pass, and return the name of what signs after that."""
    clock.now += seconds
    assert isinstance(ring.signing, Key)
    return ring.signing.kid
