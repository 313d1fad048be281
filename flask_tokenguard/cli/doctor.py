"""What is risky in an app's configuration, why, and what to set instead."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import time
from typing import Literal, NamedTuple

from ..config.settings import OWN_CLAIMS
from ..errors import Unavailable
from ..jose.compact import media_type
from ..jose.jwk import Key
from ..keys.entries import KeyEntry, text_of
from ..keys.ring_files import read_index
from ..wiring.app import Parts
from .routes import routes_of

_READABLE_BY_OTHERS = 0o077
_FEWEST_DIFFERENT_CHARACTERS = 10
_WORDS_OF_EXAMPLES = ("secret", "password", "change", "example")


class Finding(NamedTuple):
    """One risk."""

    level: Literal["warning", "advice"]
    about: str
    why: str
    do: str


def examine(parts: Parts) -> list[Finding]:
    """Look for every risk that we know; warnings come first."""
    found = [finding for look in _LOOKS for finding in look(parts)]
    return sorted(found, key=lambda finding: finding.level != "warning")


def _look_at_keys(parts: Parts) -> Iterator[Finding]:
    for entry in _entries(parts):
        if not _is_weak(text_of(entry)):
            continue
        yield Finding(
            "warning",
            entry.source,
            "The secret is made of few characters, or of words, and can be guessed.",
            "Make one with `flask tokenguard keygen --alg HS256 --out FILE`.",
        )
    if any(key.alg.startswith("HS") for key in parts.keys):
        yield Finding(
            "advice",
            "TOKENGUARD_KEY",
            "Whoever verifies tokens with a secret can make them too.",
            "Use a key pair if anybody else verifies: `flask tokenguard keygen`.",
        )
    if any(_rsa_bits(key) < 3072 for key in parts.keys):
        yield Finding(
            "advice",
            "TOKENGUARD_KEY",
            "RSA keys under 3072 bits are not for data that must stay safe beyond 2030.",
            "Change to EdDSA or a longer key; docs/changing.md tells how.",
        )


def _look_at_files(parts: Parts) -> Iterator[Finding]:
    settings = parts.settings
    files = [(entry.source, entry.file) for entry in _entries(parts)]
    files += [("TOKENGUARD_KEY_PASSWORD_FILE", settings.key_password_file)]
    files += [
        (entry.source, entry.password_file)
        for entry in _entries(parts)
        if entry.password_file != settings.key_password_file
    ]
    files += [("TOKENGUARD_KEYRING", settings.keyring)]
    is_secret = parts.encryption is not None or any(key.is_private for key in parts.keys)
    for about, name in dict.fromkeys(files):
        if is_secret and name is not None and Path(name).stat().st_mode & _READABLE_BY_OTHERS:
            yield Finding(
                "warning",
                about,
                "Other users of this machine can read it.",
                f"Take their rights away: chmod go= {name}",
            )


def _look_at_ring(parts: Parts) -> Iterator[Finding]:
    if parts.settings.keyring is None:
        return
    entries = read_index(Path(parts.settings.keyring))
    longest = parts.longest_lifetime.total_seconds()
    if any(entry.retired is not None and entry.retired + longest <= time() for entry in entries):
        yield Finding(
            "warning",
            "TOKENGUARD_KEYRING",
            "A key still verifies, although every token that it signed has expired.",
            "Run `flask tokenguard prune`.",
        )
    if all(entry.state != "next" for entry in entries):
        yield Finding(
            "warning",
            "TOKENGUARD_KEYRING",
            "There is no next key, so that the next rotation cannot take effect at once.",
            "Run `flask tokenguard rotate`, which makes one.",
        )


def _look_at_encryption(parts: Parts) -> Iterator[Finding]:
    if parts.encryption is None:
        return
    key = parts.encryption.encrypting
    if not parts.encryption.required:
        yield Finding(
            "advice",
            "TOKENGUARD_ENCRYPTION",
            "Tokens that are only signed are accepted too.",
            "Set required to true once the old tokens have expired.",
        )
    if key.alg == "dir" and key.enc.endswith("GCM"):
        yield Finding(
            "advice",
            "TOKENGUARD_ENCRYPTION",
            "One key for every token and random nonces of 96 bits allow 2**32 tokens.",
            "Use A256KW, or dir with A256CBC-HS512.",
        )
    texts = [text_of(entry) for entry in _entries(parts)]
    is_repeated = any(text in texts[:index] for index, text in enumerate(texts))
    if is_repeated or any(own.kid is not None and own.kid == key.kid for own in parts.keys):
        yield Finding(
            "advice",
            "TOKENGUARD_ENCRYPTION",
            "One secret both signs and encrypts.",
            "Give encryption a key of its own.",
        )


def _look_at_store(parts: Parts) -> Iterator[Finding]:
    if parts.settings.storage_outage == "accept":
        yield Finding(
            "warning",
            "TOKENGUARD_STORAGE_OUTAGE",
            "While the store is away, revoked access tokens are accepted.",
            "Set refuse, unless an outage is worse for you than a revoked token.",
        )
    try:
        risks = () if parts.store is None else parts.store.risks()
    except Unavailable:
        risks = ("It cannot be reached.",)
    for risk in risks:
        yield Finding("warning", "TOKENGUARD_STORAGE_URI", risk, "docs/sessions.md tells how.")


def _look_at_issuers(parts: Parts) -> Iterator[Finding]:
    for issuer, entry in (parts.settings.issuers or {}).items():
        about = f"TOKENGUARD_ISSUERS[{issuer!r}]"
        if entry.audience is None:
            yield Finding(
                "warning",
                about,
                "Tokens that this issuer gave for any other service are accepted.",
                "Name the audience that its tokens have for you.",
            )
        if not entry.profile.types <= {"at+jwt"}:
            yield Finding(
                "advice",
                about,
                "An access token's type is not told from an ID token's.",
                "Let the issuer write at+jwt (RFC 9068) if it can; docs/issuers.md tells.",
            )
    if parts.settings.allow_insecure_http:
        yield Finding(
            "warning",
            "TOKENGUARD_ALLOW_INSECURE_HTTP",
            "Keys may come over plain http from this machine.",
            "Leave it out where others are served.",
        )


def _look_at_claims(parts: Parts) -> Iterator[Finding]:
    settings = parts.settings
    is_issuer = parts.keys.signing is not None
    if is_issuer and (settings.issuer is None or not settings.audience):
        yield Finding(
            "advice",
            "TOKENGUARD_ISSUER, TOKENGUARD_AUDIENCE",
            "Two services that share a key take each other's tokens.",
            "Set both.",
        )
    if settings.access_token_lifetime > timedelta(hours=1):
        yield Finding(
            "warning",
            "TOKENGUARD_ACCESS_TOKEN_LIFETIME",
            "A stolen token works for more than an hour.",
            "Set 15 minutes.",
        )
    if settings.leeway > timedelta(minutes=1):
        yield Finding(
            "advice",
            "TOKENGUARD_LEEWAY",
            "Expired tokens work for more than a minute longer.",
            "Synchronize the clocks and set 0.",
        )


def _look_at_tokens_of_others(parts: Parts) -> Iterator[Finding]:
    settings = parts.settings
    if any(typ is None or media_type(typ) == "jwt" for typ in settings.types):
        yield Finding(
            "warning",
            "TOKENGUARD_TYPES",
            "Every kind of token may have JWT or no type, also those that are no access tokens.",
            "Leave only at+jwt when the old tokens have expired.",
        )
    lacking = [claim for claim in OWN_CLAIMS if claim not in settings.required_claims]
    if lacking:
        yield Finding(
            "advice",
            "TOKENGUARD_REQUIRED_CLAIMS",
            f"Tokens without {', '.join(lacking)} are accepted; none of them can be revoked.",
            "Leave it out once all that sign write iat, sub and jti.",
        )


def _look_at_requests(parts: Parts) -> Iterator[Finding]:
    if "query" in parts.settings.token_locations:
        yield Finding(
            "warning",
            "TOKENGUARD_TOKEN_LOCATIONS",
            "Tokens in URLs end in logs, histories and Referer headers.",
            "Take query out.",
        )
    open_routes = sorted({route.endpoint for route in routes_of(parts) if _is_open(route.demands)})
    if open_routes:
        yield Finding(
            "warning",
            "TOKENGUARD_PROTECT",
            f"Nobody said that these are open: {', '.join(open_routes)}.",
            'Mark them @public and set "all", or guard them.',
        )
    if parts.app.testing:
        yield Finding(
            "warning", "TESTING", "Errors are raised instead of answered.", "Switch it off."
        )
    if parts.app.debug:
        yield Finding(
            "warning", "DEBUG", "The debugger runs code for whoever reaches it.", "Switch it off."
        )


def _entries(parts: Parts) -> list[KeyEntry]:
    entry = parts.settings.encryption
    own = [] if entry is None or entry.key is None else [entry.key]
    return [*parts.settings.key_entries(), *own]


def _is_weak(text: object) -> bool:
    if not isinstance(text, str) or text.startswith(("-----BEGIN", "{")):
        return False
    is_placeholder = any(word in text.lower() for word in _WORDS_OF_EXAMPLES)
    return is_placeholder or len(set(text)) < _FEWEST_DIFFERENT_CHARACTERS


def _is_open(demands: str) -> bool:
    return demands == "nothing"


def _rsa_bits(key: Key) -> int:
    jwk = key.public_jwk() or {}
    return len(jwk["n"]) * 6 if "n" in jwk else 3072


_LOOKS: tuple[Callable[[Parts], Iterator[Finding]], ...] = (
    _look_at_keys,
    _look_at_files,
    _look_at_ring,
    _look_at_encryption,
    _look_at_store,
    _look_at_issuers,
    _look_at_claims,
    _look_at_tokens_of_others,
    _look_at_requests,
)
