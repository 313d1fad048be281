"""Asymmetric keys in every form, and the spellings in which they come in place of a secret."""

import html
import json
import os
from base64 import b64decode, b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from flask_tokenguard.jose import base64url
from flask_tokenguard.jose.material import PrivateKey, to_private_members, to_public_jwk

Spell = Callable[[bytes], bytes]


def jwk_of(octets: bytes) -> dict[str, str]:
    """Write a secret's octets as a JWK."""
    return {"kty": "oct", "k": base64url.encode(octets).decode()}


def der_forms(keys: dict[str, PrivateKey], certificate: str) -> dict[str, bytes]:
    """Write keys as octets: what stands inside of PEM, or alone."""
    others: dict[str, Any] = {
        "X25519": x25519.X25519PrivateKey.generate(),
        "X448": x448.X448PrivateKey.generate(),
        "Ed448": ed448.Ed448PrivateKey.generate(),
        "secp256k1": ec.generate_private_key(ec.SECP256K1()),
    }
    brainpool = ec.generate_private_key(ec.BrainpoolP256R1()).private_bytes(
        Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    forms = {
        "certificate": body_of(certificate),
        # SubjectPublicKeyInfo (RFC 9881), of a key of any content.
        "ML-DSA": bytes.fromhex("30820532300b06096086480165030403110382052100") + os.urandom(1312),
        # Without its optional parameters and public key.
        "ECPrivateKey": bytes.fromhex("30250201010420") + os.urandom(32),
        "ECPrivateKey Brainpool": brainpool,
    }
    for name, key in {**keys, **others}.items():
        public = key.public_key()
        forms[f"SubjectPublicKeyInfo {name}"] = public.public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        forms[f"PKCS#8 {name}"] = key.private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
        )
        forms[f"encrypted PKCS#8 {name}"] = key.private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"correct horse")
        )
        if isinstance(public, ec.EllipticCurvePublicKey):
            point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            forms[f"point {name}"] = point
            forms[f"point {name} without its 04"] = point[1:]
        if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            forms[f"traditional {name}"] = key.private_bytes(
                Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
            )
        if isinstance(public, rsa.RSAPublicKey):
            forms[f"PKCS#1 {name}"] = public.public_bytes(Encoding.DER, PublicFormat.PKCS1)
        if isinstance(key, ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
            line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
            forms[f"OpenSSH {name}"] = b64decode(line.split()[1])
            forms[f"OpenSSH private {name}"] = body_of(openssh_private(key))
    return forms


def text_forms(keys: dict[str, PrivateKey], certificate: str) -> dict[str, bytes]:
    """Write keys as text."""
    rsa_key, ec_key = keys["RS256"], keys["ES256"]
    members = {name: to_public_jwk(keys[name].public_key()) for name in ("RS256", "ES256", "EdDSA")}
    private = members["ES256"] | to_private_members(ec_key)
    numbers = members["RS256"]
    texts = {
        "PEM RS256": pem(rsa_key),
        "PEM ES256": pem(ec_key),
        "PEM EdDSA": pem(keys["EdDSA"]),
        "certificate": certificate,
        "private PEM": private_pem(ec_key),
        "OpenSSH RS256": openssh(rsa_key) + " me@example.com",
        "OpenSSH ES256": openssh(ec_key),
        "OpenSSH EdDSA": openssh(keys["EdDSA"]),
        "OpenSSH private": openssh_private(keys["EdDSA"]),
        "JWK RS256": json.dumps(members["RS256"]),
        "JWK ES256": json.dumps(members["ES256"]),
        "JWK EdDSA": json.dumps(members["EdDSA"]),
        "private JWK": json.dumps(private),
        "JWKS": json.dumps({"keys": list(members.values())}, indent=2),
        "list of JWKs": json.dumps(list(members.values())),
        "XML": f"<RSAKeyValue><Modulus>{numbers['n']}</Modulus><Exponent>AQAB</Exponent>"
        "</RSAKeyValue>",
    }
    return {name: text.encode() for name, text in texts.items()}


def pem(key: PrivateKey) -> str:
    """Write the public key as PEM."""
    form = PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(Encoding.PEM, form).decode()


def private_pem(key: PrivateKey) -> str:
    """Write the private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def openssh(key: PrivateKey) -> str:
    """Write the public key as a line of OpenSSH."""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def openssh_private(key: PrivateKey) -> str:
    """Write the private key as OpenSSH keeps it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def body_of(pem_text: str) -> bytes:
    """Decode what stands between the BEGIN and END lines."""
    return b64decode("".join(pem_text.splitlines()[1:-1]))


def _wrapped(octets: bytes, width: int) -> bytes:
    text = b64encode(octets)
    return b"\n".join(text[start : start + width] for start in range(0, len(text), width))


def _escaped(text: bytes) -> bytes:
    return json.dumps(text.decode())[1:-1].encode()


def _utf_16(text: bytes, order: str) -> bytes:
    return text.decode().encode(f"utf-16-{order}")


# Of octets that are no text: each makes text of them.
BINARY_SPELLINGS: dict[str, Spell] = {
    "base64": b64encode,
    "base64 unpadded": lambda der: b64encode(der).rstrip(b"="),
    "base64url": urlsafe_b64encode,
    "base64 wrapped at 64": lambda der: _wrapped(der, 64),
    "base64 wrapped at 76": encodebytes,
    "base64 with \\n": lambda der: _wrapped(der, 64).replace(b"\n", b"\\n"),
    "base64 in one line with blanks": lambda der: _wrapped(der, 64).replace(b"\n", b" "),
    "base64 quoted": lambda der: b'"' + b64encode(der) + b'"',
    "base64 after base64:": lambda der: b"base64:" + b64encode(der),
    "base64 as a data URL": lambda der: b"data:application/x-pem-file;base64," + b64encode(der),
    "base64 percent-encoded": lambda der: quote_plus(b64encode(der)).encode(),
    "base64 after a name": lambda der: b"PUBLIC_KEY=" + b64encode(der),
    "base64 twice": lambda der: b64encode(b64encode(der)),
    "base64 thrice": lambda der: b64encode(b64encode(b64encode(der))),
    "base64 in UTF-16 LE": lambda der: _utf_16(b64encode(der), "le"),
    "base64 in UTF-16 BE": lambda der: _utf_16(b64encode(der), "be"),
    "base64 of base64 in UTF-16": lambda der: b64encode(_utf_16(b64encode(der), "le")),
    "base64 doubled": lambda der: 2 * b64encode(der),
    "hex": lambda der: der.hex().encode(),
    "HEX": lambda der: der.hex().upper().encode(),
    "hex with colons": lambda der: der.hex(":").encode(),
    "hex with blanks": lambda der: der.hex(" ").encode(),
    "hex after 0x": lambda der: b"0x" + der.hex().encode(),
    "hex of base64": lambda der: b64encode(der).hex().encode(),
    "base64 of hex": lambda der: b64encode(der.hex().encode()),
    "escaped octets": lambda der: "".join(f"\\x{octet:02x}" for octet in der).encode(),
    "read as Latin-1": lambda der: der.decode("latin-1").encode(),
    "percent-encoded octets": lambda der: "".join(f"%{octet:02X}" for octet in der).encode(),
}
# Where a part is enough to know the whole: these lose some of it.
CUT_SPELLINGS: dict[str, Spell] = {
    "base64 without its last third": lambda der: b64encode(der)[: len(der)],
    "base64 without its last character": lambda der: b64encode(der).rstrip(b"=")[:-1],
    "base64 without its first 2 characters": lambda der: b64encode(der)[2:],
    "hex without its first digit": lambda der: der.hex()[1:].encode(),
    "hex without its last digit": lambda der: der.hex()[:-1].encode(),
}
TEXT_SPELLINGS: dict[str, Spell] = {
    "after a blank": lambda text: b" " + text,
    "after a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "after a remark": lambda text: b"# the key\n" + text,
    "quoted": lambda text: b'"' + text + b'"',
    "in single quotes": lambda text: b"'" + text + b"'",
    "in triple quotes": lambda text: b'"""' + text + b'"""',
    "as JSON text": lambda text: json.dumps(text.decode()).encode(),
    "with \\n": _escaped,
    "with every character escaped": lambda text: "".join(
        f"\\u{ord(character):04x}" for character in text.decode()
    ).encode(),
    "with every octet escaped": lambda text: "".join(f"\\{octet:03o}" for octet in text).encode(),
    "escaped twice": lambda text: _escaped(_escaped(text)),
    "in one line with blanks": lambda text: b" ".join(text.split()),
    "without blanks": lambda text: b"".join(text.split()),
    "percent-encoded": lambda text: quote(text, safe="").encode(),
    "form-encoded": lambda text: quote_plus(text).encode(),
    "in HTML": lambda text: html.escape(text.decode()).encode(),
    "in XML": lambda text: b"<key>" + escape(text.decode()).encode() + b"</key>",
    "after a name": lambda text: b"KEY=" + text,
    "base64": b64encode,
    "base64url": lambda text: urlsafe_b64encode(text).rstrip(b"="),
    "base64 in lines": encodebytes,
    "base64 as a data URL": lambda text: b"data:;base64," + b64encode(text),
    "data URL": lambda text: b"data:," + quote(text).encode(),
    "base64 twice": lambda text: b64encode(b64encode(text)),
    "hex": lambda text: text.hex().encode(),
    "base64 of hex": lambda text: b64encode(text.hex().encode()),
    "hex of base64": lambda text: b64encode(text).hex().encode(),
    "base64 of JSON text": lambda text: b64encode(json.dumps(text.decode()).encode()),
    "UTF-16 LE": lambda text: _utf_16(text, "le"),
    "UTF-16 BE": lambda text: _utf_16(text, "be"),
    "UTF-32 LE": lambda text: text.decode().encode("utf-32-le"),
    "base64 of UTF-16": lambda text: b64encode(_utf_16(text, "le")),
    "base64 of UTF-16 with a mark": lambda text: b64encode(text.decode().encode("utf-16")),
    "twice": lambda text: text + text,
    "without its last third": lambda text: text[: len(text) * 2 // 3],
}
PEM_SPELLINGS: dict[str, Spell] = {
    "without its BEGIN line": lambda text: text.split(b"\n", 1)[1],
    "without its END line": lambda text: text.rsplit(b"\n", 2)[0],
    "without both lines": lambda text: b"\n".join(text.split(b"\n")[1:-2]),
    "without dashes": lambda text: text.replace(b"-----", b""),
    "with dashes lost at the beginning": lambda text: text.lstrip(b"-"),
    "without dashes in one line": lambda text: b" ".join(text.replace(b"-----", b"").split()),
    "with its lines quoted": lambda text: b"".join(b'"%s"\n' % line for line in text.splitlines()),
    "with its lines indented": lambda text: text.replace(b"\n", b"\n    "),
    "with CRLF": lambda text: text.replace(b"\n", b"\r\n"),
}
