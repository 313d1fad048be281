"""Looks for `doctor`: functions of an app's parts that find one kind of risk each.

A look returns what the texts of its risk name, once for each place where it is found.
"""

import shlex
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeAlias
from urllib.parse import urlsplit

from ..arguments.files import NamedFile
from ..clock import wall_clock
from ..config.locations import QUERY
from ..config.settings import OWN_CLAIMS, STATIC_ENDPOINTS, advise_setting
from ..errors import Unavailable
from ..jose.compact import media_type
from ..jose.jwk import Key
from ..keys.entries import KeyEntry
from ..keys.ring_files import RingEntry, read_index
from ..keys.text import is_pem, text_of
from ..quoting import quote
from ..web.credentials.cross_site import is_loopback
from ..web.guards.marks import hides_a_demand
from ..web.parts import Parts
from .migrating.settings import PREFIX as OTHERS
from .migrating.settings import SETTINGS
from .readers import readers_without
from .routes import routes_of

_READABLE_BYOTHERS = 0o077
_FEWEST_DIFFERENT_CHARACTERS = 10
_WORDS_OF_EXAMPLES = ("secret", "password", "change", "example")

Places: TypeAlias = Iterable[dict[str, str]]


def where(condition: Callable[[Parts], bool]) -> Callable[[Parts], Places]:
    """Make the look of a risk that is in one place alone."""
    return lambda parts: [{}] if condition(parts) else []


def weak_secrets(parts: Parts) -> Places:
    """List the secrets that can be guessed."""
    return [{"source": entry.source} for entry in _entries(parts) if is_weak(text_of(entry))]


def is_weak(text: object) -> bool:
    """Return whether key text is a secret that can be guessed."""
    if not isinstance(text, str) or is_pem(text) or text.startswith("{"):
        return False
    is_placeholder = any(word in text.lower() for word in _WORDS_OF_EXAMPLES)
    return is_placeholder or len(set(text)) < _FEWEST_DIFFERENT_CHARACTERS


def open_files(parts: Parts) -> Places:
    """List the files with a secret that others can read."""
    former = parts.settings.former_tokens
    files: list[tuple[str, NamedFile | None]] = []
    if former is not None and not _is_public(former.key):
        files = [(former.key.source, former.key.file)]
    if parts.encryption is not None or any(key.is_private for key in parts.keys):
        files += _own_files(parts)
    return [
        {"source": source, "file": shlex.quote(str(file.path))}
        for source, file in dict.fromkeys(files)
        if file is not None and file.path.stat().st_mode & _READABLE_BYOTHERS
    ]


def _is_public(entry: KeyEntry) -> bool:
    text = text_of(entry)
    return isinstance(text, str) and is_pem(text) and "PRIVATE" not in text


def _own_files(parts: Parts) -> list[tuple[str, NamedFile | None]]:
    settings = parts.settings
    files = [(entry.source, entry.file) for entry in _entries(parts)]
    files += [("TOKENGUARD_KEY_PASSWORD_FILE", settings.key_password_file)]
    files += [
        (entry.source, entry.password_file)
        for entry in _entries(parts)
        if entry.password_file != settings.key_password_file
    ]
    return [*files, ("TOKENGUARD_KEYRING", settings.keyring)]


def _ring(parts: Parts) -> tuple[RingEntry, ...]:
    keyring = parts.settings.keyring
    return () if keyring is None else read_index(keyring.path)


def keeps_a_key_for_nothing(parts: Parts) -> bool:
    """Return whether a key of the ring outlived every token that it signed."""
    longest = parts.longest_lifetime.total_seconds()
    retired = (entry.retired for entry in _ring(parts))
    return any(instant is not None and instant + longest <= wall_clock() for instant in retired)


def has_no_next_key(parts: Parts) -> bool:
    """Return whether the ring has keys and none that is to sign next."""
    states = [entry.state for entry in _ring(parts)]
    return bool(states) and "next" not in states


def has_short_nonces(parts: Parts) -> bool:
    """Return whether one key with random nonces of 96 bits encrypts all tokens."""
    key = None if parts.encryption is None else parts.encryption.encrypting
    return key is not None and key.alg == "dir" and key.enc.endswith("GCM")


def signs_and_encrypts_with_one_secret(parts: Parts) -> bool:
    """Return whether a secret serves both uses."""
    if parts.encryption is None:
        return False
    kid = parts.encryption.encrypting.kid
    texts = [text_of(entry) for entry in _entries(parts)]
    is_repeated = any(text in texts[:index] for index, text in enumerate(texts))
    return is_repeated or any(own.kid is not None and own.kid == kid for own in parts.keys)


def has_short_grace(parts: Parts) -> bool:
    """Look for a grace that is over when a client comes again after the store's timeout."""
    grace, timeout = parts.settings.refresh_grace, parts.settings.storage_timeout
    # `Retry-After` is at most half of the grace, but at least a second.
    longest_wait = max(grace / 2, timedelta(seconds=1))
    return parts.store is not None and timedelta(0) < grace <= timeout + longest_wait


def revocation_delay(parts: Parts) -> Places:
    """Return for how long a token may be accepted that another process revoked."""
    delay = parts.settings.revocation_delay
    if not delay or has_idle_delay(parts):
        return []
    return [{"seconds": f"{delay.total_seconds():g}"}]


def has_idle_delay(parts: Parts) -> bool:
    """Return whether a delay has no answer that it could apply to."""
    settings = parts.settings
    has_cache = settings.cache_size and settings.cache_lifetime
    return bool(settings.revocation_delay) and not (parts.store is not None and has_cache)


def risks_of_the_store(parts: Parts) -> Places:
    """List what endangers the data in the store."""
    try:
        risks = () if parts.store is None else parts.store.risks()
    except Unavailable:
        risks = ("It cannot be reached.",)
    return [{"risk": risk} for risk in risks]


def issuers_for_any_audience(parts: Parts) -> Places:
    """List the issuers whose tokens may be meant for others."""
    issuers = parts.settings.issuers or {}
    return [{"issuer": repr(name)} for name, entry in issuers.items() if entry.audience is None]


def issuers_that_differ_by_a_slash(parts: Parts) -> Places:
    """List the pairs of accepted issuers of which one is probably a slip."""
    settings = parts.settings
    names = {name for name in (settings.issuer, *(settings.issuers or {})) if name}
    return [
        {"one": quote(name), "other": quote(f"{name}/")}
        for name in sorted(names)
        if f"{name}/" in names
    ]


def issuers_of_untyped_tokens(parts: Parts) -> Places:
    """List the issuers whose access tokens have no type of their own."""
    issuers = parts.settings.issuers or {}
    return [
        {"issuer": repr(name)}
        for name, entry in issuers.items()
        if not entry.profile.types <= {"at+jwt"}
    ]


def issuers_without_keys(parts: Parts) -> Places:
    """List the issuers whose keys cannot be fetched now, and why."""
    if not parts.settings.issuers:
        return []
    from . import issuers  # noqa: PLC0415 - imported when used: it brings the HTTP client

    return issuers.issuers_without_keys(parts)


def plain_http_origins(parts: Parts) -> Places:
    """List the trusted origins of other machines over plain http."""
    origins = (urlsplit(origin) for origin in parts.settings.trusted_origins)
    plain = [
        origin.geturl()
        for origin in origins
        if origin.scheme == "http" and not is_loopback(origin.hostname or "")
    ]
    return [{"origins": ", ".join(plain)}] if plain else []


def cookies_of_other_hosts(parts: Parts) -> Places:
    """List the cookies that another host of the site can set."""
    cookies = parts.cookies
    if cookies is None or not cookies.attributes.secure:
        return []
    names = (cookies.access, cookies.refresh, *cookies.csrf, *cookies.others)
    others = [name for name in names if not name.lower().startswith("__host-")]
    return [{"names": ", ".join(others)}] if others else []


def missing_login_view(parts: Parts) -> Places:
    """Return the login view that the app does not have, if any."""
    name = parts.settings.login_view
    is_missing = name is not None and name not in parts.app.view_functions
    return [{"endpoint": repr(name)}] if is_missing else []


def plain_http(parts: Parts) -> Places:
    """List from where keys may come unprotected, outside of debug mode."""
    allowed = parts.settings.allow_insecure_http
    if not allowed or parts.app.debug:
        return []
    hosts = ", ".join(allowed) if isinstance(allowed, tuple) else ""
    return [{"hosts": f"this machine, {hosts}" if hosts else "this machine"}]


def ends_of_foreign_subjects(parts: Parts) -> Places:
    """Return for how long `end_all_sessions` holds for subjects of other issuers, if any."""
    if parts.revocation is None or not parts.settings.issuers:
        return []
    return [{"days": str(parts.revocation.longest_lifetime.days)}]


def is_one_of_many(parts: Parts) -> bool:
    """Return whether another service's tokens would pass for ours."""
    settings = parts.settings
    is_issuer = parts.keys.signing is not None
    return is_issuer and (settings.issuer is None or not settings.audience)


def takes_every_type(parts: Parts) -> bool:
    """Return whether the type of a token keeps nothing out."""
    return any(typ is None or media_type(typ) == "jwt" for typ in parts.settings.types)


def claims_not_required(parts: Parts) -> Places:
    """List the claims of ours that a token may lack."""
    lacking = [claim for claim in OWN_CLAIMS if claim not in parts.settings.required_claims]
    return [{"claims": ", ".join(lacking)}] if lacking else []


def idle_public_endpoints(parts: Parts) -> Places:
    """List what is named as public and no endpoint matches."""
    return [{"endpoint": repr(name)} for name in parts.idle_public_endpoints()]


def public_endpoints(parts: Parts) -> Places:
    """List the endpoints that the config opens, if it names more than static files."""
    if parts.settings.public_endpoints in ((), STATIC_ENDPOINTS):
        return []
    names = sorted(filter(parts.public_endpoints.fullmatch, parts.app.view_functions))
    return [{"endpoints": ", ".join(names)}] if names else []


def open_routes(parts: Parts) -> Places:
    """List the endpoints that are open by omission."""
    names = sorted({route.endpoint for route in routes_of(parts) if route.is_open_by_omission})
    return [{"endpoints": ", ".join(names)}] if names else []


def hidden_guards(parts: Parts) -> Places:
    """List the endpoints whose guard lies where the hook does not see it."""
    demanding = {route.endpoint for route in routes_of(parts) if route.demands}
    views = parts.app.view_functions.items()
    return [
        {"endpoint": name}
        for name, view in sorted(views)
        if name not in demanding and hides_a_demand(view)
    ]


def generated_realm(parts: Parts) -> Places:
    """Return the name of an app that gave no realm, if a server made it up."""
    if parts.settings.realm is not None or parts.realm == parts.app.name:
        return []
    return [{"name": parts.app.name, "realm": parts.realm}]


def rotating_routes_without_a_store(parts: Parts) -> Places:
    """List the endpoints that demand a refresh token of an app that can have none."""
    if parts.sessions is not None:
        return []
    demanding = (
        route for route in routes_of(parts) if any(demand.is_refresh for demand in route.demands)
    )
    names = sorted({route.endpoint for route in demanding})
    return [{"endpoints": ", ".join(names)}] if names else []


def takes_tokens_in_urls(parts: Parts) -> bool:
    """Return whether a token may be in the query of every endpoint."""
    return any(entry.kind == QUERY for entry in parts.settings.token_locations)


def routes_with_tokens_in_urls(parts: Parts) -> Places:
    """List the endpoints that take a token in the query of their own accord."""
    names = {
        route.endpoint
        for route in routes_of(parts)
        for demand in route.demands
        if any(entry.kind == QUERY for entry in demand.locations)
    }
    return [{"endpoints": ", ".join(sorted(names))}] if names else []


def settings_of_others(parts: Parts) -> Places:
    """List the settings that are left over from flask-jwt-extended, if the app does not use it."""
    if "flask-jwt-extended" in parts.app.extensions:
        return []
    names = sorted(name for name in parts.app.config if name.startswith(OTHERS))
    return [{"setting": name, "ours": _ours(name.removeprefix(OTHERS))} for name in names]


def _ours(name: str) -> str:
    row = SETTINGS.get(name)
    return advise_setting(name, otherwise="nothing") if row is None else row.write


def readers_lacking(parts: Parts) -> Places:
    """Return which programs lack the algorithm of the key that signs."""
    signing = parts.keys.signing
    lacking = None if signing is None else readers_without(signing.alg)
    return [] if signing is None or lacking is None else [{"alg": signing.alg, "lacking": lacking}]


def _entries(parts: Parts) -> list[KeyEntry]:
    entry = parts.settings.encryption
    own = [] if entry is None or entry.key is None else [entry.key]
    return [*parts.settings.key_entries(), *own]


def rsa_bits(key: Key) -> int:
    """Return the length of an RSA key; that of a long one for any other."""
    jwk = key.public_jwk() or {}
    return len(jwk["n"]) * 6 if "n" in jwk else 3072
