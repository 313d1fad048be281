"""The parts of one app, and the one place that wires them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from re import Pattern
from re import compile as compile_pattern

from flask import Flask

from . import validators
from .challenge import quotable
from .current import Guard
from .errors import ConfigurationError
from .issuer import TokenIssuer
from .keys.config import NO_KEYS, ConfiguredKeys, choose_keys
from .keys.encryption import ConfiguredEncryption, choose_encryption
from .keys.entries import read_entries
from .keys.ring import KeyRing, open_ring
from .locations import BODY_LOCATIONS, Locations, locations_named
from .settings import Settings
from .validators import Clock, Validator
from .verifier import TokenVerifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The wired parts of one app.

    Attributes:
        guard: The `TokenGuard`, which holds the app's callbacks and may serve several apps.
        rules: What every token is checked for, by the claim or header member that a rule is about.
        own_rules: What the app adds.
        demands_all: Whether every endpoint that is not public demands a token.
        public_endpoints: Matches the endpoints that stay open all the same.
    """

    app: Flask
    guard: Guard
    settings: Settings
    verifier: TokenVerifier
    issuer: TokenIssuer
    keys: KeyRing | ConfiguredKeys
    encryption: ConfiguredEncryption | None
    rules: Mapping[str, Validator]
    own_rules: tuple[Validator, ...]
    realm: str
    locations: Locations
    bodiless_locations: Locations
    body_locations: Locations
    demands_all: bool
    public_endpoints: Pattern[str]


def build_parts(
    app: Flask, guard: Guard, *, own_rules: tuple[Validator, ...], clock: Clock
) -> Parts:
    """Read an app's config and wire what it asks for.

    Args:
        app: The app, whose config is not changed.
        guard: The extension that serves it.
        own_rules: The app's own validators, checked after ours.
        clock: Seconds since the epoch, UTC.

    Raises:
        ConfigurationError: With every fault of the config.
    """
    faults: list[str] = []
    settings = Settings.read(app.config, faults.append)
    keys, encryption = _load_keys(settings, faults)
    if faults:
        raise ConfigurationError(*faults)
    locations = locations_named(settings.token_locations)
    rules = _rules(settings, clock)
    return Parts(
        app=app,
        guard=guard,
        settings=settings,
        verifier=_build_verifier(settings, keys, encryption, (*rules.values(), *own_rules)),
        issuer=_build_issuer(settings, keys, encryption, clock),
        keys=keys,
        encryption=encryption,
        rules=rules,
        own_rules=own_rules,
        realm=settings.realm or quotable(app.name),
        locations=locations,
        bodiless_locations=tuple(place for place in locations if place[0] not in BODY_LOCATIONS),
        body_locations=tuple(place for place in locations if place[0] in BODY_LOCATIONS),
        demands_all=settings.protect == "all",
        public_endpoints=compile_pattern("|".join(map(translate, settings.public_endpoints))),
    )


def _load_keys(
    settings: Settings, faults: list[str]
) -> tuple[KeyRing | ConfiguredKeys, ConfiguredEncryption | None]:
    entries = settings.key_entries()
    if settings.keyring is None and not faults and all(entry.use == "enc" for entry in entries):
        faults.append(
            "There is no key; set TOKENGUARD_KEY, TOKENGUARD_KEY_FILE, TOKENGUARD_KEYS or"
            " TOKENGUARD_KEYRING"
        )
    read = read_entries(entries, algorithm=settings.algorithm, on_fault=faults.append)
    encryption = choose_encryption(settings.encryption, read, on_fault=faults.append)
    if settings.keyring is not None:
        return _open_ring(settings, faults.append), encryption
    return choose_keys(read, algorithm=settings.algorithm, on_fault=faults.append), encryption


def _open_ring(settings: Settings, on_fault: Callable[[str], None]) -> KeyRing | ConfiguredKeys:
    try:
        return open_ring(settings.keyring or "", settings.key_password, settings.key_password_file)
    except (ValueError, OSError) as error:
        on_fault(f"TOKENGUARD_KEYRING: {error}")
        return NO_KEYS


def _build_verifier(
    settings: Settings,
    keys: KeyRing | ConfiguredKeys,
    encryption: ConfiguredEncryption | None,
    rules: tuple[Validator, ...],
) -> TokenVerifier:
    return TokenVerifier(
        keys,
        rules,
        max_size=settings.max_token_size,
        decryption_keys=None if encryption is None else encryption.decrypting,
        requires_encryption=encryption is not None and encryption.required,
    )


def _rules(settings: Settings, clock: Clock) -> dict[str, Validator]:
    leeway = int(settings.leeway.total_seconds())
    return {
        "typ": validators.has_type(settings.types),
        "iss": validators.has_issuer(settings.issuer),
        "aud": validators.has_audience(settings.audience),
        "sub": validators.has_text("sub"),
        "jti": validators.has_text("jti"),
        "exp": validators.is_current(leeway, clock),
        "nbf": validators.is_begun("nbf", leeway, clock),
        "iat": validators.is_begun("iat", leeway, clock, is_required=True),
        "cnf": validators.is_bearer,
    }


def _build_issuer(
    settings: Settings,
    keys: KeyRing | ConfiguredKeys,
    encryption: ConfiguredEncryption | None,
    clock: Clock,
) -> TokenIssuer:
    return TokenIssuer(
        lambda: keys.signing,
        encryption_key=None if encryption is None else encryption.encrypting,
        lifetime=settings.access_token_lifetime,
        # A ring drops a key when the longest token that it signed has expired.
        longest_lifetime=None if settings.keyring is None else settings.access_token_lifetime,
        typ=settings.types[0],
        issuer=settings.issuer,
        audience=settings.audience[0] if settings.audience else None,
        client_id=settings.client_id or settings.issuer,
        max_size=settings.max_token_size,
        clock=clock,
    )
