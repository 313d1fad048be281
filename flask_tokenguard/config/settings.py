"""Settings: every TOKENGUARD_* key of the config, its type, unit, default and check.

One field is one key; `readers` has the function that reads each type.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from ..arguments.files import NamedFile
from ..arguments.hints import SETTINGS, advise
from ..jose.algorithms import SIGNATURE_ALGORITHMS
from ..jose.compact import LONGEST_TOKEN, media_type
from ..keys.encryption import EncryptionEntry
from ..keys.entries import KeyEntry
from . import cookies
from . import readers as values
from .former import FormerEntry, read_former_tokens
from .issuers import IssuerEntry, read_issuers
from .keys import read_encryption, read_keys
from .locations import COOKIE, HEADER, LocationEntry, read_locations

PREFIX = "TOKENGUARD_"
# The claims of our own tokens beside `exp`; a store finds tokens and sessions by them.
OWN_CLAIMS = ("iat", "sub", "jti")
STATIC_ENDPOINTS = ("static", "*.static")
DEFAULT_ACCESS_COOKIE = "__Host-access_token"
_LONGEST_ALLOWED_LIFETIME = timedelta(days=3660)


def read_public_endpoints(value: object) -> tuple[str, ...]:
    """Read patterns of endpoints, which add to those of static files; an empty list closes all."""
    named = values.texts_or_none(value)
    return (*STATIC_ENDPOINTS, *named) if named else ()


def _setting(read: Callable[[object], Any], default: Any = None, *, secret: bool = False) -> Any:
    return _setting_of_files(lambda value, _: read(value), default, secret=secret)


def _setting_of_files(
    read: Callable[[object, Path], Any], default: Any = None, *, secret: bool = False
) -> Any:
    """Make a setting that names files, which start in the folder that its reader is given."""
    return field(default=default, repr=not secret, metadata={"read": read})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The checked config; a field is the key's name without its prefix, in lower case."""

    key: str | Mapping[str, Any] | None = _setting(values.key, secret=True)
    key_file: NamedFile | None = _setting_of_files(values.path, secret=True)
    key_password: str | None = _setting(values.text, secret=True)
    key_password_file: NamedFile | None = _setting_of_files(values.path, secret=True)
    keys: tuple[KeyEntry, ...] | None = _setting_of_files(read_keys)
    keyring: NamedFile | None = _setting_of_files(values.path)
    algorithm: str | None = _setting(values.choice(*SIGNATURE_ALGORITHMS))
    issuer: str | None = _setting(values.text)
    audience: tuple[str, ...] = _setting(values.texts, ())
    client_id: str | None = _setting(values.text)
    issuers: Mapping[str, IssuerEntry] | None = _setting_of_files(read_issuers)
    former_tokens: FormerEntry | None = _setting_of_files(read_former_tokens)
    allow_insecure_http: bool | tuple[str, ...] = _setting(values.truth_or_hosts, default=False)
    encryption: EncryptionEntry | None = _setting_of_files(read_encryption)
    jwks_path: str = _setting(values.url_path, "/.well-known/jwks.json")
    types: tuple[str | None, ...] = _setting(values.types, ("at+jwt",))
    leeway: timedelta = _setting(values.duration(0, timedelta(seconds=300)), timedelta(0))
    required_claims: tuple[str, ...] = _setting(values.claims, OWN_CLAIMS)
    access_token_lifetime: timedelta = _setting(
        values.duration(1, _LONGEST_ALLOWED_LIFETIME), timedelta(minutes=15)
    )
    refresh_token_lifetime: timedelta = _setting(
        values.duration(1, _LONGEST_ALLOWED_LIFETIME), timedelta(days=30)
    )
    session_lifetime: timedelta = _setting(
        values.duration(1, _LONGEST_ALLOWED_LIFETIME), timedelta(days=90)
    )
    refresh_rotation: str = _setting(values.choice("on", "off"), "on")
    refresh_grace: timedelta = _setting(
        values.duration(0, timedelta(seconds=300)), timedelta(seconds=10)
    )
    storage_uri: str | None = _setting(values.text, secret=True)
    storage_prefix: str = _setting(values.prefix, "tokenguard:")
    storage_timeout: timedelta = _setting(
        values.duration(1, timedelta(seconds=60)), timedelta(seconds=1)
    )
    storage_outage: str = _setting(values.choice("refuse", "accept"), "refuse")
    revocation_delay: timedelta = _setting(values.duration(0, timedelta(seconds=300)), timedelta(0))
    token_locations: tuple[LocationEntry, ...] = _setting(read_locations, (LocationEntry(HEADER),))
    cookie_access_name: str = _setting(cookies.name, DEFAULT_ACCESS_COOKIE)
    cookie_refresh_name: str = _setting(cookies.name, "__Host-refresh_token")
    cookie_csrf_name: tuple[str, ...] = _setting(cookies.names, ("__Host-csrf_token",))
    cookie_csrf_header: str = _setting(cookies.field_name, "X-CSRF-Token")
    cookie_csrf_field: str = _setting(values.text, "csrf_token")
    cookie_path: str = _setting(cookies.path, "/")
    cookie_domain: str | None = _setting(cookies.domain)
    cookie_samesite: str = _setting(values.choice(*cookies.SAMESITE), cookies.LAX)
    cookie_partitioned: bool = _setting(values.truth, default=False)
    cookie_insecure: bool = _setting(values.truth, default=False)
    sliding_sessions: bool = _setting(values.truth, default=False)
    login_view: str | None = _setting(values.text)
    trusted_origins: tuple[str, ...] = _setting(cookies.origins, ())
    protect: str = _setting(values.choice("marked", "all"), "marked")
    public_endpoints: tuple[str, ...] = _setting(read_public_endpoints, STATIC_ENDPOINTS)
    max_token_size: int = _setting(values.size, LONGEST_TOKEN)
    cache_size: int = _setting(values.count(1_048_576), 1024)
    cache_lifetime: timedelta = _setting(
        values.duration(0, timedelta(days=1)), timedelta(minutes=5)
    )
    realm: str | None = _setting(values.realm)

    @classmethod
    def read(
        cls, config: Mapping[str, Any], on_fault: Callable[[str], None], *, folder: Path
    ) -> "Settings":
        """Read every TOKENGUARD_ key of an app's config; None counts as not set.

        Args:
            config: The app's config, which is not changed.
            on_fault: Called with a sentence for each fault; the setting then has its default.
            folder: Where relative names of files start: the app's instance folder.
        """
        readers = {PREFIX + item.name.upper(): item for item in fields(cls)}
        read = {}
        for name, value in config.items():
            if not name.startswith(PREFIX) or value is None:
                continue
            if name not in readers:
                on_fault(_unknown(name))
                continue
            try:
                read[readers[name].name] = readers[name].metadata["read"](value, folder)
            except values.Fault as fault:
                on_fault(fault.of(name))
        settings = cls(**read)
        settings._check_key_settings(on_fault)
        settings._check_required_claims(on_fault)
        settings._check_former_tokens(on_fault)
        return settings

    def changes_since(self, config: Mapping[str, Any], *, folder: Path) -> list[str]:
        """List what was set after these settings were read, in a sentence each.

        Args:
            config: The app's config, as it is now.
            folder: As for `read`.
        """
        changes: list[str] = []
        current = self.read(config, changes.append, folder=folder)
        changed = [
            PREFIX + item.name.upper()
            for item in fields(self)
            if getattr(self, item.name) != getattr(current, item.name)
        ]
        return [
            *(f"{key} was changed after init_app, which reads settings once" for key in changed),
            *changes,
        ]

    @property
    def rotates_refresh_tokens(self) -> bool:
        """Whether a refresh token is spent by its use."""
        return self.refresh_rotation == "on"

    @property
    def has_cookies(self) -> bool:
        """Whether access tokens are looked for in a cookie."""
        return any(entry.kind == COOKIE for entry in self.token_locations)

    @property
    def max_body_size(self) -> int:
        """The largest body to look into, in octets: a token, its parameters, a form's escapes."""
        return 4 * self.max_token_size

    def key_entries(self) -> tuple[KeyEntry, ...]:
        """Return an entry for each key of KEY, KEY_FILE or KEYS."""
        if self.keys is not None:
            return self.keys
        if self.key is None and self.key_file is None:
            return ()
        return (
            KeyEntry(
                source=f"{PREFIX}KEY" if self.key is not None else f"{PREFIX}KEY_FILE",
                value=self.key,
                file=self.key_file,
                password=self.key_password,
                password_file=self.key_password_file,
            ),
        )

    def _check_key_settings(self, on_fault: Callable[[str], None]) -> None:
        sources = ("key", "key_file", "keys", "keyring")
        named = [name for name in sources if getattr(self, name) is not None]
        if self.keys is not None and all(entry.use == "enc" for entry in self.keys):
            named.remove("keys")
        keys = [PREFIX + name.upper() for name in named]
        if len(keys) > 1:
            on_fault(f"{' and '.join(keys)} contradict each other; set one of them")
        passwords = [self.key_password, self.key_password_file]
        if None not in passwords:
            on_fault(f"{PREFIX}KEY_PASSWORD and {PREFIX}KEY_PASSWORD_FILE contradict each other")
        if named == ["keys"] and passwords != [None, None]:
            on_fault(f"{PREFIX}KEY_PASSWORD is not for {PREFIX}KEYS; give each entry its password")

    def _check_required_claims(self, on_fault: Callable[[str], None]) -> None:
        for claim, setting in (("iss", "issuer"), ("aud", "audience")):
            if claim in self.required_claims and not getattr(self, setting):
                key = PREFIX + setting.upper()
                on_fault(
                    f"{PREFIX}REQUIRED_CLAIMS holds {claim}, but without {key} a token that has it"
                    f" is refused; set {key}"
                )

    def _check_former_tokens(self, on_fault: Callable[[str], None]) -> None:
        former = self.former_tokens
        if former is None:
            return
        types = {None if typ is None else media_type(typ) for typ in self.types}
        if not types.isdisjoint({None, *former.profile.types}):
            on_fault(
                f"{PREFIX}FORMER_TOKENS and a {PREFIX}TYPES that holds JWT or null contradict each"
                f" other: old tokens differ from ours by their typ; set {PREFIX}TYPES to at+jwt"
            )
        if former.issuer is not None and former.issuer in (self.issuers or {}):
            on_fault(
                f"{PREFIX}FORMER_TOKENS.issuer is an issuer of {PREFIX}ISSUERS too, and its tokens"
                " are either ours or another's; take one of them out"
            )

    def check_claims_of_store(self, on_fault: Callable[[str], None]) -> None:
        """Check that every token has the claims that a store finds it by; for apps with a store."""
        lacking = [claim for claim in OWN_CLAIMS if claim not in self.required_claims]
        if lacking:
            on_fault(
                f"{PREFIX}REQUIRED_CLAIMS lacks {' and '.join(lacking)}, by which a store finds"
                " what was revoked; name iat, sub and jti, or have no store"
            )


def _unknown(name: str) -> str:
    names = ", ".join(item.name.upper() for item in fields(Settings))
    otherwise = f"behind {PREFIX} there may be {names}"
    advice = advise_setting(name.removeprefix(PREFIX), otherwise=otherwise)
    return f"{name} is not a setting; {advice}"


def advise_setting(name: str, *, otherwise: str) -> str:
    """Return what to set in place of a name, without its prefix, that is not known here.

    Args:
        name: What was set.
        otherwise: What to return if the name resembles nothing.
    """
    known = [item.name.upper() for item in fields(Settings)]
    return advise(name.upper(), known, SETTINGS, shape=PREFIX + "{}", otherwise=otherwise)
