"""Numbers: what a monitor reads of one process; nothing is fetched, asked or changed for it."""

from collections.abc import Mapping
from typing import NamedTuple

from .parts import Parts


class KeysNumbers(NamedTuple):
    """The keys of another issuer.

    Attributes:
        age: Seconds since the fetch that brought them, or None before the first token asked.
        failures: How many fetches have failed since one succeeded.
    """

    age: float | None
    failures: int


class Numbers(NamedTuple):
    """The counts of one process since it began.

    Attributes:
        cached_tokens: How many verified tokens are remembered now.
        cache_hits: How many tokens were found among them; approximate where threads run in
            parallel.
        cache_misses: How many good tokens were verified anew.
        keys: For each issuer of TOKENGUARD_ISSUERS whose keys are fetched.
    """

    cached_tokens: int
    cache_hits: int
    cache_misses: int
    keys: Mapping[str, KeysNumbers]


def numbers_of(parts: Parts) -> Numbers:
    """Read the numbers of an app."""
    cache = parts.verifier.cache
    counts = (0, 0, 0) if cache is None else (len(cache), cache.hits, cache.misses)
    return Numbers(*counts, keys=_keys_of(parts))


def _keys_of(parts: Parts) -> dict[str, KeysNumbers]:
    if not parts.settings.issuers:
        return {}
    from ..keys.remote.keys import RemoteKeys  # noqa: PLC0415 - imported when used

    trusted = {
        name: parts.verifier.trusted_issuer_for({"iss": name}) for name in parts.settings.issuers
    }
    return {
        name: KeysNumbers(issuer.keys.age, issuer.keys.failures)
        for name, issuer in trusted.items()
        if isinstance(issuer.keys, RemoteKeys)
    }
