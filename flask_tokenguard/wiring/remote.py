"""Published keys: an issuer's entry -> `RemoteKeys`; imported when used, for HTTP and TLS."""

from ..config.issuers import IssuerEntry
from ..deadline import Lookups, Reserve
from ..fetching import Fetch
from ..fetching.document import Lifetimes
from ..fetching.fetcher import Fetcher, NotHttps, check_url
from ..jose import jws
from ..keys.remote.discovery import Discovery
from ..keys.remote.keys import RemoteKeys


def build_remote_keys(
    entry: IssuerEntry,
    *,
    fetch: Fetch | None,
    insecure_http: bool | tuple[str, ...],
    reserve: Reserve | None = None,
) -> RemoteKeys:
    """Wire the keys that an issuer publishes; nothing is fetched yet.

    Args:
        entry: The issuer's.
        fetch: The app's own, in place of ours.
        insecure_http: Whether http will do for a server on this machine, or the hosts for which it
            will do too. The app's own fetch may use any.
        reserve: Bounds the look-ups of names of resolved issuers, of which there may be many.

    Raises:
        ValueError: An address is not one to fetch from, or the entry contradicts `insecure_http`.
    """
    for name in entry.profile.algorithms:
        # What the keys will need is imported before a server forks, and while no request waits.
        jws.algorithm(name)
    allows_http = fetch is not None or bool(insecure_http)
    fetch = fetch or Fetcher(
        allow_insecure_loopback=bool(insecure_http),
        insecure_hosts=insecure_http if isinstance(insecure_http, tuple) else (),
        allow_private_addresses=entry.allows_private_addresses,
        lookups=Lookups(reserve=reserve),
    )
    lifetimes = Lifetimes(stale=entry.stale.total_seconds())
    try:
        where = _where(entry, fetch, lifetimes, allows_http=allows_http)
    except NotHttps as error:
        raise ValueError(f"{error}; {_remedy(entry)}") from None
    return RemoteKeys(
        where,
        fetch=fetch,
        algorithms=entry.profile.algorithms,
        lifetimes=lifetimes,
    )


def _where(
    entry: IssuerEntry, fetch: Fetch, lifetimes: Lifetimes, *, allows_http: bool
) -> str | Discovery:
    if entry.jwks_url is None:
        return Discovery(
            entry.issuer,
            fetch=fetch,
            kind=entry.discovery,
            metadata_url=entry.metadata_url,
            allow_http=allows_http,
            lifetimes=lifetimes,
        )
    try:
        check_url(entry.jwks_url, allow_http=allows_http)
    except ValueError as error:
        raise type(error)(f"the jwks_url {error}") from None
    return entry.jwks_url


def _remedy(entry: IssuerEntry) -> str:
    """Return what to write for an address that is not https."""
    if (entry.jwks_url or entry.metadata_url or entry.issuer).startswith("http://"):
        return (
            "plain http takes TOKENGUARD_ALLOW_INSECURE_HTTP, which is true for this machine, or"
            " names hosts"
        )
    return "write https:// before it if its tokens have that in iss, or else name its jwks_url"
