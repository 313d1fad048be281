"""The fetcher: what the tests share."""

import ssl
from collections.abc import Callable

import pytest

from flask_tokenguard.fetching import FetchError
from flask_tokenguard.fetching.fetcher import Fetcher

from ..servers import Answer, KeyServer, within

PLENTY = 5.0  # For what ends before any deadline, also on a machine that has other things to do.
SOON = 3.0  # The deadline, and time for a machine that has other things to do.
Contexts = Callable[[str], ssl.SSLContext]
Name = Callable[..., None]


def fetcher(
    deadline: float = PLENTY,
    *,
    allow_private_addresses: bool = True,
    ssl_context: ssl.SSLContext | None = None,
) -> Fetcher:
    """Make one for loopback."""
    return Fetcher(
        deadline=deadline,
        allow_insecure_loopback=allow_private_addresses,
        allow_private_addresses=allow_private_addresses,
        ssl_context=ssl_context,
    )


def fault_of(url: str, fetch: Fetcher | None = None, *, soon: float = SOON) -> str:
    """Fetch what must not be fetched, soon, and return why it was not."""
    with within(soon), pytest.raises(FetchError) as caught:
        (fetch or fetcher())(url)
    return str(caught.value)


def fault_with(answer: Answer) -> str:
    """Return what is wrong with an answer, which is asked for once."""
    with KeyServer(answer) as server:
        fault = fault_of(server.url())
        assert server.connections == 1
        return fault
