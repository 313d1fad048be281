"""PEM: a text -> the key of its one block (RFC 7468).

`text` imports this when a text is PEM: `cryptography` loads 30 modules for it, in about 20 ms,
which an app with a secret or a JWK does without. What stands around the block is passed over, as
OpenSSL does: `Bag Attributes`, remarks, the text of a certificate. No message quotes any of it.
"""

import re
from base64 import b64decode
from typing import Any, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509 import load_pem_x509_certificate

from ..jose.akp import AkpPrivateKey
from ..jose.material import Material, kind_of
from . import ml_dsa, rsa_pss
from .conversions import explain_label
from .secret import AROUND

_LABEL = re.compile(r"-----BEGIN ([A-Z0-9][A-Z0-9 .-]*?)-----")
# As text that went through JSON, a shell or a .env file has them.
_ESCAPED_LINE_END = re.compile(r"\\+r(?:\\+n)?|\\+n")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_NOT_OPENED = "is PEM that cannot be read; is the password right?"
_PUBLIC_LABELS = ("PUBLIC KEY", "RSA PUBLIC KEY")
_PRIVATE_LABELS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")


class _Block(NamedTuple):
    """A block: its label, the octets in it, and all of it as a program would write it."""

    label: str
    octets: bytes
    pem: bytes


def read_pem(text: str, password: str | None) -> tuple[Material, tuple[str, ...] | None]:
    """Read the key of a PEM text with one block, or of a certificate.

    Args:
        text: The PEM.
        password: Opens an encrypted key; refused for anything else.

    Returns:
        The key, and the algorithms that an RSASSA-PSS key admits; None for another key.

    Raises:
        ValueError: There is no usable key; the message follows "the key".
    """
    block = _find_block(_ESCAPED_LINE_END.sub("\n", text))
    if password is not None and block.label not in _PRIVATE_LABELS:
        raise ValueError("has a password, and is not an encrypted PEM; leave the password out")
    try:
        key, admitted = _read(block, None if password is None else _encode(password))
    except TypeError:
        wrong = "is encrypted" if password is None else "is not encrypted"
        given = "none" if password is None else "a password"
        raise ValueError(f"{wrong}, and has {given}; see TOKENGUARD_KEY_PASSWORD") from None
    kind_of(key)
    return key, admitted


def _find_block(text: str) -> _Block:
    labels = _LABEL.findall(text)
    # `openssl ecparam -genkey` writes the curve in a block of its own before the key.
    labels = [label for label in labels if label != "EC PARAMETERS"] or labels[:1]
    if not labels:
        raise ValueError("is PEM whose BEGIN line is not whole; give all of it, with both lines")
    if len(labels) > 1:
        raise ValueError(
            f"is PEM with {len(labels)} blocks in it, where one is wanted; leave the others out, or"
            " give each an entry of its own in TOKENGUARD_KEYS (several of an issuer are a JWKS)"
        )
    label = labels[0]
    if label not in (*_PRIVATE_LABELS, *_PUBLIC_LABELS, *_CERTIFICATE_LABELS):
        raise ValueError(explain_label(label))
    _, _, rest = text.partition(f"-----BEGIN {label}-----")
    body, end, _ = rest.partition(f"-----END {label}-----")
    if not end:
        raise ValueError("is PEM without its END line; some of it is missing")
    return _block(label, body)


def _block(label: str, body: str) -> _Block:
    lines = [line.strip() for line in body.splitlines()]
    # An encrypted key of OpenSSL's old form has headers, and a blank line after them.
    headers = [line for line in lines if ":" in line]
    base64 = "".join("".join(line.split()) for line in lines if ":" not in line)
    octets = _decode(base64)
    if headers:
        headers.append("")
    framed = (f"-----BEGIN {label}-----", *headers, base64, f"-----END {label}-----\n")
    return _Block(label, octets, "\n".join(framed).encode())


def _decode(base64: str) -> bytes:
    if not _BASE64.fullmatch(base64) or len(base64) % 4:
        raise ValueError(
            "is PEM whose lines between BEGIN and END are not base64; some are missing or changed"
        )
    return b64decode(base64)


def _read(block: _Block, password: bytes | None) -> tuple[Any, tuple[str, ...] | None]:
    octets = block.octets
    try:
        if block.label in _CERTIFICATE_LABELS:
            certificate = load_pem_x509_certificate(block.pem)
            key: Any = certificate.public_key()
            octets = certificate.tbs_certificate_bytes
        elif block.label in _PUBLIC_LABELS:
            key = load_pem_public_key(block.pem)
        else:
            key = load_pem_private_key(block.pem, password)
    except (ValueError, UnsupportedAlgorithm) as error:
        return _read_otherwise(block, password, error), None
    if not isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return key, None
    if block.label in _CERTIFICATE_LABELS:
        return key, rsa_pss.algorithms_of_certificate(octets)
    if block.label == "PUBLIC KEY":
        return key, rsa_pss.algorithms_of_public(octets)
    if block.label in ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"):
        return key, rsa_pss.algorithms_of_private(octets, password)
    return key, None


def _read_otherwise(block: _Block, password: bytes | None, error: Exception) -> AkpPrivateKey:
    """Read what `cryptography` refuses, or explain why it does."""
    if block.label not in _PRIVATE_LABELS:
        ml_dsa.check_usable(block.octets)
    key = None
    if block.label in ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"):
        key = ml_dsa.read_private(block.octets, password if block.label[0] == "E" else None)
    if key is None:
        raise ValueError(_explain(error, password)) from None
    if block.label == "PRIVATE KEY" and password is not None:
        raise TypeError
    return key


def _explain(error: Exception, password: bytes | None) -> str:
    if isinstance(error, UnsupportedAlgorithm):
        return "is of a kind, or on a curve, that is not supported"
    if password is None:
        return "is PEM that cannot be read; some of it is missing or changed"
    if "nknown" in str(error):
        return (
            "is encrypted in a way that is not supported;"
            " `openssl pkcs8 -topk8 -in FILE -out NEW` encrypts it anew"
        )
    text = password.decode()
    if text != text.strip(AROUND):
        return f"{_NOT_OPENED} It begins or ends with a blank, a line end or a byte order mark"
    return _NOT_OPENED


def _encode(password: str) -> bytes:
    try:
        return password.encode()
    except UnicodeEncodeError:
        # The codec's own words quote a character.
        raise ValueError(_NOT_OPENED) from None
