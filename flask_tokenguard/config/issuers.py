"""Issuer entries: each object of TOKENGUARD_ISSUERS, and of the app's issuer resolver.

An entry fills in what its profile leaves open, and only narrows the rest.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, get_args

from ..jose.algorithms import SIGNATURE_ALGORITHMS
from ..jose.compact import media_type
from ..keys.entries import DiscoveryKind, KeyEntry
from .members import read_members, read_object, within
from .profiles import DEFAULT_PROFILE, PROFILES, Profile
from .readers import (
    Fault,
    Reader,
    choice,
    claims,
    duration,
    key,
    not_one_of,
    path,
    text,
    texts,
    texts_or_none,
    types,
)

SETTING = "TOKENGUARD_ISSUERS"
# Servers read an underscore as a hyphen, or drop the header.
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_TAKEN_HEADERS = ("authorization", "cookie")
# Where OpenID Connect Discovery and RFC 8414 put metadata.
_WELL_KNOWN = "/.well-known/"
_METADATA = ("/openid-configuration", "/oauth-authorization-server")
_PUBLIC_ALGORITHMS = [name for name, row in SIGNATURE_ALGORITHMS.items() if row.kty != "oct"]
_SOURCES = ("discovery", "metadata_url", "jwks_url", "jwks_file", "keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerEntry:
    """Another trusted issuer, as the config names it.

    Attributes:
        issuer: Its `iss`, exactly.
        audience: Audiences of which its tokens must name one; None where any will do.
        discovery: Which metadata to look for, where no other source of keys is named.
        metadata_url: Where its metadata is, or None for where its name has it.
        jwks_url: Where its keys are published, or None.
        key: Its keys themselves, or their file, or None.
        profile: The shape of its tokens.
        header: The header in which a proxy sends its tokens, or None.
        leeway: Clock skew to forgive, or None for the app's.
        stale: For how long its keys are used after they could last be fetched.
        allows_private_addresses: Whether its keys may come from a private network.
    """

    issuer: str
    audience: tuple[str, ...] | None
    discovery: DiscoveryKind = "both"
    metadata_url: str | None = None
    jwks_url: str | None = None
    key: KeyEntry | None = field(default=None, repr=False)
    profile: Profile
    header: str | None = None
    leeway: timedelta | None = None
    stale: timedelta = timedelta(hours=24)
    allows_private_addresses: bool = True


def read_issuers(value: object, folder: Path) -> dict[str, IssuerEntry]:
    """Read TOKENGUARD_ISSUERS: an object from each `iss` to its entry."""
    entries = read_object(value, '{"https://id.example.com/": {"audience": "notes-api"}}')
    return {_name(issuer): read_issuer(issuer, entry, folder) for issuer, entry in entries.items()}


def _name(issuer: object) -> str:
    name = text(issuer)
    if _WELL_KNOWN in name:
        raise Fault(
            "is where metadata is; name the issuer as its tokens have it in iss,"
            f" {name.partition(_WELL_KNOWN)[0]} or the same with a slash at the end",
            f"[{name!r}]",
        )
    return name


def read_issuer(issuer: str, entry: object, folder: Path) -> IssuerEntry:
    """Read one entry.

    Args:
        issuer: The `iss`.
        entry: An object with `audience`, one of `discovery`, `metadata_url`, `jwks_url`,
            `jwks_file` and `keys`, and if need be `kid`, `profile`, `algorithms`, `types`,
            `header`, `requires`, `forbids`, `scope_claims`, `roles_claim`, `leeway`, `stale` and
            `private_addresses`.
        folder: Where a relative `jwks_file` starts.

    Raises:
        Fault: The entry is malformed, or contradicts itself.
    """
    with within(f"[{issuer!r}]"):
        members = read_members(entry, _MEMBERS | {"jwks_file": partial(path, folder=folder)})
        _check_sources(members)
        return _entry(issuer, members)


def _check_sources(members: Mapping[str, Any]) -> None:
    if "audience" not in members:
        raise Fault(
            'lacks audience, what its tokens for this API have in aud, such as "notes-api"; without'
            " one, tokens for others are accepted"
        )
    named = [name for name in _SOURCES if members.get(name)]
    if len(named) > 1:
        raise Fault(f"has {' and '.join(named)}, of which there must be one")
    if "kid" in members and not {"keys", "jwks_file"} & set(named):
        raise Fault("has kid, which is for keys and jwks_file; a published set names its own")
    if not named and "discovery" in members:
        raise Fault(f"must have one of {', '.join(_SOURCES)}")


def _entry(issuer: str, members: Mapping[str, Any]) -> IssuerEntry:
    profile = _profile(members)
    discovery = members.get("discovery", True)
    value, file = members.get("keys"), members.get("jwks_file")
    has_key = value is not None or file is not None
    return IssuerEntry(
        issuer=issuer,
        audience=members["audience"] or None,
        discovery=profile.discovery if isinstance(discovery, bool) else discovery,
        metadata_url=members.get("metadata_url"),
        jwks_url=members.get("jwks_url"),
        key=KeyEntry(
            source=f"{SETTING}[{issuer!r}]", value=value, file=file, kid=members.get("kid")
        )
        if has_key
        else None,
        profile=profile,
        header=members.get("header"),
        leeway=members.get("leeway"),
        stale=members.get("stale", timedelta(hours=24)),
        allows_private_addresses=members.get("private_addresses") != "forbid",
    )


def _profile(members: Mapping[str, Any]) -> Profile:
    """Return an entry's profile with what the entry adds; it can only demand more claims."""
    chosen = members.get("profile", DEFAULT_PROFILE)
    profile = PROFILES[chosen]
    requires, forbids = (frozenset(members.get(name, ())) for name in ("requires", "forbids"))
    needed = {"iss", *profile.required, *profile.equals}
    if members["audience"]:
        needed.add(profile.audience_claim)
    with within(".requires"):
        _check_apart(requires, profile.absent, f"which profile {chosen} forbids")
    with within(".forbids"):
        _check_apart(forbids, needed, "without which every token is refused")
        _check_apart(forbids, requires, "which its requires has too")
    return replace(
        profile,
        required=profile.required | requires,
        absent=profile.absent | forbids,
        **{name: members[name] for name in _OF_PROFILE if name in members},
    )


def _check_apart(names: frozenset[str], others: Collection[str], explanation: str) -> None:
    both = names.intersection(others)
    if both:
        raise Fault(f"has {', '.join(sorted(both))}, {explanation}; leave it out")


def _audience(value: object) -> tuple[str, ...]:
    if value is False:
        return ()
    if value in (True, None, [], ()):
        raise Fault("must be a text or several; False in so many words accepts any")
    return texts(value)


def _discovery(value: object) -> object:
    """Read true for the profile's kind, false for none, or a kind."""
    return value if isinstance(value, bool) else _kind(value)


def _url(value: object) -> str:
    url = text(value)
    if not url.startswith(("https://", "http://")):
        raise Fault("must be an https URL")
    return url


def _jwks_url(value: object) -> str:
    url = _url(value)
    if url.endswith(_METADATA):
        raise Fault("is where metadata is, not the key set; name it in metadata_url")
    return url


def _header(value: object) -> str:
    name = text(value)
    if not _FIELD_NAME.fullmatch(name) or name.lower() in _TAKEN_HEADERS:
        raise Fault("must be the name of a header of the proxy's own, as Cf-Access-Jwt-Assertion")
    return name


def _algorithms(value: object) -> tuple[str, ...]:
    names = texts(value)
    for name in names:
        if name not in SIGNATURE_ALGORITHMS:
            raise not_one_of("must name some of", _PUBLIC_ALGORITHMS, name)
    return names


def _types(value: object) -> frozenset[str | None]:
    return frozenset(None if typ is None else media_type(typ) for typ in types(value))


def _claim_paths(value: object) -> tuple[tuple[str, ...], ...]:
    """Read one path to a claim, or a list that holds several, of which one at least is a list."""
    if isinstance(value, (list, tuple)) and any(isinstance(item, (list, tuple)) for item in value):
        return tuple(_claim_path(item) for item in value)
    return (_claim_path(value),)


def _claim_path(value: object) -> tuple[str, ...]:
    """Read the path to a claim: a list, or a text with dots, but for a name that is a URI."""
    if isinstance(value, (list, tuple)):
        return texts(value)
    name = text(value)
    return (name,) if ":" in name else tuple(name.split("."))


_OF_PROFILE = ("algorithms", "types", "scope_claims", "roles_claim")
_kind = choice(*(kind for kind in get_args(DiscoveryKind) if kind != "both"))
_MEMBERS: dict[str, Reader] = {
    "audience": _audience,
    "discovery": _discovery,
    "metadata_url": _url,
    "jwks_url": _jwks_url,
    "keys": key,
    "kid": text,
    "profile": choice(*PROFILES),
    "header": _header,
    "algorithms": _algorithms,
    "types": _types,
    "requires": claims,
    "forbids": texts_or_none,
    "scope_claims": texts,
    "roles_claim": _claim_paths,
    "leeway": duration(0, timedelta(seconds=300)),
    "stale": duration(0, timedelta(days=30)),
    "private_addresses": choice("allow", "forbid"),
}
