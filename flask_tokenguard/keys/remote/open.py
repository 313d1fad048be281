"""From what the config says of an issuer's keys to the keys, wherever they are published."""

from collections.abc import Collection

from ...fetching import Fetch
from ...fetching.document import Lifetimes
from ...fetching.fetcher import Fetcher, check_url
from ...jose import jws
from ..entries import DiscoveryKind
from .discovery import Discovery
from .keys import RemoteKeys


def open_remote(
    issuer: str,
    *,
    jwks_url: str | None,
    discovery: DiscoveryKind,
    algorithms: Collection[str],
    stale: float,
    fetch: Fetch | None = None,
    allows_http: bool = False,
    allows_private_addresses: bool = True,
) -> RemoteKeys:
    """Name another issuer's keys; nothing is fetched yet.

    Args:
        issuer: Its `iss`.
        jwks_url: Where its keys are, or None to discover it.
        discovery: Which metadata tells.
        algorithms: Those that are accepted.
        stale: For how long keys are used while the issuer is out of reach, in seconds.
        fetch: The app's own, in place of ours.
        allows_http: Whether http will do for a server on this machine.
        allows_private_addresses: Whether an address that is not public will do.

    Raises:
        ValueError: One of these cannot be, or they contradict each other.
    """
    for name in algorithms:
        # What the keys will need is imported before a server forks, and while no request waits.
        jws.algorithm(name)
    fetch = fetch or Fetcher(
        allow_insecure_loopback=allows_http, allow_private_addresses=allows_private_addresses
    )
    lifetimes = Lifetimes(stale=stale)
    if jwks_url is not None:
        _check(jwks_url, allows_http=allows_http)
        return RemoteKeys(jwks_url, fetch=fetch, algorithms=algorithms, lifetimes=lifetimes)
    where = Discovery(
        issuer,
        fetch=fetch,
        kind=discovery,
        allow_insecure_loopback=allows_http,
        lifetimes=lifetimes,
    )
    return RemoteKeys(where, fetch=fetch, algorithms=algorithms, lifetimes=lifetimes)


def _check(url: str, *, allows_http: bool) -> None:
    try:
        check_url(url, allow_insecure_loopback=allows_http)
    except ValueError as error:
        raise ValueError(f"the jwks_url {error}") from None
