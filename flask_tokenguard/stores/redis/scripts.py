"""Scripts: the atomic steps of a store in Redis, each a file in `lua`, and the keys they take.

All that concerns one subject stands under one of 256 hash tags; a cluster keeps what has one tag in
one place. A tag is the first octet of the subject's id, in hex. A session's id begins with that
octet too, and what is known of an id alone stands under the id's own first octet.
"""

import hashlib
from importlib.resources import files
from typing import NamedTuple

from ...errors import ConfigurationError
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


class Tag(NamedTuple):
    """The keys of a tag, or what comes before an id in them.

    Attributes:
        epoch: The tag's epoch.
        highest: The highest instant given.
        revoked: Before a revoked id.
        ended: Before a subject: up to when its tokens are ended.
        session: Before a session: its refresh tokens.
        sessions: Before a subject: the ids of its sessions, by their expiry.
    """

    epoch: bytes
    highest: bytes
    revoked: bytes
    ended: bytes
    session: bytes
    sessions: bytes

    def of_session(self, subject: bytes, session: bytes) -> tuple[bytes, ...]:
        """Return all keys in the order that the scripts expect."""
        return (*self.of_subject(subject), self.session + session, self.revoked + session)

    def of_subject(self, subject: bytes) -> tuple[bytes, ...]:
        """Return the keys that need no session."""
        return (self.epoch, self.highest, self.ended + subject, self.sessions + subject)


def tags(prefix: str) -> tuple[Tag, ...]:
    """Name the keys of every tag.

    Raises:
        ConfigurationError: The prefix has braces, which would be taken for a tag.
    """
    if "{" in prefix or "}" in prefix:
        raise ConfigurationError("a store's prefix must not have braces")
    return tuple(
        Tag(
            *(
                f"{prefix}{{{octet:02x}}}:{name}".encode()
                for name in ("epoch", "highest", "revoked:", "ended:", "session:", "sessions:")
            )
        )
        for octet in range(256)
    )


EPOCHS = load("epochs")
NEXT_INSTANT = load("next_instant")
REVOKE = load("revoke", must_last=True)
END_SUBJECT = load("end_subject", must_last=True)
START_SESSION = load("start_session", must_last=True)
ADVANCE = load("advance", must_last=True)
END_SESSION = load("end_session", must_last=True)
SESSIONS_OF = load("sessions_of")
