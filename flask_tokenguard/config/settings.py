"""Settings: every TOKENGUARD_* key of the config, its type, unit, default and check.

One field is one key; `readers` has the function that reads each type.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arguments.hints import SETTINGS, advise
from ..jose.algorithms import SIGNATURE_ALGORITHMS
from ..jose.compact import LONGEST_TOKEN, media_type
from ..keys.entries import KeyEntry
from . import cookies
from . import readers as values
from .locations import COOKIE, HEADER, LocationEntry, read_locations

if TYPE_CHECKING:
    from ..arguments.files import NamedFile
    from ..keys.encryption import EncryptionEntry
    from .former import FormerEntry
    from .issuers import IssuerEntry

PREFIX = "TOKENGUARD_"
# The claims of our own tokens beside `exp`; a store finds tokens and sessions by them.
OWN_CLAIMS = ("iat", "sub", "jti")
# The `typ` of our refresh tokens.
REFRESH_TYPE = "rt+jwt"
STATIC_ENDPOINTS = ("static", "*.static")
DEFAULT_ACCESS_COOKIE = "__Host-access_token"
_LONGEST_ALLOWED_LIFETIME = timedelta(days=3660)


def read_public_endpoints(value: object) -> tuple[str, ...]:
    """Read patterns of endpoints, which add to those of static files; an empty list closes all."""
    named = values.texts_or_none(value)
    return (*STATIC_ENDPOINTS, *named) if named else ()


def _read_keys(value: object, folder: Path) -> tuple[KeyEntry, ...]:
    from .keys import read_keys  # noqa: PLC0415 - imported when used

    return read_keys(value, folder)


def _read_encryption(value: object, folder: Path) -> "EncryptionEntry":
    from .keys import read_encryption  # noqa: PLC0415 - imported when used

    return read_encryption(value, folder)


def _read_issuers(value: object, folder: Path) -> "Mapping[str, IssuerEntry]":
    from .issuers import read_issuers  # noqa: PLC0415 - imported when used

    return read_issuers(value, folder)


def _read_former_tokens(value: object, folder: Path) -> "FormerEntry":
    from .former import read_former_tokens  # noqa: PLC0415 - imported when used

    return read_former_tokens(value, folder)


def _setting(read: Callable[[object], Any], default: Any = None) -> Any:
    return _setting_of_files(lambda value, _: read(value), default)


def _setting_of_files(read: Callable[[object, Path], Any], default: Any = None) -> Any:
    """Make a setting that names files, which start in the folder that its reader is given."""
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class Settings:
    """The checked config; a field is the key's name without its prefix, in lower case.

    Its `repr` shows no value. `__init__` is written out: to compile one with all fields takes
    longer than to read the config.
    """

    key: str | Mapping[str, Any] | None = _setting(values.key)
    """A secret, PEM text (private, public or certificate), a JWK or a JWKS (object or JSON text).
    Example: `{"kty": "oct", "k": "<base64url>"}`.
    """
    key_file: "NamedFile | None" = _setting_of_files(values.path)
    """The file of what `TOKENGUARD_KEY` would hold. Example: `"signing.pem"`."""
    key_password: str | None = _setting(values.text)
    """Opens an encrypted PEM, and the keys of the key ring. Example:
    `"correct horse battery staple"`.
    """
    key_password_file: "NamedFile | None" = _setting_of_files(values.path)
    """The file of that password. Example: `"signing.password"`."""
    keys: tuple[KeyEntry, ...] | None = _setting_of_files(_read_keys)
    """Several keys: a list of objects with one of `value`, `file` and `env`, and if need be
    `password` or `password_file`, `kid`, `alg`, `enc`, `use` and `state`: `active` signs, `next`
    does not yet, `verify-only` no longer does. Example:
    `[{"file": "new.pem"}, {"file": "old.pem", "state": "verify-only"}]`.
    """
    keyring: "NamedFile | None" = _setting_of_files(values.path)
    """A folder of keys that the command line makes and rotates; `TOKENGUARD_KEY_PASSWORD` opens
    them. Example: `"keyring"`.
    """
    algorithm: str | None = _setting(values.choice(*SIGNATURE_ALGORITHMS))
    """Names the algorithm of a key that admits several: HS256/384/512, RS256/384/512,
    PS256/384/512, ES256/384/512, EdDSA or Ed25519, [ML-DSA-44/65/87](post-quantum.md). Default: by
    key: HS256, RS256, ES256/384/512 by curve, EdDSA, ML-DSA by key. Example: `"PS256"`.
    """
    issuer: str | None = _setting(values.text)
    """Written as `iss` and demanded. Unset, a token with `iss` is refused. Example:
    `"https://notes.example/"`.
    """
    audience: tuple[str, ...] = _setting(values.texts, ())
    """Any of it is accepted as `aud`, the first is written. Unset, a token with `aud` is refused.
    Example: `["notes-api", "admin-api"]`.
    """
    client_id: str | None = _setting(values.text)
    """Written as `client_id`, unless a token is issued with its own or with None. Default: the
    issuer. Example: `"notes-web"`.
    """
    issuers: "Mapping[str, IssuerEntry] | None" = _setting_of_files(_read_issuers)
    """Other trusted issuers: an object from each `iss` to an object with `audience` (required;
    false accepts any), one of `discovery` (true, `oidc` or `oauth`), `metadata_url`, `jwks_url`,
    `jwks_file` and `keys`, and if need be `kid`, `profile`, `algorithms`, `types`, `header`,
    `requires`, `forbids`, `scope_claims`, `roles_claim`, `leeway`, `stale`, `private_addresses`.
    See [Tokens of other issuers](issuers.md). Example:
    `{"https://id.example.com/": {"audience": "notes-api", "discovery": True}}`.
    """
    former_tokens: "FormerEntry | None" = _setting_of_files(_read_former_tokens)
    """Own tokens that flask-jwt-extended has issued: an object with `profile`, `key` or `key_file`,
    `until` (a day), and if need be `issuer`, `audience`, `subject_claim`. See [Coming from
    flask-jwt-extended](migrating.md). Example:
    `{"profile": "flask-jwt-extended", "key_file": "former.key", "until": "2027-03-01"}`.
    """
    allow_insecure_http: bool | tuple[str, ...] = _setting(values.truth_or_hosts, default=False)
    """True lets keys and metadata come over plain http from loopback, a list of host names from
    neighbours of these names too. Example: `["keycloak"]`.
    """
    encryption: "EncryptionEntry | None" = _setting_of_files(_read_encryption)
    """The key that encrypts tokens: an object with `key`, `key_file` or `kid` (of a key in
    `TOKENGUARD_KEYS`), and if need be `password` or `password_file`, `alg`, `enc`, `required` (true
    by default: a token that is only signed is refused). See [Keys](keys.md#encrypted-tokens).
    Example: `{"key_file": "encryption.jwk"}`.
    """
    jwks_path: str = _setting(values.url_path, "/.well-known/jwks.json")
    """Where the public keys are published, unless all keys are secrets. Example:
    `"/auth/jwks.json"`.
    """
    types: tuple[str | None, ...] = _setting(values.types, ("at+jwt",))
    """What the header's `typ` may be, in any case; null stands for a token without one. The first
    is written as it stands. Example: `["JWT", "at+jwt"]`.
    """
    leeway: timedelta = _setting(values.duration(0, timedelta(seconds=300)), timedelta(0))
    """Clock skew to forgive, added to `exp`, and to the 5 s that `iat` and `nbf` always have; at
    most 300 seconds. Example: `"30s"`.
    """
    required_claims: tuple[str, ...] = _setting(values.claims, OWN_CLAIMS)
    """Claims demanded of our own tokens beside `exp`, which always is. It may be empty (`[]`), but
    with a store `iat`, `sub` and `jti` stay. Example: `["iat", "sub", "jti", "tenant"]`.
    """
    access_token_lifetime: timedelta = _setting(
        values.duration(1, _LONGEST_ALLOWED_LIFETIME), timedelta(minutes=15)
    )
    """For how long an access token lives. Example: `"5m"`."""
    refresh_token_lifetime: timedelta = _setting(
        values.duration(1, _LONGEST_ALLOWED_LIFETIME), timedelta(days=30)
    )
    """For how long a session lives without being refreshed. Example: `"90d"`."""
    session_lifetime: timedelta = _setting(
        values.duration(1, _LONGEST_ALLOWED_LIFETIME), timedelta(days=90)
    )
    """For how long a session lives at all. Example: `"365d"`."""
    refresh_rotation: str = _setting(values.choice("on", "off"), "on")
    """`on`, or `off`, which keeps one refresh token a session, for clients that cannot store a new
    one; a stolen one is not detected then. Example: `"off"`.
    """
    refresh_grace: timedelta = _setting(
        values.duration(0, timedelta(seconds=300)), timedelta(seconds=10)
    )
    """For how long a spent refresh token gets the same successor once more; at most 300 seconds.
    Example: `"30s"`.
    """
    storage_uri: str | None = _setting(values.text)
    """Where sessions and revocations are kept: `sqlite:///tokenguard.db`, `memory://` (one process,
    for tests), `redis://`, `rediss://`, `redis+sentinel://`, `redis+cluster://`, and `valkey` in
    place of `redis`; `postgresql+psycopg://`, `mariadb+pymysql://`, `mysql+pymysql://`. Unset,
    tokens cannot be revoked. Example: `"sqlite:///tokenguard.db"`.
    """
    storage_prefix: str = _setting(values.prefix, "tokenguard:")
    """What the names of a server's keys, or of a database's tables, begin with. Example:
    `"notes:"`.
    """
    storage_timeout: timedelta = _setting(
        values.duration(1, timedelta(seconds=60)), timedelta(seconds=1)
    )
    """How long an operation of the store may take as a whole, name look-up included; at most 60
    seconds. Example: `2`.
    """
    storage_outage: str = _setting(values.choice("refuse", "accept"), "refuse")
    """`refuse` answers 503 while the store is away; `accept` takes access tokens that cannot be
    looked up. Example: `"accept"`.
    """
    revocation_delay: timedelta = _setting(values.duration(0, timedelta(seconds=300)), timedelta(0))
    """For how long the store's answer that a token is good holds in a process that asked; 0 asks at
    every request; at most 300 seconds. Example: `"5s"`.
    """
    token_locations: tuple[LocationEntry, ...] = _setting(read_locations, (LocationEntry(HEADER),))
    """Where a token may be: some of `header`, `cookie`, `form`, `query`, `json`, where a parameter
    is `access_token`; or [with a name](migrating.md#where-the-token-is): `header:X-Auth-Token`,
    `header:Authorization:Token`, `cookie:token`, `query:jwt`. Example: `["header", "cookie"]`.
    """
    cookie_access_name: str = _setting(cookies.name, DEFAULT_ACCESS_COOKIE)
    """The cookie of the access token. For all cookies see [Browsers](browser.md). Example:
    `"__Host-notes_access"`.
    """
    cookie_refresh_name: tuple[str, ...] = _setting(cookies.names, ("__Host-refresh_token",))
    """The cookie of the refresh token; of several the first is set, and those after it are read
    where it is missing, and deleted. Example: `"__Host-notes_refresh"`.
    """
    cookie_csrf_name: tuple[str, ...] = _setting(cookies.names, ("__Host-csrf_token",))
    """The cookie that scripts read, with the claim `csrf`; or several, which hold the same.
    Example: `"__Host-notes_csrf"`.
    """
    cookie_csrf_header: str = _setting(cookies.field_name, "X-CSRF-Token")
    """The header in which scripts send that claim back. Example: `"X-Token-CSRF"`."""
    cookie_csrf_field: str = _setting(values.text, "csrf_token")
    """The field in which a form sends it back. Example: `"token_csrf"`."""
    cookie_path: str = _setting(cookies.path, "/")
    """The path of the cookies. Another than `/` asks for names without `__Host-`. Example:
    `"/notes"`.
    """
    cookie_domain: str | None = _setting(cookies.domain)
    """The domain of the cookies. One asks for names without `__Host-`. Example: `"example.com"`."""
    cookie_samesite: str = _setting(values.choice(*cookies.SAMESITE), cookies.LAX)
    """`Lax`, `Strict` or `None`. Example: `"Strict"`."""
    cookie_partitioned: bool = _setting(values.truth, default=False)
    """Whether the cookies are kept apart for each site that embeds the app. Example: `True`."""
    cookie_insecure: bool = _setting(values.truth, default=False)
    """True drops `Secure` and the prefixes of the names, in debug and testing mode alone. Example:
    `True`.
    """
    sliding_sessions: bool = _setting(values.truth, default=False)
    """Whether a request refreshes the tokens in its cookies when they end; needs a store. Example:
    `True`.
    """
    login_view: str | None = _setting(values.text)
    """The endpoint to which a person is sent who opens a guarded page without a good token.
    Example: `"auth.login"`.
    """
    trusted_origins: tuple[str, ...] = _setting(cookies.origins, ())
    """Other origins that may send unsafe requests with cookies. Example: `["https://app.example"]`.
    """
    protect: str = _setting(values.choice("marked", "all"), "marked")
    """`marked` guards the views that are decorated, `all` every endpoint that is not public.
    Example: `"all"`.
    """
    public_endpoints: tuple[str, ...] = _setting(read_public_endpoints, STATIC_ENDPOINTS)
    """Further endpoints that stay open under `all`, beside those of static files; `*` matches
    anything. An empty list (`[]`) closes all. Example: `["login", "docs.*"]`.
    """
    max_token_size: int = _setting(values.size, LONGEST_TOKEN)
    """The longest token, in characters. A form or JSON is looked into up to four times as many
    octets. Example: `16384`.
    """
    cache_size: int = _setting(values.count(1_048_576), 1024)
    """How many verified tokens are remembered; 0 for none. Example: `4096`."""
    cache_lifetime: timedelta = _setting(
        values.duration(0, timedelta(days=1)), timedelta(minutes=5)
    )
    """For how long a verified token is remembered; 0 for not at all. Example: `"1m"`."""
    realm: str | None = _setting(values.realm)
    """The realm of the challenge. Default: the app's name; `api` if a server made that up. Example:
    `"notes"`.
    """

    def __init__(self, **given: Any) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, given.pop(item.name, item.default))
        if given:
            raise TypeError(f"there is no setting {', '.join(given)}")

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
