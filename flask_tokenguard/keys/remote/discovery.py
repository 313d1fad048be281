"""Discovery: an issuer -> the address of its keys (OpenID Connect Discovery 1.0, RFC 8414).

OpenID Connect appends its path to the issuer, RFC 8414 inserts its own behind the host. The
metadata must name the issuer it was fetched for, or one issuer could hand out another's keys.
"""

from typing import get_args
from urllib.parse import urlsplit

from ...clock import Clock, Steady
from ...fetching import Fetch, FetchError
from ...fetching.document import CachedDocument, Lifetimes, Version
from ...fetching.fetcher import check_url
from ...jose import strict_json
from ...quoting import contrast_issuers
from ..entries import DiscoveryKind

_OIDC = "/.well-known/openid-configuration"
_OAUTH = "/.well-known/oauth-authorization-server"


def metadata_urls(issuer: str, kind: DiscoveryKind = "both") -> tuple[str, ...]:
    """List the URLs where an issuer's metadata may be.

    Args:
        issuer: As in its tokens; one slash at its end is not counted.
        kind: `"oidc"` for Discovery 1.0 section 4, `"oauth"` for RFC 8414 section 3.1.
    """
    whole = issuer.removesuffix("/")
    scheme, _, rest = whole.partition("://")
    host, slash, path = rest.partition("/")
    urls = {"oidc": f"{whole}{_OIDC}", "oauth": f"{scheme}://{host}{_OAUTH}{slash}{path}"}
    return tuple(urls.values()) if kind == "both" else (urls[kind],)


def _document_name(url: str) -> str:
    """Return the name after `/.well-known/` (RFC 8615), for messages, which hold no URL."""
    return urlsplit(url).path.partition("/.well-known/")[2].partition("/")[0] or "metadata"


class Discovery:
    """Finds the `jwks_uri` of one issuer; used by one thread at a time."""

    def __init__(
        self,
        issuer: str,
        *,
        fetch: Fetch,
        kind: DiscoveryKind = "both",
        metadata_url: str | None = None,
        allow_http: bool = False,
        lifetimes: Lifetimes | None = None,
        monotonic: Clock = Steady.now,
    ) -> None:
        """Check where the metadata is; nothing is fetched yet.

        Args:
            issuer: As in its tokens, and exactly as in its metadata.
            fetch: Fetches a URL.
            kind: Which metadata it publishes; of both, the first that is right counts.
            metadata_url: Where it is, if not where the issuer's name has it; it must still be of
                this issuer.
            allow_http: Whether issuer and keys may have http URLs.
            lifetimes: For how long the metadata is cached; default `Lifetimes()`.
            monotonic: Times freshness.

        Raises:
            ValueError: That is not a URL to fetch from, or `kind` is another word.
        """
        where, url = ("issuer", issuer) if metadata_url is None else ("metadata_url", metadata_url)
        if metadata_url is None and "?" in issuer:
            raise ValueError("the issuer has a query")
        try:
            check_url(url, allow_http=allow_http)
        except ValueError as error:
            raise type(error)(f"the {where} {error}") from None
        kinds = get_args(DiscoveryKind)
        if kind not in kinds:
            raise ValueError(f"discovery is {kind!r}, not one of {', '.join(kinds)}")
        self.issuer = issuer
        self._urls = metadata_urls(issuer, kind) if metadata_url is None else (metadata_url,)
        self._allow_http = allow_http
        self._lifetimes = lifetimes or Lifetimes()
        self._monotonic = monotonic
        self._metadata = CachedDocument(self._read, fetch=fetch, lifetimes=self._lifetimes)
        self._expires_at = 0.0
        self._stale_until = 0.0

    def jwks_uri(self) -> str:
        """Return the URL of the keys, from cached metadata or from the web.

        Raises:
            FetchError: No metadata came, or none that is right.
        """
        now = self._monotonic()
        version = self._metadata.version
        if version is not None and now < self._expires_at:
            return version.value
        try:
            version = self._refresh()
        except FetchError:
            if version is None or now >= self._stale_until:
                raise
            return version.value
        self._expires_at = now + version.lifetime
        self._stale_until = self._expires_at + self._lifetimes.stale
        return version.value

    def expire(self) -> None:
        """Expire the metadata; the keys are not at its `jwks_uri`."""
        self._expires_at = 0.0

    def _refresh(self) -> Version[str]:
        faults = []
        for url in self._urls:
            try:
                return self._metadata.refresh(url)
            except (FetchError, ValueError) as error:
                faults.append(f"{_document_name(url)}: {error}")
        raise FetchError("; ".join(faults))

    def _read(self, body: bytes) -> str:
        try:
            metadata = strict_json.parse_object(body)
        except ValueError:
            raise ValueError("the metadata is not a JSON object") from None
        if metadata.get("issuer") != self.issuer:
            contrast = contrast_issuers(metadata.get("issuer"), [self.issuer])
            raise ValueError(f"the metadata is of another issuer: {contrast}")
        jwks_uri = metadata.get("jwks_uri")
        if not isinstance(jwks_uri, str):
            raise ValueError("the metadata has no jwks_uri")
        try:
            check_url(jwks_uri, allow_http=self._allow_http)
        except ValueError as error:
            raise ValueError(f"the jwks_uri {error}") from None
        return jwks_uri
