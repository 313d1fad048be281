"""Places: the locations of an app, one for each entry that names where tokens may be.

To add a kind, name it in `config/locations.py`, its reader in `readers` and its row in
`Places._location`. A header in which a proxy sends tokens that it signed is one of its issuer's.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from flask import Request, Response, after_this_request

from ...config.locations import (
    ACCESS_TOKEN,
    AUTHORIZATION,
    COOKIE,
    FORM,
    HEADER,
    JSON,
    LOCATIONS,
    QUERY,
    LocationEntry,
)
from ...verify.claims import VerifiedToken
from ...verify.refusals import wrong_issuer
from .locations import BEFORE_COOKIES, PROXY, Found, Location
from .readers import (
    IN_BEARER_HEADER,
    Credentials,
    in_authorization,
    in_field,
    in_form,
    in_json,
    in_query,
    note_in_query,
    variable_of,
)

if TYPE_CHECKING:
    from .cookies import TokenCookies

# What a refresh token is called (RFC 6749 section 6).
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name
# An app's own function: it returns a token, which counts as a cookie, or a token and its kind.
FindToken: TypeAlias = Callable[[Request], str | tuple[str, str] | None]
_RETURNS = (
    "TokenGuard(locations=...) must return a text, a text and its kind"
    f" ({', '.join(LOCATIONS)}), or None"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Places:
    """Makes the locations of an app, each once.

    Attributes:
        configured: The entries of TOKENGUARD_TOKEN_LOCATIONS.
        get_cookies: Returns the cookies of the tokens, also where the setting names none.
        bound: That of a body, in octets; a larger one is not looked into.
        find: The app's own function, or None.
    """

    configured: tuple[LocationEntry, ...]
    get_cookies: "Callable[[], TokenCookies]"
    bound: int
    find: FindToken | None = None
    _access: dict[tuple[LocationEntry, ...], tuple[Location, ...]] = field(default_factory=dict)
    _known: dict[tuple[LocationEntry, str], Location] = field(default_factory=dict)

    def configured_access(self, proxies: Iterable[tuple[str, str]]) -> tuple[Location, ...]:
        """Return where access tokens are looked for: a cookie comes last.

        Args:
            proxies: The name of a header, in any case, with an issuer whose tokens a proxy sends
                there.
        """
        named = [self._location(entry, ACCESS_TOKEN) for entry in self.configured]
        return _cookies_last([*named, *proxy_headers(proxies), *self._own()])

    def access(self, entries: tuple[LocationEntry, ...]) -> tuple[Location, ...]:
        """Return where the access token of a view is looked for that names its own entries."""
        found = self._access.get(entries)
        if found is None:
            found = _cookies_last(self._location(entry, ACCESS_TOKEN) for entry in entries)
            # One for all threads: a request compares them.
            found = self._access.setdefault(entries, found)
        return found

    def configured_refresh(self) -> tuple[Location, ...]:
        """Return where refresh tokens are looked for.

        In a body, and where access tokens are; but in a cookie of their own.
        """
        entries = dict.fromkeys((LocationEntry(FORM), LocationEntry(JSON), *self.configured))
        named = [entry for entry in entries if entry.kind != COOKIE]
        if len(named) < len(entries):
            named.append(LocationEntry(COOKIE))
        own = (replace(location, is_shared=True) for location in self._own())
        return (*self.refresh(named), *own)

    def refresh(self, entries: Iterable[LocationEntry]) -> tuple[Location, ...]:
        """Return where the refresh token of a view is looked for that names its own entries."""
        return tuple(self._location(entry, REFRESH_TOKEN) for entry in entries)

    def _location(self, entry: LocationEntry, parameter: str) -> Location:
        location = self._known.get((entry, parameter))
        if location is None:
            location = self._make(entry, parameter)
            if parameter == REFRESH_TOKEN and location.kind != COOKIE:
                is_access = entry.name is not None and entry in self.configured
                location = replace(location, is_shared=location.kind == HEADER or is_access)
            location = self._known.setdefault((entry, parameter), location)
        return location

    def _make(self, entry: LocationEntry, parameter: str) -> Location:
        """Make the location of an entry; a token is called `parameter` where it names nothing."""
        kind, name = entry.kind, str(entry) if entry.name else entry.kind
        if kind == HEADER:
            return _header(entry)
        if kind == COOKIE:
            cookies = self.get_cookies()
            if parameter == REFRESH_TOKEN:
                return cookies.refresh_location(entry)
            return cookies.access_location(entry)
        parameter = entry.name or parameter
        if kind == QUERY:
            query = partial(in_query, parameter=parameter)
            return Location(name, query, kind=QUERY, on_accepted=_forbid_sharing)
        reader = partial(
            in_form if kind == FORM else in_json, parameter=parameter, bound=self.bound
        )
        return Location(name, reader, reads_body=True, kind=kind)

    def _own(self) -> tuple[Location, ...]:
        """Return the location of what the app's own function finds, if there is one."""
        if self.find is None:
            return ()
        accept: dict[str, Callable[[Request, VerifiedToken], None]] = {
            HEADER: partial(_keep_private, header=None),
            QUERY: _forbid_sharing,
            COOKIE: lambda *of: self.get_cookies().accept(*of),
        }
        kinds = {
            kind: Location(
                kind,
                lambda _: None,
                kind=kind,
                yields_to=BEFORE_COOKIES if kind == COOKIE else frozenset(),
                on_accepted=accept.get(kind),
            )
            for kind in LOCATIONS
        }
        return (Location("own", partial(_read_own, find=self.find, kinds=kinds), kind="own"),)


def without_body(locations: Iterable[Location]) -> tuple[Location, ...]:
    """Return the locations that read no body."""
    return tuple(location for location in locations if not location.reads_body)


def proxy_headers(headers: Iterable[tuple[str, str]]) -> tuple[Location, ...]:
    """Make a location of each header in which a proxy sends tokens that it signed.

    Args:
        headers: The name of a header, in any case, with an issuer whose tokens may be there.
    """
    issuers: dict[str, set[str]] = {}
    for name, issuer in headers:
        issuers.setdefault(name.title(), set()).add(issuer)
    return tuple(
        Location(
            name,
            partial(in_field, variable=variable_of(name)),
            kind=PROXY,
            yields_to=frozenset({HEADER}),
            on_accepted=partial(_accept_of_proxy, header=name, issuers=frozenset(issuers[name])),
        )
        for name in issuers
    )


def check_own(find: FindToken) -> FindToken:
    """Return the app's own function, which was checked.

    Raises:
        TypeError: It is none, or async; what it returned would be no token.
    """
    if not callable(find):
        raise TypeError(
            "TokenGuard(locations=...) takes a function of the request; names of places go into"
            " TOKENGUARD_TOKEN_LOCATIONS"
        )
    if inspect.iscoroutinefunction(find):
        raise TypeError("TokenGuard(locations=...) must not be async")
    return find


def _cookies_last(locations: Iterable[Location]) -> tuple[Location, ...]:
    """Order locations so that those come first that others yield to."""
    return tuple(sorted(locations, key=lambda location: location.kind == COOKIE))


def _header(entry: LocationEntry) -> Location:
    if entry.name is None:
        return Location(HEADER, IN_BEARER_HEADER.read, credentials=IN_BEARER_HEADER)
    is_authorization = entry.name.lower() == AUTHORIZATION.lower()
    accept = None if is_authorization else partial(_keep_private, header=entry.name)
    if entry.scheme is not None:
        credentials = Credentials(entry.name, entry.scheme)
        return Location(str(entry), credentials.read, credentials=credentials, on_accepted=accept)
    if is_authorization:
        return Location(str(entry), in_authorization)
    read = partial(in_field, variable=variable_of(entry.name))
    return Location(str(entry), read, on_accepted=accept)


def _read_own(request: Request, *, find: FindToken, kinds: dict[str, Location]) -> Found | None:
    found = find(request)
    if found is None or isinstance(found, str):
        found = found or "", COOKIE
    if not isinstance(found, tuple) or len(found) != 2:
        raise TypeError(_RETURNS)
    token, kind = found
    if not isinstance(token, str) or not isinstance(kind, str) or kind not in kinds:
        raise TypeError(_RETURNS)
    if kind == QUERY and token:
        note_in_query(request)
    return Found(kinds[kind], token) if token else None


def _accept_of_proxy(
    request: Request, token: VerifiedToken, *, header: str, issuers: frozenset[str]
) -> None:
    if token.issuer.name not in issuers:
        raise token.attach_to(wrong_issuer(token.claims, issuers))
    _keep_private(request, token, header=header)


def _keep_private(_request: Request, _token: VerifiedToken, *, header: str | None) -> None:
    """Keep an answer out of shared caches, which RFC 9111 section 3.5 keeps off `Authorization`.

    A view that sets `Cache-Control` itself decides, for each content of the header.
    """
    after_this_request(partial(_set_private_by, header))


def _set_private_by(header: str | None, response: Response) -> Response:
    if header is not None:
        response.vary.add(header)
    response.headers.setdefault("Cache-Control", "private")
    return response


def _forbid_sharing(_request: Request, _token: VerifiedToken) -> None:
    after_this_request(_set_private)


def _set_private(response: Response) -> Response:
    # A token in a URL escapes the rule that keeps shared caches off requests with Authorization.
    response.cache_control.public = False
    response.cache_control.private = True
    return response
