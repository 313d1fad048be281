"""The entries of TOKENGUARD_ISSUERS: how each is read, with what its profile leaves open.

What a reader does not like is raised as a `Fault`, before which the setting's name is put.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from ..jose.algorithms import SIGNATURE_ALGORITHMS
from ..jose.compact import media_type
from ..keys.entries import DiscoveryKind, KeyEntry
from .profiles import DEFAULT_PROFILE, PROFILES, Profile
from .readers import Fault, choice, claims, duration, key, path, text, texts, texts_or_none, types

SETTING = "TOKENGUARD_ISSUERS"
_SOURCES = ("discovery", "jwks_url", "jwks_file", "keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerEntry:
    """Another issuer, as the config names it.

    Attributes:
        issuer: Its `iss`, exactly.
        audience: Of which its tokens must name one; None where any will do.
        discovery: Which metadata to look for, where the keys are not named.
        jwks_url: Where its keys are published, or None.
        key: Its keys themselves, or their file, or None.
        profile: What its tokens say.
        leeway: Clock skew to forgive, or None for the app's.
        stale: For how long its keys are used after they could last be fetched.
        allows_private_addresses: Whether its keys may come from a private network.
    """

    issuer: str
    audience: tuple[str, ...] | None
    discovery: DiscoveryKind = "both"
    jwks_url: str | None = None
    key: KeyEntry | None = field(default=None, repr=False)
    profile: Profile
    leeway: timedelta | None = None
    stale: timedelta = timedelta(hours=24)
    allows_private_addresses: bool = True


def read_issuers(value: object) -> dict[str, IssuerEntry]:
    """Read the setting: an object from each `iss` to an entry."""
    if not isinstance(value, dict) or not value:
        raise Fault('must be an object such as {"https://id.example.com/": {...}}')
    return {text(issuer): read_issuer(issuer, said) for issuer, said in value.items()}


def read_issuer(issuer: str, said: object) -> IssuerEntry:
    """Read one entry.

    Args:
        issuer: The `iss`.
        said: What is said of it: `audience`, one of `discovery`, `jwks_url`, `jwks_file` and
            `keys`, and if need be `profile`, `algorithms`, `types`, `requires`, `forbids`,
            `scope_claims`, `roles_claim`, `leeway`, `stale` and `private_addresses`.
    """
    where = f"[{issuer!r}]"
    if not isinstance(said, dict) or not said.keys() <= _READERS.keys():
        raise Fault(f"{where} must be an object with some of {', '.join(sorted(_READERS))}")
    read: dict[str, Any] = {}
    for name, value in said.items():
        try:
            read[name] = _READERS[name](value)
        except Fault as fault:
            raise Fault(f"{where}.{name} {fault}") from None
    if "audience" not in read:
        raise Fault(f"{where} lacks audience; without one, tokens for others are accepted")
    return _entry(issuer, where, read)


def _entry(issuer: str, where: str, read: dict[str, Any]) -> IssuerEntry:
    profile = _profile(where, read)
    named = [name for name in _SOURCES if read.get(name)]
    if len(named) > 1:
        raise Fault(f"{where} has {' and '.join(named)}, of which there must be one")
    if not named and "discovery" in read:
        raise Fault(f"{where} must have one of {', '.join(_SOURCES)}")
    discovery = read.get("discovery", True)
    return IssuerEntry(
        issuer=issuer,
        audience=read["audience"] or None,
        discovery=_kind(profile.discovery if discovery is True else discovery),
        jwks_url=read.get("jwks_url"),
        key=_key_entry(where, read),
        profile=profile,
        leeway=read.get("leeway"),
        stale=read.get("stale", timedelta(hours=24)),
        allows_private_addresses=read.get("private_addresses") != "forbid",
    )


def _profile(where: str, read: Mapping[str, Any]) -> Profile:
    """Add an entry to its profile; of claims it can only demand more."""
    chosen = read.get("profile", DEFAULT_PROFILE)
    profile = PROFILES[chosen]
    requires, forbids = frozenset(read.get("requires", ())), frozenset(read.get("forbids", ()))
    needed = {"iss", *profile.required, *profile.equals}
    if read["audience"]:
        needed.add(profile.audience_claim)
    _check_apart(f"{where}.requires", requires, profile.absent, f"which profile {chosen} forbids")
    _check_apart(f"{where}.forbids", forbids, needed, "without which every token is refused")
    _check_apart(f"{where}.forbids", forbids, requires, "which its requires has too")
    return replace(
        profile,
        required=profile.required | requires,
        absent=profile.absent | forbids,
        **{name: read[name] for name in _OF_PROFILE if name in read},
    )


def _check_apart(
    where: str, names: frozenset[str], others: Collection[str], explanation: str
) -> None:
    both = names.intersection(others)
    if both:
        raise Fault(f"{where} has {', '.join(sorted(both))}, {explanation}; leave it out")


def _key_entry(where: str, read: Mapping[str, Any]) -> KeyEntry | None:
    value, file = read.get("keys"), read.get("jwks_file")
    if value is None and file is None:
        return None
    return KeyEntry(source=f"{SETTING}{where}", value=value, file=file)


def _audience(value: object) -> tuple[str, ...]:
    if value is False:
        return ()
    if value in (True, None, [], ()):
        raise Fault("must be a text or several; False in so many words accepts any")
    return texts(value)


def _discovery(value: object) -> object:
    return value if isinstance(value, bool) else choice("oidc", "oauth")(value)


def _kind(discovery: object) -> DiscoveryKind:
    kinds: dict[object, DiscoveryKind] = {"oidc": "oidc", "oauth": "oauth"}
    return kinds.get(discovery, "both")


def _url(value: object) -> str:
    url = text(value)
    if not url.startswith(("https://", "http://")):
        raise Fault("must be an https URL")
    return url


def _algorithms(value: object) -> tuple[str, ...]:
    names = texts(value)
    if not set(names) <= SIGNATURE_ALGORITHMS.keys():
        raise Fault(f"must name some of {', '.join(SIGNATURE_ALGORITHMS)}")
    return names


def _types(value: object) -> frozenset[str | None]:
    return frozenset(None if typ is None else media_type(typ) for typ in types(value))


def _claim_path(value: object) -> tuple[str, ...]:
    """Read the path to a claim: a list, or a text with dots, but for a name that is a URI."""
    if isinstance(value, (list, tuple)):
        return texts(value)
    name = text(value)
    return (name,) if ":" in name else tuple(name.split("."))


_OF_PROFILE = ("algorithms", "types", "scope_claims", "roles_claim")
_READERS: dict[str, Callable[[object], Any]] = {
    "audience": _audience,
    "discovery": _discovery,
    "jwks_url": _url,
    "jwks_file": path,
    "keys": key,
    "profile": choice(*PROFILES),
    "algorithms": _algorithms,
    "types": _types,
    "requires": claims,
    "forbids": texts_or_none,
    "scope_claims": texts,
    "roles_claim": _claim_path,
    "leeway": duration(0, timedelta(seconds=300)),
    "stale": duration(0, timedelta(days=30)),
    "private_addresses": choice("allow", "forbid"),
}
