"""Configured key set: another issuer's keys in the config or in a file, read as a fetched set is.

A key that has no name there, such as PEM, fits a token of any `kid` where it is the only one of its
algorithm: the issuer's name for it is not known.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any

from ...errors import ConfigurationError
from ...jose.compact import Header
from ...jose.jwk import Key, KeySet
from ...jose.metadata import KeyOptions
from ..entries import KeyEntry
from ..text import parse_jwk, read_jwk, read_material, text_of
from .key_set import (
    MOST_KEYS,
    ReadJwk,
    RemoteSet,
    bind,
    log_passed_over,
    read_each,
    with_both_names,
)


class ConfiguredSet(RemoteSet):
    """The keys of another issuer that the config holds."""

    def __init__(self, read: Sequence[ReadJwk], nameless: Collection[Key]) -> None:
        """Index the keys.

        Args:
            read: What was read of each JWK, or of PEM.
            nameless: The keys to which neither their JWK nor the entry gives a `kid`.
        """
        read_of: dict[Hashable, ReadJwk] = dict(enumerate(read))
        super().__init__(read_of)
        self._of_any_name = {
            alg: keys
            for (alg, _), keys in self._by_alg.items()
            if len(keys) == 1 and keys[0] in nameless
        }

    def find(self, header: Header, use: str) -> Sequence[Key]:
        """Find as in a fetched set, else a key without a name that is the only one of its `alg`."""
        found = super().find(header, use)
        if found or use != "sig" or header.kid is None or (header.kid, use) in self._by_kid:
            return found
        return self._of_any_name.get(header.alg, ())


def read_key_set(
    entry: KeyEntry, *, issuer: str, algorithms: Collection[str], on_fault: Callable[[str], None]
) -> KeySet[Key]:
    """Read the keys of another issuer, which only verify.

    Args:
        entry: The keys, or their file.
        issuer: Whose they are, for the log.
        algorithms: Those that may be used.
        on_fault: Called with a sentence for a fault; the result is then not to be used.
    """
    try:
        keys = _read(entry, with_both_names(algorithms))
    except ValueError as error:
        on_fault(f"{entry.source}: the key {error}")
        return KeySet(())
    except ConfigurationError as error:
        on_fault(str(error))
        return KeySet(())
    if not keys:
        on_fault(f"{entry.source}: the key set was read, and {keys.explain()}")
    for fault in keys.faults if keys else ():
        log_passed_over(issuer, fault)
    return keys


def _read(entry: KeyEntry, algorithms: Collection[str]) -> ConfiguredSet:
    text, options = text_of(entry), KeyOptions(kid=entry.kid)
    members = parse_jwk(text)
    if members is not None and "keys" in members:
        return _read_jwks(_jwks_of(members), options, algorithms)
    if members is None:
        ((key, metadata),) = read_material(text, **options)
    else:
        key, metadata = read_jwk(members, options)
    keys = bind(key, metadata, algorithms)
    return ConfiguredSet([ReadJwk(keys)], keys if metadata.get("kid") is None else ())


def _read_jwks(jwks: list[Any], options: KeyOptions, algorithms: Collection[str]) -> ConfiguredSet:
    kid = options.get("kid")
    if kid is not None and len(jwks) > 1:
        raise ValueError(f"is a JWKS of {len(jwks)} keys, and the kid beside it names one")
    read = read_each(jwks, lambda jwk: bind(*read_jwk(jwk, options), algorithms))
    nameless = [
        key
        for jwk, each in zip(jwks, read, strict=True)
        for key in each.keys
        if kid is None and jwk.get("kid") is None
    ]
    return ConfiguredSet(read, nameless)


def _jwks_of(members: Mapping[str, Any]) -> list[Any]:
    jwks = members["keys"]
    if not isinstance(jwks, list):
        raise ValueError("is a JWKS whose keys are not a list")
    if len(jwks) > MOST_KEYS:
        raise ValueError(f"is a JWKS of more than {MOST_KEYS} keys")
    return jwks
