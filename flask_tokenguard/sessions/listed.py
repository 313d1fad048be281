"""Listed sessions: what an app may show its users of their sessions."""

from datetime import UTC, datetime
from typing import NamedTuple

from ..issue import ids
from ..stores.base import StoredSession


class Session(NamedTuple):
    """A session that has not ended; the instants are in UTC.

    Attributes:
        sid: Its id, as in its tokens.
        started: When its subject logged in.
        last_used: When its refresh token was rotated last.
        expires_at: When it ends unless it is used before.
        origin: From where it was used last, if the app names origins; else empty.
    """

    sid: str
    started: datetime
    last_used: datetime
    expires_at: datetime
    origin: str

    @classmethod
    def of(cls, stored: StoredSession) -> "Session":
        """Read what a store keeps."""
        return cls(
            ids.to_text(stored.session),
            datetime.fromtimestamp(stored.started / 1000, UTC),
            datetime.fromtimestamp(stored.last_used / 1000, UTC),
            datetime.fromtimestamp(stored.expires, UTC),
            stored.origin,
        )
