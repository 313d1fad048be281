"""Cached documents: fetched from the web and fresh for a bounded time (RFC 9111).

Nothing here is HTTP, so that an app that never fetches imports none; `fetcher` has that.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeAlias, TypeVar

# Without a max-age: a few minutes, so that a rotation is noticed the same hour.
_DEFAULT_LIFETIME = 300

Value = TypeVar("Value")


class FetchError(Exception):
    """Nothing usable came; the message holds no URL, body or credential."""


class Fetched(NamedTuple):
    """A fetched document.

    Attributes:
        body: Its octets; not read with 304.
        status: 200, or 304 where the version of `etag` is current (RFC 9110 section 15.4.5).
        max_age: For how many seconds it is fresh (RFC 9111 section 4.2), or None without
            a `max-age`.
        etag: Names this version in the next request, or None.
    """

    body: bytes
    status: int = 200
    max_age: int | None = None
    etag: str | None = None


# The URL, and the `etag` of the version that is known or None. An app's own one must end in time;
# whatever it raises counts as an outage.
Fetch: TypeAlias = Callable[[str, str | None], Fetched]


class Lifetimes(NamedTuple):
    """How long a document is used, in seconds.

    Attributes:
        least: Fresh at least so long, whatever the server's `max-age`.
        most: Fresh at most so long.
        stale: Used so long beyond that, while the server is out of reach.
    """

    least: float = 60
    most: float = 86_400
    stale: float = 86_400

    def of(self, max_age: int | None) -> float:
        """Return for how long a document with this `max-age` is fresh."""
        seconds = _DEFAULT_LIFETIME if max_age is None else max_age
        return max(self.least, min(seconds, self.most))


class Version(NamedTuple, Generic[Value]):
    """A version of the document.

    Attributes:
        value: The value that `read` returned.
        url: Where it came from.
        etag: Its name there, or None.
        lifetime: For how many seconds it is fresh.
    """

    value: Value
    url: str
    etag: str | None
    lifetime: float


class CachedDocument(Generic[Value]):
    """The last good version of a document; used by one thread at a time."""

    def __init__(
        self, read: Callable[[bytes], Value], *, fetch: Fetch, lifetimes: Lifetimes
    ) -> None:
        self._read = read
        self._fetch = fetch
        self._lifetimes = lifetimes
        self.version: Version[Value] | None = None

    def refresh(self, url: str) -> Version[Value]:
        """Fetch the document, or confirm that it has not changed.

        Raises:
            FetchError: It did not come.
            ValueError: It could not be read; the last good version stays.
        """
        known = self.version if self.version is not None and self.version.url == url else None
        fetched = self._call(url, known.etag if known else None)
        lifetime = self._lifetimes.of(fetched.max_age)
        if fetched.status == 304:
            if known is None or known.etag is None:
                raise FetchError("the answer has the status 304, which was not asked for")
            version = known._replace(lifetime=lifetime)
        else:
            version = Version(self._read(fetched.body), url, fetched.etag, lifetime)
        # One assignment: a fork in the middle must not join a value with another one's etag.
        self.version = version
        return version

    def _call(self, url: str, etag: str | None) -> Fetched:
        try:
            return self._fetch(url, etag)
        except FetchError:
            raise
        except Exception as error:  # noqa: BLE001 - an app's own fetch may raise anything
            # The text of the exception could hold anything too.
            raise FetchError(f"fetch raised {type(error).__name__}") from None
