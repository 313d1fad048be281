"""The names of a store's keys: all that concerns one subject under one of 256 hash tags.

A cluster keeps what has one tag in one place. A tag is the first octet of the subject's id, in
hex; a session's id begins with that octet too, and what is known of an id alone stands under the
id's own first octet.
"""

from typing import NamedTuple

from ...errors import ConfigurationError


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
        """Give all keys in the order that the scripts expect."""
        return (*self.of_subject(subject), self.session + session, self.revoked + session)

    def of_subject(self, subject: bytes) -> tuple[bytes, ...]:
        """Give the keys that need no session."""
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
