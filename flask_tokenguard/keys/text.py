"""Key text: PEM, JWK, JWKS or a secret of an entry -> the keys in it (RFC 7468, RFC 7517).

Text that starts with `{` and a name is a JWK or JWKS, and any other with `-----BEGIN` in it PEM, so
that neither is ever a secret. Anything else is one, if it looks like nothing else: its UTF-8 bytes.
`pem` reads PEM; the other forms are read here. No message quotes any of the text.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from ..jose import material, strict_json
from ..jose.algorithms import ENCRYPTION_ALGORITHMS
from ..jose.jwk import Key
from ..jose.metadata import KeyOptions, merge_metadata
from .entries import KeyEntry, ReadKey
from .secret import AROUND, check_secret

if TYPE_CHECKING:
    from ..arguments.files import NamedFile
    from ..jose.material import Material

# A secret of any characters begins with a brace once in a hundred times.
_JSON_OBJECT = r"\{\s*(?:\}|\"[^\"]*\"\s*:)"
# What is JSON but for its quotes, or a list of JWKs.
_ALMOST_JWK = r"(?s)[{\[].*?\bkty[\"']?\s*:"


def read_entries(
    entries: Iterable[KeyEntry], *, algorithm: str | None, on_fault: Callable[[str], None]
) -> list[ReadKey]:
    """Read every key of the entries; a JWKS holds several.

    Args:
        entries: The keys as the config names them.
        algorithm: The default for keys that admit it and name no other.
        on_fault: Called with a sentence for each fault; its key is then left out.
    """
    read: list[ReadKey] = []
    for entry in entries:
        try:
            read += [
                ReadKey(entry, key, _with_use(metadata))
                for key, metadata in _read(entry, algorithm)
            ]
        except ValueError as error:
            on_fault(f"{entry.source}: the key {error}")
    return read


def refuse_encryption_keys(read: Iterable[ReadKey], *, on_fault: Callable[[str], None]) -> None:
    """Report keys for encryption, for an app that only signs."""
    for key in read:
        if key.metadata.get("use") == "enc":
            on_fault(f"{key.entry.source}: the key has the use 'enc'; see TOKENGUARD_ENCRYPTION")


def text_of(entry: KeyEntry) -> str | Mapping[str, Any]:
    """Read the material of an entry from its value, file or environment variable.

    Raises:
        ValueError: The file or variable is not there; the message follows "the key".
    """
    if entry.file is not None:
        return _read_named(entry.file, "file")
    if entry.env is not None:
        if entry.env not in os.environ:
            raise ValueError("is in an environment variable that is not set")
        return os.environ[entry.env]
    return "" if entry.value is None else entry.value


def read_keys(
    text: str | Mapping[str, Any], *, password: str | None = None, **options: Unpack[KeyOptions]
) -> list[Key]:
    """Read every signature key of a text; the arguments are those of `read_material`."""
    return [
        Key(key, **metadata) for key, metadata in read_material(text, password=password, **options)
    ]


def read_material(
    text: str | Mapping[str, Any], *, password: str | None = None, **options: Unpack[KeyOptions]
) -> "list[tuple[Material, KeyOptions]]":
    """Read every key of a text, or of a JWK or JWKS that is parsed already.

    Args:
        text: The key material.
        password: Opens an encrypted PEM; refused for anything else.
        options: Metadata that the text leaves open.

    Returns:
        Each key, with its metadata.

    Raises:
        ValueError: The text holds no usable key; the message follows "the key".
    """
    if password == "":
        raise ValueError("has an empty password")
    if isinstance(text, str) and is_pem(text):
        from .pem import read_pem  # noqa: PLC0415 - imported when used

        utf8(text)
        key, admitted = read_pem(text, password)
        return [(key, options if admitted is None else {**options, "admitted": admitted})]
    if password is not None:
        raise ValueError("has a password, and is not an encrypted PEM; leave the password out")
    jwk = parse_jwk(text)
    if jwk is None:
        return [(_read_secret(str(text)), options)]
    jwks = _keys_of(jwk) if "keys" in jwk else [jwk]
    return [
        _read_member(jwk, options, f"keys[{place}]" if len(jwks) > 1 else "")
        for place, jwk in enumerate(jwks)
    ]


def is_pem(text: str) -> bool:
    """Return whether a text is read as PEM, which may stand after remarks."""
    return "-----BEGIN" in text and not _is_json(text)


def _is_json(text: str) -> bool:
    bare = text.removeprefix("\ufeff").lstrip()
    return bare.startswith(("{", "[")) and any(
        re.match(look, bare) for look in (_JSON_OBJECT, _ALMOST_JWK)
    )


def _read_secret(text: str) -> bytes:
    secret = utf8(text)
    try:
        check_secret(secret, is_text=True)
    except ValueError as error:
        from .conversions import explain_text  # noqa: PLC0415 - imported when used

        raise ValueError(explain_text(text.strip(AROUND)) or str(error)) from None
    return secret


def parse_jwk(text: str | Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Parse a JWK or JWKS; None for what is neither.

    Raises:
        ValueError: It is JSON that cannot be read; the message follows "the key".
    """
    if not isinstance(text, str):
        return text
    if not _is_json(text):
        return None
    text = text.removeprefix("\ufeff")
    octets = utf8(text)
    try:
        return strict_json.parse_object(octets)
    except ValueError as error:
        from .conversions import explain_json  # noqa: PLC0415 - imported when used

        raise ValueError(explain_json(text, error)) from None


def read_file(path: Path) -> str:
    """Read a text file without its one trailing newline.

    Raises:
        ValueError: It cannot be read, or is not text. The message follows its name, which could be
            a secret in the wrong place.
    """
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        from .conversions import explain_octets  # noqa: PLC0415 - imported when used

        raise ValueError(explain_octets(octets)) from None
    return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")


def _read(entry: KeyEntry, algorithm: str | None) -> "list[tuple[Material, KeyOptions]]":
    password = entry.password
    if entry.password_file is not None:
        password = _read_named(entry.password_file, "has a password file that")
    return read_material(
        text_of(entry),
        password=password,
        alg=entry.alg,
        preferred_alg=algorithm,
        kid=entry.kid,
        use=entry.use,
    )


def _read_named(file: "NamedFile", subject: str) -> str:
    try:
        return read_file(file.find())
    except ValueError as error:
        raise ValueError(f"{subject} {error}") from None


def _with_use(metadata: KeyOptions) -> KeyOptions:
    """Return the metadata with the use that its algorithm implies, where it names no use."""
    if metadata.get("use") is None and metadata.get("alg") in ENCRYPTION_ALGORITHMS:
        return {**metadata, "use": "enc"}
    return metadata


def read_jwk(jwk: Mapping[str, Any], options: KeyOptions) -> "tuple[Material, KeyOptions]":
    """Read one JWK, with the metadata that it leaves open.

    Raises:
        ValueError: It cannot be used; the message follows "the key".
    """
    _check_kty(jwk)
    key = material.from_jwk(jwk)
    if isinstance(key, bytes):
        check_secret(key, is_text=False)
    return key, merge_metadata(jwk, options)


def _read_member(
    jwk: Mapping[str, Any], options: KeyOptions, place: str
) -> "tuple[Material, KeyOptions]":
    try:
        return read_jwk(jwk, options)
    except ValueError as error:
        raise ValueError(f"is a JWKS, of which {place} {error}" if place else str(error)) from None


def _check_kty(jwk: Mapping[str, Any]) -> None:
    if "kty" not in jwk:
        from .conversions import explain_no_jwk  # noqa: PLC0415 - imported when used

        raise ValueError(explain_no_jwk(jwk))


def _keys_of(jwks: Mapping[str, Any]) -> list[dict[str, Any]]:
    members = jwks["keys"]
    if not isinstance(members, list) or not all(isinstance(jwk, dict) for jwk in members):
        raise ValueError("is a JWKS whose keys are not a list of objects")
    if not members:
        raise ValueError("is a JWKS without a key")
    if len({jwk.get("kty") == "oct" for jwk in members}) > 1:
        raise ValueError("is a JWKS that mixes secrets with key pairs; configure them one by one")
    return members


def utf8(text: str) -> bytes:
    """Encode a text.

    Raises:
        ValueError: It has lone surrogates.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        # The codec's own words quote a character.
        raise ValueError("is not Unicode text") from None
