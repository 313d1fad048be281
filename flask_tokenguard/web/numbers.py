"""Numbers: what a monitor reads of one process; nothing is fetched, asked or changed for it."""

from collections.abc import Mapping
from typing import NamedTuple

from ..verify.trusted import TrustedIssuer
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
        keys: For each issuer of TOKENGUARD_ISSUERS whose keys are fetched; of `issuer_resolver`,
            for those that it resolved in the last five minutes and whose keys came.
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
    issuers = parts.issuers
    if issuers is None:
        return {}
    # A resolver may let through any name of a kind: only one whose keys came is no request's.
    tenants = _numbers_of_keys(issuers.resolved())
    return {
        **{name: numbers for name, numbers in tenants.items() if numbers.age is not None},
        **_numbers_of_keys(issuers.table),
    }


def _numbers_of_keys(issuers: Mapping[str, TrustedIssuer]) -> dict[str, KeysNumbers]:
    from ..keys.remote.keys import RemoteKeys  # noqa: PLC0415 - imported when used

    return {
        name: KeysNumbers(issuer.keys.age, issuer.keys.failures)
        for name, issuer in issuers.items()
        if isinstance(issuer.keys, RemoteKeys)
    }
