"""Encryption keys: those that decrypt, and the one among them that encrypts (RFC 7516)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import ConfigurationError
from ..jose import material
from ..jose.jwe import EncryptionKey
from ..jose.jwk import KeySet
from .entries import KeyEntry, ReadKey
from .text import read_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionEntry:
    """The value of `TOKENGUARD_ENCRYPTION`.

    Attributes:
        key: A key of its own, or None.
        kid: The name of one of the other configured keys, or None.
        alg, enc: Bind the key where its material leaves it open.
        required: Whether a token that is only signed is refused.
    """

    key: KeyEntry | None
    kid: str | None
    alg: str | None
    enc: str | None
    required: bool


@dataclass(frozen=True, slots=True)
class ConfiguredEncryption:
    """Every key that decrypts, and the one that encrypts."""

    decrypting: KeySet[EncryptionKey]
    encrypting: EncryptionKey
    required: bool


def choose_encryption(
    entry: EncryptionEntry, read: Iterable[ReadKey], *, on_fault: Callable[[str], None]
) -> ConfiguredEncryption | None:
    """Bind the encryption keys to their algorithms, and choose the one that encrypts.

    Args:
        entry: The setting.
        read: The other keys of the config; those with the use `enc` decrypt too, and the one that
            the setting's `kid` names may serve both uses.
        on_fault: Called with a sentence for each fault; the result is then not to be used.
    """
    others = [key for key in read if key.metadata.get("use") == "enc"]
    if entry.key is not None:
        named = read_entries([entry.key], algorithm=None, on_fault=on_fault)
        if not named:
            return None
    else:
        named = [key for key in read if _kid_of(key) == entry.kid]
        others = [key for key in others if key not in named]
    if len(named) != 1:
        on_fault(f"TOKENGUARD_ENCRYPTION names {len(named)} keys; it must name one")
        return None
    keys = _bind_all(named[0], others, entry, on_fault)
    if len(keys) != 1 + len(others):
        return None
    try:
        decrypting = KeySet(key for key in keys if key.is_private)
    except ValueError as error:
        on_fault(f"TOKENGUARD_ENCRYPTION: the key set {error}")
        return None
    return ConfiguredEncryption(decrypting, keys[0], entry.required)


def _bind_all(
    named: ReadKey, others: list[ReadKey], entry: EncryptionEntry, on_fault: Callable[[str], None]
) -> list[EncryptionKey]:
    keys = []
    for key in (named, *others):
        try:
            keys.append(_bind(key, entry, is_named=key is named))
        except ValueError as error:
            on_fault(f"{key.entry.source}: the key {error}")
        except ConfigurationError as error:
            on_fault(str(error))
            break
    return keys


def _bind(key: ReadKey, entry: EncryptionEntry, *, is_named: bool) -> EncryptionKey:
    metadata = key.metadata
    if metadata.get("use") == "sig":
        raise ValueError("has the use 'sig'")
    if metadata.get("admitted") is not None:
        raise ValueError(
            "is an RSA-PSS key, which only signs; `flask tokenguard keygen --alg RSA-OAEP-256 --out"
            " FILE` makes one that encrypts"
        )
    # The alg of a key that serves both uses is its signature algorithm.
    own_alg = metadata.get("alg") if metadata.get("use") == "enc" else None
    named_alg = entry.alg if is_named else None
    if None not in (own_alg, named_alg) and own_alg != named_alg:
        raise ValueError(f"has the alg {own_alg!r}, and {named_alg!r} beside it")
    return EncryptionKey(
        key.material,
        alg=own_alg or named_alg,
        # An old key decrypts what was encrypted in the same way, unless its entry has another enc.
        enc=key.entry.enc or entry.enc,
        kid=metadata.get("kid"),
        key_ops=metadata.get("key_ops"),
    )


def _kid_of(key: ReadKey) -> str | None:
    kid = key.metadata.get("kid")
    if kid is None and not isinstance(key.material, bytes):
        return material.thumbprint(material.public_part(key.material))
    return kid
