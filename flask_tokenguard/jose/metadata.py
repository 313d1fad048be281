"""Metadata of a key: its `alg`, `kid`, `use` and `key_ops` (RFC 7517 section 4)."""

from collections.abc import Collection, Mapping
from typing import Any, TypedDict


class KeyOptions(TypedDict, total=False):
    """A key's metadata, from its JWK or its entry in the config; see `Key` for the meaning."""

    alg: str | None
    preferred_alg: str | None
    kid: str | None
    use: str | None
    key_ops: Collection[str] | None
    admitted: Collection[str] | None


def merge_metadata(jwk: Mapping[str, Any], options: KeyOptions) -> KeyOptions:
    """Merge a JWK's metadata with the configured options; a conflict is an error.

    Raises:
        ValueError: They conflict, or a member is malformed.
    """
    key_ops = jwk.get("key_ops")
    if key_ops is not None and not (
        isinstance(key_ops, list) and all(isinstance(name, str) for name in key_ops)
    ):
        raise ValueError("has key_ops that are not a list of texts")
    return {
        **options,
        "alg": _agreed(jwk, "alg", options.get("alg")),
        "kid": _agreed(jwk, "kid", options.get("kid")),
        "use": _agreed(jwk, "use", options.get("use")),
        "key_ops": key_ops,
    }


def _agreed(jwk: Mapping[str, Any], name: str, configured: str | None) -> str | None:
    value = jwk.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"has a {name} that is not text")
    if value is not None and configured is not None and value != configured:
        raise ValueError(f"has the {name} {value!r}, and {configured!r} beside it")
    return configured if value is None else value
