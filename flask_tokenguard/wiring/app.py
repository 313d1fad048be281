"""Parts: read an app's config and wire the objects that serve it."""

from collections.abc import Callable
from fnmatch import translate
from functools import cache
from pathlib import Path
from re import compile as compile_pattern
from typing import TYPE_CHECKING

from flask import Flask

from ..arguments.environment import explain_unread
from ..clock import Clock
from ..config.settings import Settings
from ..errors import ConfigurationError
from ..keys.own import NO_KEYS, OwnKeys, choose_keys, keygen
from ..keys.text import read_entries, read_file, refuse_encryption_keys
from ..verify.validators import Validator
from ..web.credentials.places import FindToken, Places
from ..web.parts import Callbacks, Parts
from .tokens import TokenParts

# What an app has not configured is not imported: it is a quarter of what our import takes.
if TYPE_CHECKING:
    from ..arguments.files import NamedFile
    from ..fetching import Fetch
    from ..keys.encryption import ConfiguredEncryption
    from ..sessions.revocation import Revocation
    from ..stores.base import Store
    from ..stores.observed import OnStoreCall
    from ..verify.issuers import Resolve
    from ..web.credentials.cookies import TokenCookies
    from .former import FormerParts


def build_parts(
    app: Flask,
    callbacks: Callbacks,
    *,
    own_rules: tuple[Validator, ...],
    store: "Store | None" = None,
    on_store_call: "OnStoreCall | None" = None,
    issuer_resolver: "Resolve | None" = None,
    fetch: "Fetch | None" = None,
    find_token: FindToken | None = None,
    clock: Clock,
) -> Parts:
    """Read an app's config and wire what it asks for.

    Args:
        app: The app, whose config is not changed.
        callbacks: What the app registers on its `TokenGuard`, now or later.
        own_rules: The app's own validators, checked after ours.
        store: The app's own store, in place of a configured one.
        on_store_call: Called after each operation of the store.
        issuer_resolver: Finds further issuers.
        fetch: Fetches their keys, in place of ours.
        find_token: Finds a token where no setting names a place.
        clock: Seconds since the epoch, UTC.

    Raises:
        ConfigurationError: With every fault of the config.
    """
    folder = Path(app.instance_path)
    tokens, cookies, proxies = _read_config(
        app,
        folder,
        store=store,
        on_store_call=on_store_call,
        has_resolver=issuer_resolver is not None,
        fetch=fetch,
        clock=clock,
    )
    settings, revocation = tokens.settings, tokens.revocation()
    live_rules = own_rules if revocation is None else (*own_rules, revocation.check)
    others = None
    if settings.issuers or issuer_resolver is not None:
        from .issuers import build_issuers  # noqa: PLC0415 - imported when used

        others = build_issuers(
            settings,
            folder=folder,
            live_rules=live_rules,
            resolve=issuer_resolver,
            fetch=fetch,
            clock=clock,
        )
    issuer = tokens.access_issuer()
    former_rules = _former_rules(callbacks, revocation)
    places = _places(app, settings, cookies, find_token)
    if cookies is not None:
        from .cookies import check_fit  # noqa: PLC0415 - imported when used

        check_fit(cookies, issuer)
    return Parts(
        app=app,
        callbacks=callbacks,
        settings=settings,
        verifier=tokens.access_verifier(
            live_rules, others, former_rules=(*own_rules, *former_rules)
        ),
        issuers=others,
        issuer=issuer,
        keys=tokens.keys,
        encryption=tokens.encryption,
        own_rules=own_rules,
        revocation=revocation,
        sessions=tokens.sessions(issuer, revocation, former_rules=former_rules),
        store=tokens.store,
        former_warnings=() if tokens.former is None else tokens.former.keys.warnings,
        clock=clock,
        realm=settings.realm or _default_realm(app.name),
        locations=places.configured_access(proxies),
        refresh_locations=places.configured_refresh(),
        places=places,
        cookies=cookies,
        max_body_size=settings.max_body_size,
        demands_all=settings.protect == "all",
        public_endpoints=compile_pattern("|".join(map(translate, settings.public_endpoints))),
    )


def _read_config(
    app: Flask,
    folder: Path,
    *,
    store: "Store | None",
    on_store_call: "OnStoreCall | None",
    has_resolver: bool,
    fetch: "Fetch | None",
    clock: Clock,
) -> "tuple[TokenParts, TokenCookies | None, list[tuple[str, str]]]":
    """Read an app's config whole: its settings, and the keys, files and store that they name.

    Args:
        app: The app.
        folder: Where relative files are.
        store: The app's own store.
        on_store_call: Called after each operation of the store.
        has_resolver: Whether the app finds further issuers, so that it needs no key.
        fetch: The app's own, in place of ours.
        clock: Seconds since the epoch, UTC.

    Returns:
        What makes the tokens, the cookies, and the headers of proxies, each with its issuer.

    Raises:
        ConfigurationError: With every fault.
    """
    faults: list[str] = []
    settings = Settings.read(app.config, faults.append, folder=folder)
    needs_key = not settings.issuers and not has_resolver
    keys, encryption = _load_keys(settings, faults, is_needed=needs_key)
    cookies = _build_cookies(app, settings, faults) if settings.has_cookies else None
    proxies = _proxies(settings, faults.append)
    if settings.storage_uri is not None or store is not None:
        from .store import open_store  # noqa: PLC0415 - imported when used

        store = open_store(settings, store, folder, clock, faults, on_call=on_store_call)
    former = _build_former(settings, clock, faults)
    if settings.sliding_sessions:
        from .cookies import check_sliding  # noqa: PLC0415 - imported when used

        # What failed to be read has its fault already.
        check_sliding(
            settings,
            faults.append,
            has_cookies=cookies is not None,
            has_store=store is not None or settings.storage_uri is not None,
            can_sign=keys.signing is not None or bool(faults),
        )
    if faults:
        raise ConfigurationError(*faults, *_faults_of_issuers(settings, folder, fetch, clock))
    return TokenParts(settings, keys, encryption, store, clock, former), cookies, proxies


def _former_rules(callbacks: Callbacks, revocation: "Revocation | None") -> tuple[Validator, ...]:
    """List the rules that are run at every request with a token of another program."""
    revoked_there = callbacks.refuse_revoked_former
    return (revoked_there,) if revocation is None else (revocation.check_former, revoked_there)


def _faults_of_issuers(
    settings: Settings, folder: Path, fetch: "Fetch | None", clock: Clock
) -> tuple[str, ...]:
    """Return the faults that the issuers' entries have beside others, so that all come at once."""
    if not settings.issuers:
        return ()
    from .issuers import build_issuers  # noqa: PLC0415 - imported when used

    try:
        build_issuers(
            settings, folder=folder, live_rules=(), resolve=None, fetch=fetch, clock=clock
        )
    except ConfigurationError as error:
        return error.faults
    return ()


def _build_cookies(app: Flask, settings: Settings, faults: list[str]) -> "TokenCookies":
    from .cookies import build_cookies  # noqa: PLC0415 - imported when used

    return build_cookies(app, settings, faults.append)


def _build_former(settings: Settings, clock: Clock, faults: list[str]) -> "FormerParts | None":
    if settings.former_tokens is None:
        return None
    from .former import build_former  # noqa: PLC0415 - imported when used

    return build_former(settings, settings.former_tokens, clock, faults)


def _places(
    app: Flask, settings: Settings, cookies: "TokenCookies | None", find_token: FindToken | None
) -> Places:
    @cache
    def get_cookies() -> "TokenCookies":
        if cookies is not None:
            return cookies
        # Only a view names one, or the app's own function.
        faults: list[str] = []
        built = _build_cookies(app, settings, faults)
        if faults:
            raise ConfigurationError(*faults)
        return built

    return Places(
        configured=settings.token_locations,
        get_cookies=get_cookies,
        bound=settings.max_body_size,
        find=find_token,
    )


def _proxies(settings: Settings, on_fault: Callable[[str], None]) -> list[tuple[str, str]]:
    """List the headers of proxies, each with its issuer; none may be one of a client."""
    named = {(place.name or "").lower() for place in settings.token_locations}
    entries = (settings.issuers or {}).items()
    headers = [(entry.header, issuer) for issuer, entry in entries if entry.header is not None]
    for header, issuer in headers:
        if header.lower() in named:
            on_fault(
                f"TOKENGUARD_TOKEN_LOCATIONS holds header:{header}, in which a proxy sends the"
                f" tokens of TOKENGUARD_ISSUERS[{issuer}]; take it out of one of them"
            )
    return headers


def _default_realm(name: str) -> str:
    # A server that loads a file by its path names the module itself: mod_wsgi, `_mod_wsgi_1f8c...`.
    return "api" if name.startswith("_") else name


def _load_keys(
    settings: Settings, faults: list[str], *, is_needed: bool
) -> "tuple[OwnKeys, ConfiguredEncryption | None]":
    entries = settings.key_entries()
    has_key = settings.keyring is not None or any(entry.use != "enc" for entry in entries)
    if is_needed and not has_key and not faults:
        faults.append(_explain_no_key())
    read = read_entries(entries, algorithm=settings.algorithm, on_fault=faults.append)
    if settings.encryption is None:
        refuse_encryption_keys(read, on_fault=faults.append)
        encryption = None
    else:
        from ..keys.encryption import choose_encryption  # noqa: PLC0415 - imported when used

        encryption = choose_encryption(settings.encryption, read, on_fault=faults.append)
    if settings.keyring is not None:
        return _open_ring(settings.keyring, settings, faults.append), encryption
    return choose_keys(read, algorithm=settings.algorithm, on_fault=faults.append), encryption


def _explain_no_key() -> str:
    names = [f"TOKENGUARD_{name}" for name in ("KEY", "KEY_FILE", "KEYS", "KEYRING")]
    unread = explain_unread(names)
    if unread is not None:
        return f"There is no key, and {unread}"
    return f"There is no key; set one of {', '.join(names)}; {keygen('ES256')}"


def _open_ring(
    keyring: "NamedFile", settings: Settings, on_fault: Callable[[str], None]
) -> OwnKeys:
    from ..keys.ring import KeyRing  # noqa: PLC0415 - imported when used

    try:
        folder, password = locate_ring(keyring, settings)
    except ConfigurationError as error:
        on_fault(str(error))
        return NO_KEYS
    try:
        return KeyRing(folder, password=password)
    except (ValueError, OSError, ConfigurationError) as error:
        on_fault(f"TOKENGUARD_KEYRING: {error}")
        return NO_KEYS


def locate_ring(keyring: "NamedFile", settings: Settings) -> tuple[Path, str | None]:
    """Return where the key ring is, and its password.

    Raises:
        ConfigurationError: It is in another place, or its password cannot be read.
    """
    setting = "TOKENGUARD_KEYRING"
    try:
        folder = keyring.locate()
        if settings.key_password_file is None:
            return folder, settings.key_password
        setting = "TOKENGUARD_KEY_PASSWORD_FILE"
        return folder, read_file(settings.key_password_file.find())
    except ValueError as error:
        raise ConfigurationError(f"{setting} {error}") from None
