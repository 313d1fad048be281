"""PEM: the octets of one block -> the key in it (RFC 7468).

`text` imports this when a text is PEM: `cryptography` loads 30 modules for it, in about 20 ms,
which an app with a secret or a JWK does without. No message quotes any of the text.
"""

import re
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509 import load_pem_x509_certificate

_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_PUBLIC_LABELS = ("PUBLIC KEY", "RSA PUBLIC KEY")
_PRIVATE_LABELS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY")


def read_pem(octets: bytes, password: str | None) -> Any:
    """Read the key of a PEM text with one block, or of a certificate.

    Args:
        octets: The PEM.
        password: Opens an encrypted key; refused for anything else.

    Raises:
        ValueError: There is no usable key; the message follows "the key".
    """
    # `openssl ecparam -genkey` writes the curve in a block of its own before the key.
    labels = [label for label in _LABEL.findall(octets) if label != b"EC PARAMETERS"]
    if len(labels) != 1:
        raise ValueError(f"is PEM with {len(labels)} blocks in it; give one")
    label = labels[0].decode()
    if label not in (*_PRIVATE_LABELS, *_PUBLIC_LABELS, "CERTIFICATE"):
        raise ValueError(f"is PEM of the kind {label!r}, which is not supported")
    if password is not None and label not in _PRIVATE_LABELS:
        raise ValueError("has a password, and is not an encrypted PEM")
    try:
        if label == "CERTIFICATE":
            return load_pem_x509_certificate(octets).public_key()
        if label in _PUBLIC_LABELS:
            return load_pem_public_key(octets)
        return load_pem_private_key(octets, None if password is None else password.encode())
    except TypeError:
        wrong = "is encrypted" if password is None else "is not encrypted"
        given = "none" if password is None else "a password"
        raise ValueError(f"{wrong}, and has {given}; see TOKENGUARD_KEY_PASSWORD") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("is PEM that cannot be read; is the password right?") from None
