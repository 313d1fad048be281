"""Keys: risks of our own keys, of their files, and of the ring."""

import shlex

from ...arguments.files import NamedFile
from ...clock import wall_clock
from ...jose.jwk import Key
from ...keys.entries import KeyEntry
from ...keys.ring_files import RingEntry, read_index
from ...keys.text import is_pem, text_of
from ...web.parts import Parts
from ..readers import DEFAULT_ALG, readers_without
from .risk import Places, Risk, where
from .secrets import is_weak

_READABLE_BY_OTHERS = 0o077


def weak_secrets(parts: Parts) -> Places:
    """List the secrets that can be guessed."""
    return [{"source": entry.source} for entry in _entries(parts) if is_weak(text_of(entry))]


def readers_lacking(parts: Parts) -> Places:
    """Return which programs lack the algorithm of the key that signs."""
    signing = parts.keys.signing
    lacking = None if signing is None else readers_without(signing.alg)
    return [] if signing is None or lacking is None else [{"alg": signing.alg, "lacking": lacking}]


def rsa_bits(key: Key) -> int:
    """Return the length of an RSA key; that of a long one for any other."""
    jwk = key.public_jwk() or {}
    return len(jwk["n"]) * 6 if "n" in jwk else 3072


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
        if file is not None and file.path.stat().st_mode & _READABLE_BY_OTHERS
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


def _entries(parts: Parts) -> list[KeyEntry]:
    entry = parts.settings.encryption
    own = [] if entry is None or entry.key is None else [entry.key]
    return [*parts.settings.key_entries(), *own]


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


RISKS: tuple[Risk, ...] = (
    Risk(
        "warning",
        "weak_secret",
        "{source}",
        "The secret is made of few characters, or of words, and can be guessed.",
        "Make one with `flask tokenguard keygen --alg HS256 --out FILE`.",
        weak_secrets,
    ),
    Risk(
        "advice",
        "shared_secret",
        "TOKENGUARD_KEY",
        "All who verify tokens with a secret can make them too.",
        "Use a key pair if anybody else verifies: `flask tokenguard keygen`.",
        where(lambda parts: any(key.alg.startswith("HS") for key in parts.keys)),
    ),
    Risk(
        "advice",
        "short_rsa_key",
        "TOKENGUARD_KEY",
        "RSA keys under 3072 bits are not for data that must stay safe beyond 2030.",
        "Change to ES256 or a longer key, and list the old one in TOKENGUARD_KEYS as verify-only"
        " until its tokens have expired.",
        where(lambda parts: any(rsa_bits(key) < 3072 for key in parts.keys)),
    ),
    Risk(
        "advice",
        "alg_of_few_readers",
        "TOKENGUARD_KEY",
        "The key that signs is for {alg}, which is not read by {lacking}.",
        f"Change to {DEFAULT_ALG} where others read your tokens, and list the old key in"
        " TOKENGUARD_KEYS as verify-only until its tokens have expired; in a key ring, run"
        f" `flask tokenguard rotate --alg {DEFAULT_ALG}` twice.",
        readers_lacking,
    ),
    Risk(
        "warning",
        "readable_file",
        "{source}",
        "Other users of this machine can read it.",
        "Take their rights away: chmod go= {file}",
        open_files,
    ),
    Risk(
        "warning",
        "idle_key",
        "TOKENGUARD_KEYRING",
        "A key still verifies, although every token that it signed has expired.",
        "Run `flask tokenguard prune`.",
        where(keeps_a_key_for_nothing),
    ),
    Risk(
        "warning",
        "no_next_key",
        "TOKENGUARD_KEYRING",
        "There is no next key, so that the next rotation cannot take effect at once.",
        "Run `flask tokenguard rotate`, which makes one.",
        where(has_no_next_key),
    ),
    Risk(
        "advice",
        "encryption_not_required",
        "TOKENGUARD_ENCRYPTION",
        "Tokens that are only signed are accepted too.",
        "Set required to true once the old tokens have expired.",
        where(lambda parts: parts.encryption is not None and not parts.encryption.required),
    ),
    Risk(
        "advice",
        "short_nonces",
        "TOKENGUARD_ENCRYPTION",
        "One key for every token and random nonces of 96 bits allow 2**32 tokens.",
        "Use A256KW, or dir with A256CBC-HS512.",
        where(has_short_nonces),
    ),
    Risk(
        "advice",
        "one_secret_for_both",
        "TOKENGUARD_ENCRYPTION",
        "One secret both signs and encrypts.",
        "Give encryption a key of its own.",
        where(signs_and_encrypts_with_one_secret),
    ),
)
