"""Cookies: where browsers keep our tokens, read from requests and written to answers (RFC 6265)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from flask import Request, after_this_request
from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response

from ...config.cookies import PRIVATE, without_prefix
from ...config.locations import COOKIE, LocationEntry
from ...errors import InvalidRequest, Reason
from ...verify.claims import VerifiedToken
from .locations import BEFORE_COOKIES, Location

if TYPE_CHECKING:
    from ...config.cookies import CookieAttributes
    from .cross_site import CrossSiteCheck

# What `redirect` makes is none of Flask's own.
AnyResponse = TypeVar("AnyResponse", bound=Response)
# Browsers drop a cookie whose name and value are longer together (RFC 6265bis section 5.7).
MOST_OCTETS = 4096
# Before the value of a refresh cookie that outlives the browser: only the answer that sets a cookie
# knows its Max-Age, and a refresh has to set it again. No token begins with it.
PERSISTENT = "~"


def in_cookie(name: str, request: Request) -> str | None:
    """Read a cookie; an empty one holds no token.

    Raises:
        InvalidRequest: There are two of the name, as where another host of the site set one.
    """
    if "HTTP_COOKIE" not in request.environ:
        return None
    values = request.cookies.getlist(name)
    if not values:
        return None
    if len(values) > 1 and len(set(values)) > 1:
        raise InvalidRequest("The request carries two tokens", reason=Reason.TWO_CREDENTIALS)
    return values[0] or None


def in_refresh_cookie(names: Iterable[str], request: Request) -> str | None:
    """Read the first of these cookies that holds a refresh token, as `in_cookie` does."""
    for name in names:
        value = in_cookie(name, request)
        if value is not None:
            return value.removeprefix(PERSISTENT) or None
    return None


def keep_private(response: AnyResponse) -> AnyResponse:
    """Keep what is for one browser alone out of the caches of others.

    RFC 9111 section 3.5 keeps shared caches off `Authorization`, and off no cookie. A view that
    sets `Cache-Control` itself decides.
    """
    headers = response.headers
    names = {name.lower() for name, _ in headers}
    # To look both up, and to parse what is not there, takes 7 us of 60.
    if "vary" in names:
        response.vary.add("Cookie")
    else:
        headers.add("Vary", "Cookie")
    if "cache-control" not in names:
        headers.add("Cache-Control", PRIVATE)
    return response


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenCookies:
    """The cookies of an app.

    Attributes:
        access: The name of that of access tokens.
        refresh: Those of refresh tokens: the first is set, the others are read after it.
        csrf: Those of the cookies that scripts read, which hold the same.
        others: Those of other cookies in which access tokens are looked for.
        attributes: Those of all.
        check: Refuses requests from other sites that carry or change them.
        is_shared: Whether the answer to a request is the same for all, once it was served.
    """

    access: str
    refresh: tuple[str, ...]
    csrf: tuple[str, ...]
    others: tuple[str, ...]
    attributes: "CookieAttributes"
    check: "CrossSiteCheck"
    is_shared: Callable[[Request], bool]

    def access_location(self, entry: LocationEntry) -> Location:
        """Make the location of the access tokens in the cookie that an entry names."""
        name = self._name_of(entry, self.access)
        return Location(
            str(entry),
            partial(in_cookie, name),
            kind=COOKIE,
            yields_to=BEFORE_COOKIES,
            is_renewed=name == self.access,
            on_accepted=self.accept,
        )

    def refresh_location(self, entry: LocationEntry) -> Location:
        """Make the location of the refresh tokens in the cookie that an entry names."""
        names = self.refresh if entry.name is None else (self._name_of(entry, ""),)
        read = partial(in_refresh_cookie, names)
        return Location(str(entry), read, kind=COOKIE, yields_to=BEFORE_COOKIES)

    def _name_of(self, entry: LocationEntry, usual: str) -> str:
        if entry.name is None:
            return usual
        return entry.name if self.attributes.secure else without_prefix(entry.name)

    def texts(self, request: Request) -> list[str]:
        """Return the tokens in the request's cookies, of any content."""
        values = request.cookies.getlist
        refresh = [text.removeprefix(PERSISTENT) for name in self.refresh for text in values(name)]
        access = [text for name in (self.access, *self.others) for text in values(name)]
        return list(filter(None, [*refresh, *access]))

    def is_persistent(self, request: Request) -> bool:
        """Return whether the request's refresh cookie outlives the browser."""
        values = request.cookies.get
        return any(values(name, "").startswith(PERSISTENT) for name in self.refresh)

    def are_in(self, response: Response) -> bool:
        """Return whether an answer sets or deletes one of the cookies."""
        begins = tuple(f"{name}=" for name in (self.access, *self.refresh, *self.csrf))
        return any(cookie.startswith(begins) for cookie in response.headers.getlist("Set-Cookie"))

    def write(
        self, response: Response, name: str, value: str, *, max_age: int | None, is_read: bool
    ) -> None:
        """Set one of the cookies, in place of what the answer sets already.

        Args:
            response: The answer.
            name: That of the cookie.
            value: Its value, which fits.
            max_age: In seconds; None for as long as the browser runs, 0 deletes it.
            is_read: Whether scripts of the page read it.
        """
        _drop(response, name)
        attributes = self.attributes
        cookie = dump_cookie(
            name,
            value,
            max_age=max_age,
            expires=0 if max_age == 0 else None,
            sync_expires=False,
            path=attributes.path,
            domain=attributes.domain,
            secure=attributes.secure,
            httponly=not is_read,
            samesite=attributes.samesite,
            partitioned=attributes.partitioned,
            # Werkzeug's warning counts the attributes, and browsers do not.
            max_size=0,
        )
        response.headers.add("Set-Cookie", cookie)

    def delete(self, response: Response, *names: str) -> None:
        """Delete some of the cookies."""
        for name in names:
            self.write(response, name, "", max_age=0, is_read=name in self.csrf)

    def accept(self, request: Request, token: VerifiedToken) -> None:
        """Refuse a token that a page of another site may have let the browser send.

        Raises:
            CrossSiteRequest: It may have.
        """
        self.check.require(request, token)
        endpoint = request.endpoint or ""
        # A static file is the same for all that may have it (see STATIC_ENDPOINTS).
        if endpoint == "static" or endpoint.endswith(".static"):
            after_this_request(partial(self._keep_unshared, request))
        else:
            after_this_request(keep_private)

    def _keep_unshared(self, request: Request, response: AnyResponse) -> AnyResponse:
        return response if self.is_shared(request) else keep_private(response)


def _drop(response: Response, name: str) -> None:
    """Drop what an answer sets already: one cookie is set once (RFC 6265 section 4.1.1)."""
    cookies = response.headers.getlist("Set-Cookie")
    others = [cookie for cookie in cookies if not cookie.startswith(f"{name}=")]
    if len(others) < len(cookies):
        response.headers.setlist("Set-Cookie", others)
