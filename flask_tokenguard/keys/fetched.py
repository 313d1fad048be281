"""What fetching gives, apart from how it is done: an app that never fetches imports no HTTP."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Fetched(NamedTuple):
    """What came.

    Attributes:
        body: Its octets; empty with 304.
        status: 200, or 304 where what the `etag` names has not changed (RFC 9110 section 15.4.5).
        max_age: For how many seconds it is fresh (RFC 9111 section 4.2), or None if unsaid.
        etag: Names this version in the next request, or None.
    """

    body: bytes
    status: int = 200
    max_age: int | None = None
    etag: str | None = None


# The URL, and the `etag` of the version that is known or None. An app's own one must end in time;
# whatever it raises counts as an outage.
Fetch: TypeAlias = Callable[[str, str | None], Fetched]
