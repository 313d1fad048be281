"""Risks in an app's configuration: why each is one, and what to set instead.

A risk is a row of `RISKS`; what finds it stands in `looks`.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Literal, NamedTuple, TypeAlias

from ..web.parts import Parts
from . import former, looks
from .readers import DEFAULT_ALG

Level: TypeAlias = Literal["warning", "advice"]


class Finding(NamedTuple):
    """A risk that was found.

    Attributes:
        level: How bad it is.
        code: What it is, for programs: it stays when a text is reworded.
        about: The setting.
        why: What may come of it.
        do: The cure.
    """

    level: Level
    code: str
    about: str
    why: str
    do: str


class _Risk(NamedTuple):
    """A risk; its texts hold names in braces for what the look returns."""

    level: Level
    code: str
    about: str
    why: str
    do: str
    look: Callable[[Parts], looks.Places]


def examine(parts: Parts) -> list[Finding]:
    """List every risk that is found; warnings come first."""
    found = [
        Finding(
            risk.level,
            risk.code,
            *(text.format_map(place) for text in (risk.about, risk.why, risk.do)),
        )
        for risk in RISKS
        for place in risk.look(parts)
    ]
    return sorted(found, key=lambda finding: finding.level != "warning")


RISKS: tuple[_Risk, ...] = (
    _Risk(
        "warning",
        "weak_secret",
        "{source}",
        "The secret is made of few characters, or of words, and can be guessed.",
        "Make one with `flask tokenguard keygen --alg HS256 --out FILE`.",
        looks.weak_secrets,
    ),
    _Risk(
        "advice",
        "shared_secret",
        "TOKENGUARD_KEY",
        "All who verify tokens with a secret can make them too.",
        "Use a key pair if anybody else verifies: `flask tokenguard keygen`.",
        looks.where(lambda parts: any(key.alg.startswith("HS") for key in parts.keys)),
    ),
    _Risk(
        "advice",
        "short_rsa_key",
        "TOKENGUARD_KEY",
        "RSA keys under 3072 bits are not for data that must stay safe beyond 2030.",
        "Change to ES256 or a longer key, and list the old one in TOKENGUARD_KEYS as verify-only"
        " until its tokens have expired.",
        looks.where(lambda parts: any(looks.rsa_bits(key) < 3072 for key in parts.keys)),
    ),
    _Risk(
        "advice",
        "alg_of_few_readers",
        "TOKENGUARD_KEY",
        "The key that signs is for {alg}, which is not read by {lacking}.",
        f"Change to {DEFAULT_ALG} where others read your tokens, and list the old key in"
        " TOKENGUARD_KEYS as verify-only until its tokens have expired; in a key ring, run"
        f" `flask tokenguard rotate --alg {DEFAULT_ALG}` twice.",
        looks.readers_lacking,
    ),
    _Risk(
        "warning",
        "readable_file",
        "{source}",
        "Other users of this machine can read it.",
        "Take their rights away: chmod go= {file}",
        looks.open_files,
    ),
    _Risk(
        "warning",
        "idle_key",
        "TOKENGUARD_KEYRING",
        "A key still verifies, although every token that it signed has expired.",
        "Run `flask tokenguard prune`.",
        looks.where(looks.keeps_a_key_for_nothing),
    ),
    _Risk(
        "warning",
        "no_next_key",
        "TOKENGUARD_KEYRING",
        "There is no next key, so that the next rotation cannot take effect at once.",
        "Run `flask tokenguard rotate`, which makes one.",
        looks.where(looks.has_no_next_key),
    ),
    _Risk(
        "advice",
        "encryption_not_required",
        "TOKENGUARD_ENCRYPTION",
        "Tokens that are only signed are accepted too.",
        "Set required to true once the old tokens have expired.",
        looks.where(lambda parts: parts.encryption is not None and not parts.encryption.required),
    ),
    _Risk(
        "advice",
        "short_nonces",
        "TOKENGUARD_ENCRYPTION",
        "One key for every token and random nonces of 96 bits allow 2**32 tokens.",
        "Use A256KW, or dir with A256CBC-HS512.",
        looks.where(looks.has_short_nonces),
    ),
    _Risk(
        "advice",
        "one_secret_for_both",
        "TOKENGUARD_ENCRYPTION",
        "One secret both signs and encrypts.",
        "Give encryption a key of its own.",
        looks.where(looks.signs_and_encrypts_with_one_secret),
    ),
    _Risk(
        "warning",
        "accepts_in_outage",
        "TOKENGUARD_STORAGE_OUTAGE",
        "While the store is away, revoked access tokens are accepted.",
        "Set refuse, unless an outage is worse for you than a revoked token.",
        looks.where(lambda parts: parts.settings.storage_outage == "accept"),
    ),
    _Risk(
        "advice",
        "revocation_delay",
        "TOKENGUARD_REVOCATION_DELAY",
        "A token that another process revoked is accepted for at most {seconds} seconds more, also"
        " while the store is away.",
        "Set 0 where the next request must be refused.",
        looks.revocation_delay,
    ),
    _Risk(
        "advice",
        "idle_revocation_delay",
        "TOKENGUARD_REVOCATION_DELAY",
        "It has no effect without a store and the token cache.",
        "Set TOKENGUARD_STORAGE_URI and TOKENGUARD_CACHE_SIZE, or leave it out.",
        looks.where(looks.has_idle_delay),
    ),
    _Risk(
        "warning",
        "store_at_risk",
        "TOKENGUARD_STORAGE_URI",
        "{risk}",
        "Name a store that keeps what it is given: sqlite:///tokenguard.db, or a Redis or Valkey in"
        " reach with noeviction, appendonly yes and appendfsync always.",
        looks.risks_of_the_store,
    ),
    _Risk(
        "advice",
        "rotation_off",
        "TOKENGUARD_REFRESH_ROTATION",
        "Nobody notices that a refresh token was stolen: it works until its session ends. RFC 9700"
        " section 4.14.2 asks rotation or sender constraint of public clients.",
        'Set "on" once your clients keep the refresh token that each refresh returns.',
        looks.where(lambda parts: not parts.settings.rotates_refresh_tokens),
    ),
    _Risk(
        "advice",
        "short_grace",
        "TOKENGUARD_REFRESH_GRACE",
        "A refresh whose answer from the store gets lost is tried again after the grace, which ends"
        " the session.",
        "Set more than twice TOKENGUARD_STORAGE_TIMEOUT and at least 2 seconds, or 0.",
        looks.where(looks.has_short_grace),
    ),
    _Risk(
        "warning",
        "refresh_without_store",
        "TOKENGUARD_STORAGE_URI",
        "These demand a refresh token, and answer 500 without a store: {endpoints}.",
        "Name a store: sqlite:///tokenguard.db for one machine, a Redis or Valkey for several.",
        looks.rotating_routes_without_a_store,
    ),
    _Risk(
        "warning",
        "issuer_without_keys",
        "TOKENGUARD_ISSUERS[{issuer}]",
        "{fault}.",
        "Compare the entry with what `curl -i {url}` prints on this machine.",
        looks.issuers_without_keys,
    ),
    _Risk(
        "warning",
        "issuer_any_audience",
        "TOKENGUARD_ISSUERS[{issuer}]",
        "Tokens that this issuer gave for any other service are accepted.",
        "Name the audience that its tokens have for you.",
        looks.issuers_for_any_audience,
    ),
    _Risk(
        "advice",
        "issuer_untyped_tokens",
        "TOKENGUARD_ISSUERS[{issuer}]",
        "An access token has no type of its own: an ID token may have the same.",
        "Let the issuer write at+jwt (RFC 9068) if it can; else name claims that its access tokens"
        " alone have in requires, and those of its ID tokens in forbids.",
        looks.issuers_of_untyped_tokens,
    ),
    _Risk(
        "warning",
        "issuers_differ_by_slash",
        "TOKENGUARD_ISSUERS",
        "{one} and {other} differ by a slash at the end, and are two issuers.",
        "Leave the one that no token has as its iss; `flask tokenguard inspect` shows it.",
        looks.issuers_that_differ_by_a_slash,
    ),
    _Risk(
        "advice",
        "foreign_ends_forgotten",
        "TOKENGUARD_ISSUERS",
        "The end of a subject is remembered for {days} days; a token of another issuer that lives"
        " longer is accepted again after that.",
        "Let other issuers write shorter lifetimes.",
        looks.ends_of_foreign_subjects,
    ),
    _Risk(
        "warning",
        "weak_former_key",
        "TOKENGUARD_FORMER_TOKENS",
        "The key of the old tokens {fault}: who finds it out makes tokens that pass here.",
        "Name an early day as until; new tokens are signed with another key.",
        former.weak_former_keys,
    ),
    _Risk(
        "warning",
        "former_import_missing",
        "TOKENGUARD_FORMER_TOKENS",
        "The old tokens are refused: what was revoked before is not known to the store.",
        "Run `flask tokenguard import-revoked FILE`; an empty file counts.",
        looks.where(former.lacks_import),
    ),
    _Risk(
        "warning",
        "former_revocation_unknown",
        "TOKENGUARD_FORMER_TOKENS",
        "Old tokens that were revoked are accepted: there is no store, and nobody is asked.",
        "Set TOKENGUARD_STORAGE_URI and import them, or register @guard.former_token_revoked.",
        looks.where(former.knows_nothing_revoked),
    ),
    _Risk(
        "advice",
        "former_tokens_accepted",
        "TOKENGUARD_FORMER_TOKENS",
        "Tokens of another program are accepted until {day}.",
        "Take it out after that day.",
        former.ends_of_former_tokens,
    ),
    _Risk(
        "warning",
        "former_tokens_over",
        "TOKENGUARD_FORMER_TOKENS",
        "Its day has come: the old tokens are refused.",
        "Take it out.",
        looks.where(former.has_refused_former_tokens),
    ),
    _Risk(
        "warning",
        "plain_http",
        "TOKENGUARD_ALLOW_INSECURE_HTTP",
        "Keys may come over plain http, which nothing protects on its way, from: {hosts}.",
        "Leave it out where others are served.",
        looks.plain_http,
    ),
    _Risk(
        "advice",
        "shared_key_unnamed",
        "TOKENGUARD_ISSUER, TOKENGUARD_AUDIENCE",
        "Two services that share a key take each other's tokens.",
        "Set both.",
        looks.where(looks.is_one_of_many),
    ),
    _Risk(
        "warning",
        "long_access_lifetime",
        "TOKENGUARD_ACCESS_TOKEN_LIFETIME",
        "A stolen token works for more than an hour.",
        "Set 15 minutes.",
        looks.where(lambda parts: parts.settings.access_token_lifetime > timedelta(hours=1)),
    ),
    _Risk(
        "advice",
        "long_leeway",
        "TOKENGUARD_LEEWAY",
        "Expired tokens work for more than a minute longer.",
        "Synchronize the clocks and set 0.",
        looks.where(lambda parts: parts.settings.leeway > timedelta(minutes=1)),
    ),
    _Risk(
        "warning",
        "every_type",
        "TOKENGUARD_TYPES",
        "Every kind of token may have JWT or no type, also those that are no access tokens.",
        "Leave only at+jwt when the old tokens have expired.",
        looks.where(looks.takes_every_type),
    ),
    _Risk(
        "advice",
        "claims_not_required",
        "TOKENGUARD_REQUIRED_CLAIMS",
        "Tokens without {claims} are accepted; none of them can be revoked.",
        "Leave it out once all that sign write iat, sub and jti.",
        looks.claims_not_required,
    ),
    _Risk(
        "warning",
        "token_in_url",
        "TOKENGUARD_TOKEN_LOCATIONS",
        "Tokens in URLs end in logs, histories and Referer headers.",
        "Take query out.",
        looks.where(looks.takes_tokens_in_urls),
    ),
    _Risk(
        "advice",
        "view_takes_token_in_url",
        "locations=",
        "These take tokens in URLs, which end in logs, histories and Referer headers: {endpoints}.",
        "Let tokens for them live for a minute or less.",
        looks.routes_with_tokens_in_urls,
    ),
    _Risk(
        "warning",
        "insecure_cookies",
        "TOKENGUARD_COOKIE_INSECURE",
        "Cookies with tokens go over plain http, which nothing protects on its way.",
        "Leave it out where others are served.",
        looks.where(lambda parts: parts.settings.cookie_insecure),
    ),
    _Risk(
        "advice",
        "cookies_of_other_hosts",
        "TOKENGUARD_COOKIE_ACCESS_NAME",
        "Another host of the site can set a cookie beside these: {names}.",
        "Begin their names with __Host-, with path / and without a domain.",
        looks.cookies_of_other_hosts,
    ),
    _Risk(
        "warning",
        "plain_http_origins",
        "TOKENGUARD_TRUSTED_ORIGINS",
        "Over plain http anybody on the way can send requests with cookies as: {origins}.",
        "Serve them over https.",
        looks.plain_http_origins,
    ),
    _Risk(
        "warning",
        "missing_login_view",
        "TOKENGUARD_LOGIN_VIEW",
        "Nobody is sent to the login: {endpoint} is no endpoint of the app.",
        "Write it as `flask routes` lists it: a blueprint's name comes before a dot.",
        looks.missing_login_view,
    ),
    _Risk(
        "warning",
        "open_by_omission",
        "TOKENGUARD_PROTECT",
        "These are open, and nothing marks them as public: {endpoints}.",
        'Mark them @public and set "all", or guard them.',
        looks.open_routes,
    ),
    _Risk(
        "warning",
        "hidden_guard",
        "{endpoint}",
        "A decorator hides its guard: what stands above, such as a cache, answers without a token.",
        "Write @functools.wraps(view) in the decorator, or put @token_required above it.",
        looks.hidden_guards,
    ),
    _Risk(
        "warning",
        "idle_public_endpoint",
        "TOKENGUARD_PUBLIC_ENDPOINTS",
        "No endpoint matches {endpoint}.",
        "Write it as `flask routes` lists it: a blueprint's name comes before a dot.",
        looks.idle_public_endpoints,
    ),
    _Risk(
        "advice",
        "public_endpoints",
        "TOKENGUARD_PUBLIC_ENDPOINTS",
        "These need no token: {endpoints}.",
        "Leave out what is not for everybody.",
        looks.public_endpoints,
    ),
    _Risk(
        "advice",
        "left_over_setting",
        "{setting}",
        "It is left over from flask-jwt-extended, and nothing reads it.",
        "Take it out. In its place: {ours}.",
        looks.settings_of_others,
    ),
    _Risk(
        "advice",
        "generated_realm",
        "TOKENGUARD_REALM",
        "The app's name, {name}, is one that a server made up, so that challenges have the realm"
        " {realm}.",
        "Set a name that your clients know.",
        looks.generated_realm,
    ),
    _Risk(
        "warning",
        "testing",
        "TESTING",
        "Errors are raised instead of answered.",
        "Switch it off.",
        looks.where(lambda parts: parts.app.testing),
    ),
    _Risk(
        "warning",
        "debug",
        "DEBUG",
        "The debugger runs code for everybody who reaches it.",
        "Switch it off.",
        looks.where(lambda parts: parts.app.debug),
    ),
)
