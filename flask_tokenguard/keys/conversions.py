"""Conversions: forms of key material that are not read, and the command that makes one that is.

The sentences follow "the key", and quote nothing.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ..jose import strict_json

_KEYGEN = "`flask tokenguard keygen --out FILE` makes a key"
_REQUEST = (
    "is a certificate request; `openssl req -in FILE -noout -pubkey` prints its public key, and"
    " the key that signs is in a file of its own"
)
_BUNDLE = (
    "is a bundle of certificates; `openssl pkcs7 -in FILE -print_certs` prints them, of which one"
    " is wanted"
)
_PARAMETERS = f"is parameters alone, without a key; {_KEYGEN}"
_OF_LABELS = {
    "OPENSSH PRIVATE KEY": "is in OpenSSH's own form; `ssh-keygen -p -m PKCS8 -f FILE` rewrites the"
    f" file as PKCS#8 (OpenSSH 9.2 leaves Ed25519 keys as they were; {_KEYGEN})",
    "CERTIFICATE REQUEST": _REQUEST,
    "NEW CERTIFICATE REQUEST": _REQUEST,
    "TRUSTED CERTIFICATE": "is a certificate with OpenSSL's own additions;"
    " `openssl x509 -in FILE -out NEW` takes them away",
    "PKCS7": _BUNDLE,
    "CMS": _BUNDLE,
    "DSA PRIVATE KEY": f"is a DSA key, which no algorithm of JOSE takes; {_KEYGEN}",
    "RSA-PSS PRIVATE KEY": "is in a form that OpenSSL writes and does not read; write it again"
    " without -traditional",
}
_OPENPGP = f"is of OpenPGP, whose keys are not read; {_KEYGEN}"
_SSH_PUBLIC = re.compile(
    r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+)(?:-cert-v01@openssh\.com)?\s+AAAA"
    r"|---- BEGIN SSH2 PUBLIC KEY"
)
_JWK_MEMBERS = frozenset(
    "kty use key_ops alg kid crv x y d n e p q dp dq qi oth k pub priv keys".split()
)
# Other JSON that has to do with keys, by a member of it.
_REMEDIES = {
    "private_key": "give what its private_key holds, alone",
    "jwks_uri": "it is an issuer's metadata, which TOKENGUARD_ISSUERS finds by itself",
}
_PUTTY = "PuTTY-User-Key-File-"


def explain_label(label: str) -> str:
    """Return what to do with a PEM block of a kind that is not read."""
    if label.startswith("PGP "):
        return _OPENPGP
    if label.endswith(" PARAMETERS"):
        return _PARAMETERS
    return _OF_LABELS.get(
        label,
        "is PEM of a kind that is not read; the kinds that are: PRIVATE KEY, RSA PRIVATE KEY,"
        " EC PRIVATE KEY, ENCRYPTED PRIVATE KEY, PUBLIC KEY, RSA PUBLIC KEY and CERTIFICATE",
    )


def explain_text(text: str) -> str | None:
    """Return what to do with a key of SSH or PuTTY; None for any other text."""
    if _SSH_PUBLIC.match(text):
        return (
            "is a public key of OpenSSH; `ssh-keygen -e -m PKCS8 -f FILE` prints it as PEM (OpenSSH"
            " 9.2 does not for Ed25519 keys)"
        )
    if text.startswith(_PUTTY):
        return f"is a key of PuTTY, which is not read; {_KEYGEN}"
    return None


def explain_json(text: str, error: ValueError) -> str:
    """Return where a text is not JSON, or what else is wrong with it."""
    try:
        is_list = isinstance(json.loads(text, object_pairs_hook=_refuse_twins), list)
    except json.JSONDecodeError as place:
        return strict_json.explain_syntax(place)
    except (ValueError, RecursionError) as other:
        error = other if isinstance(other, _TwinMember) else error
    else:
        if is_list:
            return 'is a list of JWKs; write a JWKS: {"keys": [...]}'
    return f"is not JSON that can be read: {error}"


def explain_no_jwk(members: Mapping[str, Any]) -> str:
    """Return what JSON without a `kty` may be."""
    remedies = [remedy for name, remedy in _REMEDIES.items() if name in members]
    return "; ".join(("is JSON without kty or keys, so no JWK", *remedies))


def explain_octets(octets: bytes) -> str:
    """Return what to do with a file that is not text; it follows the file's name."""
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is text in UTF-16; save it in UTF-8"
    if octets.startswith(b"\xfe\xed\xfe\xed"):
        return (
            "is a Java keystore; `keytool -importkeystore -srckeystore FILE -destkeystore NEW"
            " -deststoretype PKCS12`, then `openssl pkcs12 -in NEW -nocerts -out NEW.pem`"
        )
    return _explain_der(octets) or "is not text; write a secret's octets as a JWK"


def _explain_der(octets: bytes) -> str | None:
    if octets[:1] != b"\x30":
        return None
    # OpenSSL's PKCS#12 has the version 3 and then the OID of PKCS#7 data.
    if b"\x02\x01\x03\x30" in octets[:12]:
        return (
            "is PKCS#12; `openssl pkcs12 -in FILE -nocerts -out NEW.pem` takes the key out,"
            " and its new pass phrase goes to TOKENGUARD_KEY_PASSWORD"
        )
    if not _is_whole(octets):
        return None
    return f"is DER, and PEM is wanted; `{_command_for(octets)}` rewrites it"


def _is_whole(der: bytes) -> bool:
    """Return whether octets are as long as their DER header has it (X.690 section 8.1.3)."""
    size, start = der[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(der[2:start])
    return start + size == len(der)


def _command_for(der: bytes) -> str:
    from cryptography import x509  # noqa: PLC0415 - imported when used
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - imported when used
        load_der_public_key,
    )

    readers: tuple[tuple[str, Callable[[bytes], object]], ...] = (
        ("openssl x509 -inform DER -in FILE -out NEW.pem", x509.load_der_x509_certificate),
        ("openssl req -inform DER -in FILE -noout -pubkey -out NEW.pem", x509.load_der_x509_csr),
        ("openssl pkey -pubin -inform DER -in FILE -pubout -out NEW.pem", load_der_public_key),
    )
    for command, read in readers:
        # What is no such thing fails in many ways.
        with suppress(Exception):
            read(der)
            return command
    return "openssl pkey -inform DER -in FILE -out NEW.pem"


class _TwinMember(ValueError):
    """A member of a JWK that occurs twice."""


def _refuse_twins(members: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in members if name in _JWK_MEMBERS]
    for name in names:
        if names.count(name) > 1:
            raise _TwinMember(f"the member {name} occurs twice")
    return dict(members)
