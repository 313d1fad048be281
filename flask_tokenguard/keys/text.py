"""From one text to the keys in it: PEM, JWK, JWKS or a secret (RFC 7468, RFC 7517).

Text that starts with `-----BEGIN` is PEM, with `{` a JWK or JWKS, anything else is a secret: its
UTF-8 bytes. No message quotes any of it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509 import load_pem_x509_certificate

from ..jose import material, strict_json
from ..jose.jwk import Key, KeyOptions, said_of
from ..jose.material import Material

_PEM_LABEL = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_PUBLIC_LABELS = ("PUBLIC KEY", "RSA PUBLIC KEY")
_PRIVATE_LABELS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY")


def read_keys(
    text: str | Mapping[str, Any], *, password: str | None = None, **options: Unpack[KeyOptions]
) -> list[Key]:
    """Read every signature key of a text; the arguments are those of `read_material`."""
    return [Key(key, **said) for key, said in read_material(text, password=password, **options)]


def read_material(
    text: str | Mapping[str, Any], *, password: str | None = None, **options: Unpack[KeyOptions]
) -> list[tuple[Material, KeyOptions]]:
    """Read every key of a text, or of a JWK or JWKS that is parsed already.

    Args:
        text: The key material.
        password: Opens an encrypted PEM; refused for anything else.
        options: Bind the key where the text leaves it open.

    Returns:
        Each key, with what is said of it.

    Raises:
        ValueError: The text holds no usable key; the message says why, after "the key".
    """
    if password == "":
        raise ValueError("has an empty password")
    if isinstance(text, str) and text.startswith("-----BEGIN"):
        return [(_read_pem(text, password), options)]
    if password is not None:
        raise ValueError("has a password, and is not an encrypted PEM")
    if isinstance(text, str) and not text.startswith("{"):
        return [(_utf8(text), options)]
    jwk = strict_json.parse_object(_utf8(text)) if isinstance(text, str) else text
    jwks = _keys_of(jwk) if "keys" in jwk else [jwk]
    return [(material.from_jwk(jwk), said_of(jwk, options)) for jwk in jwks]


def read_file(path: Path) -> str:
    """Read a text file without its one trailing newline.

    Raises:
        ValueError: It cannot be read, or is not text. The message does not tell its name, which
            could be a secret in the wrong place.
    """
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        raise ValueError("file is not text; write a secret's octets as a JWK") from None
    except OSError as error:
        raise ValueError(
            f"file cannot be read: {error.strerror}; a relative name starts in {Path.cwd()}"
        ) from None
    return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")


def _keys_of(jwks: Mapping[str, Any]) -> list[dict[str, Any]]:
    members = jwks["keys"]
    if not isinstance(members, list) or not all(isinstance(jwk, dict) for jwk in members):
        raise ValueError("is a JWKS whose keys are not a list of objects")
    if not members:
        raise ValueError("is a JWKS without a key")
    if len({jwk.get("kty") == "oct" for jwk in members}) > 1:
        raise ValueError("is a JWKS that mixes secrets with key pairs; configure them one by one")
    return members


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # The codec's own words quote a character.
        raise ValueError("is not Unicode text") from None


def _read_pem(text: str, password: str | None) -> Any:
    # `openssl ecparam -genkey` writes the curve in a block of its own before the key.
    labels = [label for label in _PEM_LABEL.findall(text) if label != "EC PARAMETERS"]
    if len(labels) != 1:
        raise ValueError(f"is PEM with {len(labels)} blocks in it; give one")
    label, octets = labels[0], _utf8(text)
    if label not in (*_PRIVATE_LABELS, *_PUBLIC_LABELS, "CERTIFICATE"):
        raise ValueError(f"is PEM of the kind {label!r}, which is not supported")
    if password is not None and label not in _PRIVATE_LABELS:
        raise ValueError("has a password, and is not an encrypted PEM")
    try:
        if label == "CERTIFICATE":
            return load_pem_x509_certificate(octets).public_key()
        if label in _PUBLIC_LABELS:
            return load_pem_public_key(octets)
        return load_pem_private_key(octets, None if password is None else _utf8(password))
    except TypeError:
        wrong = "is encrypted" if password is None else "is not encrypted"
        given = "none" if password is None else "a password"
        raise ValueError(f"{wrong}, and has {given}; see TOKENGUARD_KEY_PASSWORD") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("is PEM that cannot be read; is the password right?") from None
