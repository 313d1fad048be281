"""The parts of one app, and the one place that wires them."""

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
from .keys.config import ConfiguredKeys, load_keys
from .locations import BODY_LOCATIONS, Locations, locations_named
from .settings import Settings
from .validators import Clock, Validator
from .verifier import TokenVerifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The wired parts of one app.

    Attributes:
        guard: The `TokenGuard`, which holds the app's callbacks and may serve several apps.
        demands_all: Whether every endpoint that is not public demands a token.
        public_endpoints: Matches the endpoints that stay open all the same.
    """

    app: Flask
    guard: Guard
    settings: Settings
    verifier: TokenVerifier
    issuer: TokenIssuer
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
    entries = settings.key_entries()
    keys = load_keys(entries, algorithm=settings.algorithm, on_fault=faults.append)
    if not entries and not faults:
        faults.append("There is no key; set TOKENGUARD_KEY, TOKENGUARD_KEY_FILE or TOKENGUARD_KEYS")
    if faults:
        raise ConfigurationError(*faults)
    locations = locations_named(settings.token_locations)
    return Parts(
        app=app,
        guard=guard,
        settings=settings,
        verifier=_build_verifier(settings, keys, own_rules, clock),
        issuer=_build_issuer(settings, keys, clock),
        realm=settings.realm or quotable(app.name),
        locations=locations,
        bodiless_locations=tuple(place for place in locations if place[0] not in BODY_LOCATIONS),
        body_locations=tuple(place for place in locations if place[0] in BODY_LOCATIONS),
        demands_all=settings.protect == "all",
        public_endpoints=compile_pattern("|".join(map(translate, settings.public_endpoints))),
    )


def _build_verifier(
    settings: Settings, keys: ConfiguredKeys, own_rules: tuple[Validator, ...], clock: Clock
) -> TokenVerifier:
    leeway = int(settings.leeway.total_seconds())
    rules = (
        validators.has_type(settings.types),
        validators.has_issuer(settings.issuer),
        validators.has_audience(settings.audience),
        validators.has_text("sub"),
        validators.has_text("jti"),
        validators.is_current(leeway, clock),
        validators.is_begun("nbf", leeway, clock),
        validators.is_begun("iat", leeway, clock, is_required=True),
        validators.is_bearer,
    )
    return TokenVerifier(keys.verifying, rules + own_rules, max_size=settings.max_token_size)


def _build_issuer(settings: Settings, keys: ConfiguredKeys, clock: Clock) -> TokenIssuer:
    return TokenIssuer(
        keys.signing,
        lifetime=settings.access_token_lifetime,
        typ=settings.types[0],
        issuer=settings.issuer,
        audience=settings.audience[0] if settings.audience else None,
        client_id=settings.client_id or settings.issuer,
        max_size=settings.max_token_size,
        clock=clock,
    )
