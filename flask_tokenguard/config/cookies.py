"""Cookies: readers of their names and attributes and of trusted origins, and what contradicts what.

A browser drops a cookie in silence whose prefix its attributes contradict (RFC 6265bis section
5.7), so that is an error here. Browsers compare prefixes in any case.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..quoting import quote_issuer
from .readers import Fault, text, texts

LAX, STRICT, NONE = SAMESITE = ("Lax", "Strict", "None")
# A token of RFC 9110 section 5.6.2, as RFC 6265 section 4.1.1 demands of a cookie's name.
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}"
_FIELD_NAME = r"[A-Za-z0-9-]{1,128}"
_DOMAIN = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
_PATH = r"/[!-:<-~]*"
_ORIGIN = r"([a-z][a-z0-9+.-]*)://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_PREFIX = r"(?i)__(?:Host-Http|Host|Http|Secure)-"
# The `Cache-Control` of an answer that is for one browser alone.
PRIVATE = "private, no-store"
_SCRIPTS_READ = "COOKIE_CSRF_NAME"


def name(value: object) -> str:
    """Read the name of a cookie."""
    return _matching(_NAME, value, "must be the name of a cookie: letters, digits, - and _")


def names(value: object) -> tuple[str, ...]:
    """Read the names of cookies of one content."""
    return tuple(name(item) for item in texts(value))


def field_name(value: object) -> str:
    """Read the name of a header."""
    return _matching(_FIELD_NAME, value, "must be the name of a header: letters, digits and -")


def domain(value: object) -> str:
    """Read the domain of a cookie."""
    wanted = "must be a host name in lower case, such as example.com, without a dot before it"
    return _matching(_DOMAIN, value, wanted)


def path(value: object) -> str:
    """Read the path of a cookie, in printable ASCII."""
    return _matching(_PATH, value, "must be a path that starts with /, without blanks and ;")


def origins(value: object) -> tuple[str, ...]:
    """Read origins as browsers write them (RFC 6454 section 6.2): no path, no default port."""
    named = texts(value)
    for origin in named:
        parts = re.fullmatch(_ORIGIN, origin)
        if parts is None or _DEFAULT_PORTS.get(parts[1]) == parts[2] is not None:
            # A password stands beside a user name.
            came = "a user name" if "@" in origin else quote_issuer(origin)
            raise Fault(
                f"holds {came}; name origins as browsers write them, such as"
                " https://app.example or http://localhost:5173: in lower case, without path, slash"
                " and default port"
            )
    return named


def _matching(pattern: str, value: object, wanted: str) -> str:
    matched = text(value)
    if not re.fullmatch(pattern, matched):
        raise Fault(wanted)
    return matched


class CookieAttributes(NamedTuple):
    """The attributes of all cookies of an app.

    Attributes:
        path, domain, samesite, partitioned: As the settings have them.
        secure: Whether they come over https alone.
    """

    path: str
    domain: str | None
    samesite: str
    partitioned: bool
    secure: bool


def check_cookies(
    names: Iterable[tuple[str, str]],
    attributes: CookieAttributes,
    on_fault: Callable[[str], None],
) -> None:
    """Check that browsers keep the cookies, each under a name of its own.

    Args:
        names: Each with its setting, without TOKENGUARD_; those that scripts read among them.
        attributes: Those of all.
        on_fault: Called with a sentence for each fault.
    """
    named = list(names)
    for setting, cookie in named:
        prefix = re.match(_PREFIX, cookie)
        for wanted in _contradictions(prefix[0].lower() if prefix else "", setting, attributes):
            on_fault(f"TOKENGUARD_{setting} is {cookie}, which browsers keep only {wanted}")
    if len({cookie for _, cookie in named}) < len(named):
        settings = dict.fromkeys(f"TOKENGUARD_{setting}" for setting, _ in named)
        on_fault(f"{' and '.join(settings)} must differ")
    for setting, is_set in (
        ("SAMESITE None", attributes.samesite == NONE),
        ("PARTITIONED", attributes.partitioned),
    ):
        if is_set and not attributes.secure:
            on_fault(
                f"TOKENGUARD_COOKIE_{setting} needs Secure, which TOKENGUARD_COOKIE_INSECURE drops"
            )


def _contradictions(prefix: str, setting: str, attributes: CookieAttributes) -> list[str]:
    """List what a prefix demands that is not so."""
    is_bound = prefix in ("__host-", "__host-http-")
    return [
        wanted
        for wanted, is_missing in (
            ("with TOKENGUARD_COOKIE_PATH /; name it without __Host-", attributes.path != "/"),
            ("without TOKENGUARD_COOKIE_DOMAIN; name it without __Host-", attributes.domain),
        )
        if is_bound and is_missing
    ] + (
        ["where no script reads it; name it without Http"]
        if prefix.endswith("http-") and setting == _SCRIPTS_READ
        else []
    )


def without_prefix(cookie: str) -> str:
    """Return the name of a cookie without the prefix that demands `Secure`."""
    return re.sub(_PREFIX, "", cookie, count=1)
