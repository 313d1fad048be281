"""The parts of one app, and the one place that wires them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import translate
from pathlib import Path
from re import Pattern
from re import compile as compile_pattern

from flask import Flask

from . import validators
from .app_parts import Guard
from .challenge import quotable
from .errors import ConfigurationError
from .issuer import TokenIssuer
from .keys.config import NO_KEYS, ConfiguredKeys, choose_keys
from .keys.encryption import ConfiguredEncryption, choose_encryption
from .keys.entries import read_entries
from .keys.ring import KeyRing, open_ring
from .locations import BODY_LOCATIONS, Locations, locations_named
from .pairs import PairIssuer
from .refresh import REFRESH_TYPE, Sessions
from .revocation import LONGEST_LIFETIME, Revocation
from .settings import Settings
from .stores.base import Store, subject_id
from .stores.uri import open_store
from .validators import Clock, Validator
from .verifier import TokenVerifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The wired parts of one app.

    Attributes:
        guard: The `TokenGuard`, which holds the app's callbacks and may serve several apps.
        rules: What every token is checked for, by the claim or header member that a rule is about.
        own_rules: What the app adds.
        revocation: The last rule; None without a store.
        sessions: The subjects' sessions; None without a store.
        store: Where both are kept.
        clock: Seconds since the epoch, UTC.
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
    revocation: Revocation | None
    sessions: Sessions | None
    store: Store | None
    clock: Clock
    realm: str
    locations: Locations
    bodiless_locations: Locations
    body_locations: Locations
    demands_all: bool
    public_endpoints: Pattern[str]

    @property
    def longest_lifetime(self) -> timedelta:
        """For how long after a key has signed last its tokens may be accepted."""
        settings = self.settings
        lifetimes = [settings.access_token_lifetime]
        if self.sessions is not None:
            lifetimes.append(settings.refresh_token_lifetime)
        return max(lifetimes) + settings.leeway


def build_parts(
    app: Flask,
    guard: Guard,
    *,
    own_rules: tuple[Validator, ...],
    store: Store | None = None,
    clock: Clock,
) -> Parts:
    """Read an app's config and wire what it asks for.

    Args:
        app: The app, whose config is not changed.
        guard: The extension that serves it.
        own_rules: The app's own validators, checked after ours.
        store: The app's own store, in place of a configured one.
        clock: Seconds since the epoch, UTC.

    Raises:
        ConfigurationError: With every fault of the config.
    """
    faults: list[str] = []
    settings = Settings.read(app.config, faults.append)
    keys, encryption = _load_keys(settings, faults)
    store = _open_store(settings, store, Path(app.instance_path), clock, faults)
    if faults:
        raise ConfigurationError(*faults)
    tokens = _Tokens(settings, keys, encryption, store, clock)
    revocation = tokens.revocation()
    rules = _rules(settings.types, settings, clock)
    last = () if revocation is None else (revocation.check,)
    issuer = tokens.issuer()
    locations = locations_named(settings.token_locations)
    return Parts(
        app=app,
        guard=guard,
        settings=settings,
        verifier=tokens.verifier((*rules.values(), *own_rules, *last)),
        issuer=issuer,
        keys=keys,
        encryption=encryption,
        rules=rules,
        own_rules=own_rules,
        revocation=revocation,
        sessions=tokens.sessions(issuer),
        store=store,
        clock=clock,
        realm=settings.realm or quotable(app.name),
        locations=locations,
        bodiless_locations=tuple(place for place in locations if place[0] not in BODY_LOCATIONS),
        body_locations=tuple(place for place in locations if place[0] in BODY_LOCATIONS),
        demands_all=settings.protect == "all",
        public_endpoints=compile_pattern("|".join(map(translate, settings.public_endpoints))),
    )


def _open_store(
    settings: Settings, own: Store | None, folder: Path, clock: Clock, faults: list[str]
) -> Store | None:
    if settings.storage_uri is None or own is not None:
        if settings.storage_uri is not None:
            faults.append("TOKENGUARD_STORAGE_URI and TokenGuard(store=...) contradict each other")
        return own
    try:
        return open_store(
            settings.storage_uri,
            folder=folder,
            prefix=settings.storage_prefix,
            timeout=settings.storage_timeout.total_seconds(),
            clock=clock,
        )
    except ConfigurationError as error:
        faults += error.faults
        return None


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


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Makes what issues and verifies the tokens of one app, from the same settings and keys."""

    settings: Settings
    keys: KeyRing | ConfiguredKeys
    encryption: ConfiguredEncryption | None
    store: Store | None
    clock: Clock

    def verifier(self, rules: Iterable[Validator]) -> TokenVerifier:
        encryption = self.encryption
        return TokenVerifier(
            self.keys,
            rules,
            max_size=self.settings.max_token_size,
            decryption_keys=None if encryption is None else encryption.decrypting,
            requires_encryption=encryption is not None and encryption.required,
        )

    def issuer(self, typ: str | None = None, lifetime: timedelta | None = None) -> TokenIssuer:
        settings, store = self.settings, self.store
        lifetime = lifetime or settings.access_token_lifetime
        return TokenIssuer(
            lambda: self.keys.signing,
            encryption_key=None if self.encryption is None else self.encryption.encrypting,
            lifetime=lifetime,
            longest_lifetime=self._longest_lifetime(lifetime),
            typ=typ or settings.types[0],
            issuer=settings.issuer,
            audience=settings.audience[0] if settings.audience else None,
            client_id=settings.client_id or settings.issuer,
            max_size=settings.max_token_size,
            clock=self.clock,
            next_instant=None
            if store is None
            else lambda subject: store.next_instant(subject_id(settings.issuer, subject)),
        )

    def _longest_lifetime(self, lifetime: timedelta) -> timedelta | None:
        # A ring drops a key when the longest token that it signed has expired.
        if self.settings.keyring is not None:
            return lifetime
        return None if self.store is None else max(lifetime, LONGEST_LIFETIME)

    def revocation(self) -> Revocation | None:
        if self.store is None:
            return None
        return Revocation(
            self.store,
            longest_lifetime=max(self.settings.access_token_lifetime, LONGEST_LIFETIME),
            leeway=self.settings.leeway,
            clock=self.clock,
            accepts_in_outage=self.settings.storage_outage == "accept",
        )

    def sessions(self, access: TokenIssuer) -> Sessions | None:
        if self.store is None:
            return None
        settings = self.settings
        return Sessions(
            self.store,
            pairs=PairIssuer(
                access=access,
                refresh=self.issuer(REFRESH_TYPE, settings.refresh_token_lifetime),
                lifetime=settings.refresh_token_lifetime,
                longest=settings.session_lifetime,
            ),
            verifier=self.verifier(_rules((REFRESH_TYPE,), settings, self.clock).values()),
            issuer=settings.issuer,
            grace=settings.refresh_grace,
            leeway=settings.leeway,
            clock=self.clock,
        )


def _rules(types: Collection[str], settings: Settings, clock: Clock) -> dict[str, Validator]:
    leeway = int(settings.leeway.total_seconds())
    return {
        "typ": validators.has_type(types),
        "iss": validators.has_issuer(settings.issuer),
        "aud": validators.has_audience(settings.audience),
        "sub": validators.has_text("sub"),
        "jti": validators.has_text("jti"),
        "exp": validators.is_current(leeway, clock),
        "nbf": validators.is_begun("nbf", leeway, clock),
        "iat": validators.is_begun("iat", leeway, clock, is_required=True),
        "cnf": validators.is_bearer,
    }
