"""Cookie parts: settings -> the names and attributes of an app's cookies, and the check of them."""

from collections.abc import Callable, Iterator

from flask import Flask, Request

from ..config.cookies import CookieAttributes, check_cookies, without_prefix
from ..config.locations import COOKIE
from ..config.settings import DEFAULT_ACCESS_COOKIE, Settings
from ..errors import ConfigurationError
from ..issue.issuer import TokenIssuer
from ..web.authentication import find_authentication
from ..web.credentials.cookies import MOST_OCTETS, TokenCookies
from ..web.credentials.cross_site import CrossSiteCheck
from ..web.parts import ONLY_IN_DEVELOPMENT


def build_cookies(app: Flask, settings: Settings, on_fault: Callable[[str], None]) -> TokenCookies:
    """Build the cookies of an app.

    Args:
        app: The app.
        settings: Its settings.
        on_fault: Called with a sentence for each fault.
    """
    is_insecure = settings.cookie_insecure
    if is_insecure and not (app.debug or app.testing):
        on_fault(ONLY_IN_DEVELOPMENT)
        is_insecure = False
    attributes = CookieAttributes(
        path=settings.cookie_path,
        domain=settings.cookie_domain,
        samesite=settings.cookie_samesite,
        partitioned=settings.cookie_partitioned,
        secure=not is_insecure,
    )
    access, refresh, csrf = _names(settings, on_fault, shorten=is_insecure)
    names = [access[0], *refresh, *csrf, *access[1:]]
    check_cookies(names, attributes, on_fault)
    if app.config["SESSION_COOKIE_NAME"] in (name for _, name in names):
        on_fault("SESSION_COOKIE_NAME of Flask is the name of a cookie of ours; name one otherwise")
    return TokenCookies(
        access=access[0][1],
        refresh=tuple(name for _, name in refresh),
        csrf=tuple(name for _, name in csrf),
        others=tuple(name for _, name in access[1:]),
        attributes=attributes,
        check=CrossSiteCheck(
            trusted_origins=frozenset(settings.trusted_origins),
            allows_http=is_insecure,
            header=settings.cookie_csrf_header,
            field=settings.cookie_csrf_field,
            bound=settings.max_body_size,
        ),
        is_shared=_is_open,
    )


def _names(
    settings: Settings, on_fault: Callable[[str], None], *, shorten: bool
) -> Iterator[list[tuple[str, str]]]:
    """List the cookies of access tokens, of refresh tokens and for scripts, each with its setting.

    Args:
        settings: Those of the app.
        on_fault: Called with a sentence for each fault.
        shorten: Whether to leave out prefixes, which demand `Secure`.
    """
    named = _names_of_access_cookies(settings, on_fault)
    refresh = [("COOKIE_REFRESH_NAME", name) for name in settings.cookie_refresh_name]
    csrf = [("COOKIE_CSRF_NAME", name) for name in settings.cookie_csrf_name]
    for cookies in (named, refresh, csrf):
        yield [(setting, without_prefix(name) if shorten else name) for setting, name in cookies]


def _is_open(request: Request) -> bool:
    """Check that a request was served and no token demanded of it."""
    authentication = find_authentication(request)
    return authentication is None or not authentication.is_demanded


def check_sliding(
    settings: Settings,
    on_fault: Callable[[str], None],
    *,
    has_cookies: bool,
    has_store: bool,
    can_sign: bool,
) -> None:
    """Check that the requests of a browser can refresh its session, also side by side."""
    has_grace = bool(settings.refresh_grace) or not settings.rotates_refresh_tokens
    for setting, is_so in (
        ('cookie in TOKENGUARD_TOKEN_LOCATIONS: ["header", "cookie"]', has_cookies),
        ("a store: set TOKENGUARD_STORAGE_URI", has_store),
        ("a private key, or a secret, to sign with", can_sign),
        # Without it, two requests side by side would be a reuse, which ends the session.
        ("TOKENGUARD_REFRESH_GRACE of at least a second", has_grace),
    ):
        if not is_so:
            on_fault(f"TOKENGUARD_SLIDING_SESSIONS needs {setting}")


def _names_of_access_cookies(
    settings: Settings, on_fault: Callable[[str], None]
) -> list[tuple[str, str]]:
    """List the cookies of access tokens, each with its setting; the first one is set at a login."""
    entries = [entry for entry in settings.token_locations if entry.kind == COOKIE]
    own = settings.cookie_access_name
    named = [
        ("TOKEN_LOCATIONS", entry.name) if entry.name else ("COOKIE_ACCESS_NAME", own)
        for entry in entries
    ]
    if not named:
        return [("COOKIE_ACCESS_NAME", own)]
    named.sort(key=lambda one: one[0] != "COOKIE_ACCESS_NAME")
    if own not in (name for _, name in named) and own != DEFAULT_ACCESS_COOKIE:
        on_fault(
            f"TOKENGUARD_COOKIE_ACCESS_NAME is {own}, and TOKENGUARD_TOKEN_LOCATIONS names other"
            " cookies alone; add cookie to it, or leave the name out"
        )
    return named


def check_fit(cookies: TokenCookies, issuer: TokenIssuer) -> None:
    """Check that there are tokens short enough for a cookie.

    Raises:
        ConfigurationError: Even the shortest token of the key that signs is too long.
    """
    size = issuer.least_size()
    if size + len(cookies.access) > MOST_OCTETS:
        raise ConfigurationError(
            f"TOKENGUARD_TOKEN_LOCATIONS holds cookie, and the shortest token of the key that signs"
            f" has {size} characters: browsers drop a cookie of more than {MOST_OCTETS} octets;"
            " sign with a key of shorter signatures, such as ES256"
        )
