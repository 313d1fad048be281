"""Key sets: fetch those of every other issuer now, all at once and in bounded time."""

import threading
from collections.abc import Mapping

from ...clock import Steady
from ...config.issuers import IssuerEntry
from ...errors import KeysUnusable
from ...fetching import FetchError
from ...keys.remote.discovery import metadata_urls
from ...keys.remote.keys import RemoteKeys
from ...web.parts import Parts

# In seconds, for all issuers together: three documents, each at the end of its own time.
LONGEST = 15.0
_AWAY = "Its keys cannot be fetched"


def issuers_without_keys(parts: Parts) -> list[dict[str, str]]:
    """List the issuers whose keys cannot be fetched, with the reason and the first address."""
    faults: dict[str, str] = {}
    entries = parts.settings.issuers or {}
    threads = {
        issuer: threading.Thread(target=_fetch, args=(keys, issuer, faults), daemon=True)
        for issuer, keys in _remote_keys(parts, entries).items()
    }
    for thread in threads.values():
        thread.start()
    end = Steady.now() + LONGEST
    for issuer, thread in threads.items():
        thread.join(max(0.0, end - Steady.now()))
        if thread.is_alive():
            faults[issuer] = f"{_AWAY}: no answer was complete after {LONGEST:g} s"
    return [
        {"issuer": repr(issuer), "fault": faults[issuer], "url": _first_url(entries[issuer])}
        for issuer in threads
        if issuer in faults
    ]


def _remote_keys(parts: Parts, entries: Mapping[str, IssuerEntry]) -> dict[str, RemoteKeys]:
    sources = {name: parts.verifier.trusted_issuer_for({"iss": name}).keys for name in entries}
    return {name: keys for name, keys in sources.items() if isinstance(keys, RemoteKeys)}


def _fetch(keys: RemoteKeys, issuer: str, faults: dict[str, str]) -> None:
    try:
        keys.check()
    except KeysUnusable as error:
        faults[issuer] = f"Its keys were {error.detail}"
    except (FetchError, ValueError) as error:
        faults[issuer] = f"{_AWAY}: {str(error).rstrip('.')}"
    except Exception as error:  # noqa: BLE001 - what is not foreseen is a fault as well
        faults[issuer] = f"{_AWAY}: {type(error).__name__}"


def _first_url(entry: IssuerEntry) -> str:
    # A query may hold an API key.
    named = entry.jwks_url or entry.metadata_url
    url = named or metadata_urls(entry.issuer, entry.discovery)[0]
    return url.partition("?")[0]
