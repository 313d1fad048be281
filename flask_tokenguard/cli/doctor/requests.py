"""Requests: risks of where tokens come from: URLs, cookies and other sites."""

from urllib.parse import urlsplit

from ...config.locations import QUERY
from ...web.credentials.cross_site import is_loopback
from ...web.parts import Parts
from ..routes import routes_of
from .risk import Places, Risk, where


def takes_tokens_in_urls(parts: Parts) -> bool:
    """Return whether a token may be in the query of every endpoint."""
    return any(entry.kind == QUERY for entry in parts.settings.token_locations)


def routes_with_tokens_in_urls(parts: Parts) -> Places:
    """List the endpoints that take a token in the query of their own accord."""
    names = {
        route.endpoint
        for route in routes_of(parts)
        for demand in route.demands
        if any(entry.kind == QUERY for entry in demand.locations)
    }
    return [{"endpoints": ", ".join(sorted(names))}] if names else []


def cookies_of_other_hosts(parts: Parts) -> Places:
    """List the cookies that another host of the site can set."""
    cookies = parts.cookies
    if cookies is None or not cookies.attributes.secure:
        return []
    names = (cookies.access, *cookies.refresh, *cookies.csrf, *cookies.others)
    others = [name for name in names if not name.lower().startswith("__host-")]
    return [{"names": ", ".join(others)}] if others else []


def plain_http_origins(parts: Parts) -> Places:
    """List the trusted origins of other machines over plain http."""
    origins = (urlsplit(origin) for origin in parts.settings.trusted_origins)
    plain = [
        origin.geturl()
        for origin in origins
        if origin.scheme == "http" and not is_loopback(origin.hostname or "")
    ]
    return [{"origins": ", ".join(plain)}] if plain else []


RISKS: tuple[Risk, ...] = (
    Risk(
        "warning",
        "token_in_url",
        "TOKENGUARD_TOKEN_LOCATIONS",
        "Tokens in URLs end in logs, histories and Referer headers.",
        "Take query out.",
        where(takes_tokens_in_urls),
    ),
    Risk(
        "advice",
        "view_takes_token_in_url",
        "locations=",
        "These take tokens in URLs, which end in logs, histories and Referer headers: {endpoints}.",
        "Let tokens for them live for a minute or less.",
        routes_with_tokens_in_urls,
    ),
    Risk(
        "warning",
        "insecure_cookies",
        "TOKENGUARD_COOKIE_INSECURE",
        "Cookies with tokens go over plain http, which nothing protects on its way.",
        "Leave it out where others are served.",
        where(lambda parts: parts.settings.cookie_insecure),
    ),
    Risk(
        "advice",
        "cookies_of_other_hosts",
        "TOKENGUARD_COOKIE_ACCESS_NAME",
        "Another host of the site can set a cookie beside these: {names}.",
        "Begin their names with __Host-, with path / and without a domain.",
        cookies_of_other_hosts,
    ),
    Risk(
        "warning",
        "plain_http_origins",
        "TOKENGUARD_TRUSTED_ORIGINS",
        "Over plain http anybody on the way can send requests with cookies as: {origins}.",
        "Serve them over https.",
        plain_http_origins,
    ),
)
