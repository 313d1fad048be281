"""Cross-site requests: refuse what another site may have sent with the user's cookies (CSRF).

`Sec-Fetch-Site` decides where it is there, else `Origin`, else the token's own claim `csrf`: no
page can set the headers, and none of another origin can read the claim.
"""

import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request

from ...errors import CrossSiteRequest
from ...quoting import quote
from ...verify.claims import VerifiedToken
from . import bodies

# RFC 9110 section 9.2.1.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]*)(:[0-9]*)?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_REMEDY = (
    "behind a proxy, let it pass the Host on or use Werkzeug's ProxyFix; else name the origin in"
    " TOKENGUARD_TRUSTED_ORIGINS"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossSiteCheck:
    """The check of one app.

    Attributes:
        trusted_origins: Those of other sites that may send unsafe requests with cookies.
        allows_http: Whether an origin of http may be ours, beside those of loopback.
        header: The name of the header that holds the claim `csrf`.
        field: That of the form's field.
        bound: In octets; a larger form is not looked into.
    """

    trusted_origins: frozenset[str]
    allows_http: bool
    header: str
    field: str
    bound: int

    def require(self, request: Request, token: VerifiedToken) -> None:
        """Refuse an unsafe request from another site, whose token came in a cookie.

        Raises:
            CrossSiteRequest: It may be from another site.
        """
        try:
            if self.leaves_open(request):
                self.require_csrf(request, token)
        except CrossSiteRequest as error:
            token.attach_to(error)
            raise

    def leaves_open(self, request: Request) -> bool:
        """Check what the browser states of where a request is from.

        Returns:
            Whether it is an unsafe request of which nothing is stated.

        Raises:
            CrossSiteRequest: It is from another site.
        """
        environ = request.environ
        if request.method in _SAFE and not ("HTTP_UPGRADE" in environ and _is_handshake(environ)):
            return False
        site = environ.get("HTTP_SEC_FETCH_SITE")
        if site in ("same-origin", "none"):
            return False
        origin: str | None = environ.get("HTTP_ORIGIN")
        if origin is None and site is None:
            return True
        if origin in self.trusted_origins:
            return False
        if site is None and origin is not None and self._is_ours(origin, environ):
            return False
        raise CrossSiteRequest(detail=_describe(environ))

    def require_csrf(self, request: Request, *tokens: VerifiedToken) -> None:
        """Require the claim `csrf` of a token of ours beside the cookie; no other site can read it.

        Args:
            request: The request.
            tokens: The claim of one of these is enough.

        Raises:
            CrossSiteRequest: It is not there, or another one. Or there is none to ask for.
        """
        claims = [token.claims.get("csrf") for token in tokens if token.is_own]
        sent = self._find(request)
        if sent is None or not any(_equal(sent, claim) for claim in claims):
            came = "came" if sent is None else "came with another value"
            raise CrossSiteRequest(
                detail=f"neither Sec-Fetch-Site nor Origin came, and no fitting {self.header} or"
                f" {self.field} {came}"
            )

    def _find(self, request: Request) -> str | None:
        """Find what the request sends for the claim."""
        value: str | None = request.environ.get(f"HTTP_{self.header.upper().replace('-', '_')}")
        if value is not None or not bodies.has_any_form(request):
            return value
        return None if bodies.read(request, self.bound) is None else request.form.get(self.field)

    def _is_ours(self, origin: str, environ: Mapping[str, Any]) -> bool:
        """Check whether an origin is that of the host that was asked."""
        scheme, _, authority = origin.partition("://")
        host = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
        if host is None or not host[1] or scheme not in _DEFAULT_PORTS:
            return False
        if scheme == "http" and not self.allows_http and not is_loopback(host[1]):
            return False
        # Browsers leave the default port out (RFC 6454 section 6.2), and proxies may add it.
        port = host[2] if host[2] not in (":", _DEFAULT_PORTS[scheme]) else None
        return authority == f"{host[1].lower()}{port or ''}"


def _is_handshake(environ: Mapping[str, Any]) -> bool:
    """Check whether an upgrade is a WebSocket handshake (RFC 6455 section 4.1)."""
    return "websocket" in environ["HTTP_UPGRADE"].lower()


def is_loopback(host: str) -> bool:
    """Check whether a name always means this machine (RFC 6761 section 6.3)."""
    name = host.lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _equal(sent: str, claim: object) -> bool:
    if not isinstance(claim, str) or not claim:
        return False
    # A header may hold any octet, and a claim any character.
    return hmac.compare_digest(
        sent.encode(errors="surrogatepass"), claim.encode(errors="surrogatepass")
    )


def _describe(environ: Mapping[str, Any]) -> str:
    """Describe, for the log, what came, and how an origin that is meant is let in."""
    names = {
        "Sec-Fetch-Site": "HTTP_SEC_FETCH_SITE",
        "Origin": "HTTP_ORIGIN",
        "Host": "HTTP_HOST",
    }
    came: Iterable[str] = (
        f"{name} {quote(environ[variable])}" if variable in environ else f"no {name}"
        for name, variable in names.items()
    )
    return f"{', '.join(came)} came; {_REMEDY}"
