"""The atomic steps of a store in Redis, each a file in `lua`."""

import hashlib
from importlib.resources import files
from typing import NamedTuple

from ..base import KEPT_AFTER_EXPIRY, LOWERED_TO, MOST_AHEAD

# Renewed by every use; in milliseconds.
EPOCH_KEPT = 400 * 86_400_000
Argument = bytes | int | str


class Script(NamedTuple):
    """A script and its digest.

    Attributes:
        text: Its source.
        sha: The SHA-1 that a server knows it by.
        must_last: Whether a replica should have what it writes.
    """

    text: str
    sha: str
    must_last: bool


def load(name: str, *, must_last: bool = False) -> Script:
    """Read a script, with what all scripts share before it."""
    folder = files(__name__.rpartition(".")[0]) / "lua"
    given = (
        "local EPOCH_KEPT, KEPT_AFTER_EXPIRY, MOST_AHEAD, LOWERED_TO ="
        f" {EPOCH_KEPT}, {KEPT_AFTER_EXPIRY * 1000}, {MOST_AHEAD}, {LOWERED_TO}"
    )
    parts = [(folder / f"{part}.lua").read_text("utf-8") for part in ("common", name)]
    text = "\n".join([given, *parts])
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return Script(text, digest, must_last)


EPOCHS = load("epochs")
NEXT_INSTANT = load("next_instant")
REVOKE = load("revoke", must_last=True)
END_SUBJECT = load("end_subject", must_last=True)
START_SESSION = load("start_session", must_last=True)
ADVANCE = load("advance", must_last=True)
END_SESSION = load("end_session", must_last=True)
SESSIONS_OF = load("sessions_of")
