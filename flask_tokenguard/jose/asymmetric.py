"""Asymmetric key material in place of a secret: anyone with the public key could sign.

That is CVE-2022-29217 (RFC 8725 section 3.1). It is looked for, not parsed: a body that was cut or
doubled parses nowhere, and is found all the same. Each look is so long that a random secret does
not meet it. One of 256 octets, in hexadecimal digits, has some 2**12 octets in all its spellings:

- A look that may begin at any of them has 52 bits or more: once in 2**40 secrets.
- One that must begin or end a spelling, of which there are 8 at most, has 41 bits or more: once in
  2**38 secrets, and only those that are shown as octets or in hexadecimal digits.
- A point is on its curve once in 2**256. It is not looked for in ASCII, which one in 2**64 is.
- A public key of ML-DSA is known by its length alone, 1312 octets or more, which no secret needs.

It is looked for in every spelling: what octets may stand for, under escapes and up to three layers
of encoding. Decoding never fails: a body that lost its first characters, or its last, is decoded
from each place where it may begin.

What nothing marks is not found: the 32 octets of an Ed25519 key, a modulus alone, a compressed
point. They look as random as a secret.
"""

import re
from binascii import a2b_base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from html import unescape
from urllib.parse import unquote_to_bytes

from .algorithms import SIGNATURE_ALGORITHMS

_DEEPEST = 3
_BYTE_ORDER_MARKS = b"\xef\xbb\xbf\xfe\xff\0"
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
# What quotes, frames, prefixes and separators leave over. Shorter ones hold no key.
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]{16,}")
_HEX_RUN = re.compile(rb"[0-9A-Fa-f]{32,}")
_BETWEEN_HEX = re.compile(rb"0[xX]|[\s:,;.-]")
_ESCAPE = rb"(?s)\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-3][0-7]{2})|(.))"
_CONTROL = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}

_PEM = (
    rb"(?i)-- ?BEGIN |(?:BEGIN|END)[ _+-]?(?:[A-Z0-9]{2,9}[ _+-]?){0,2}"
    rb"(?:(?:PUBLIC|PRIVATE)[ _+-]?KEY|CERTIFICATE)"
)
_OPENSSH = (
    rb"\A\W*ssh-(?:rsa|dss)|ssh-(?:rsa|dss)(?:\0\0\0|\W{0,3}AAAA|-cert-)|ssh-ed(?:25519|448)"
    rb"|ecdsa-sha2-nistp|openssh-key-v1|PuTTY-User-Key-File"
    # The numbers of an RSA key whose name was cut off.
    rb"|\0\0\0\x03\x01\0\x01\0\0[\x00-\x08][\x00-\xff]\0[\x80-\xff]"
)
_JWK = (
    rb"""(?s)\A\s*[\[{].*["']kty["']\s*:"""
    # What remains of one that was cut.
    rb"""|["'](?:e["']\s*:\s*["']AQAB|crv["']\s*:\s*["'](?:P-\d|Ed|X|secp)|alg["']\s*:\s*["']ML-DSA-)"""
    rb"""|kty["']?\s*:\s*(?:["'](?:RSA|EC|OKP|AKP|oct)["']|(?:RSA|OKP|AKP|oct)\b|\sEC\b)"""
)
_XML = rb"<(?:[\w.-]{1,20}:)?(?:(?:RSA|DSA|EC)?KeyValue|KeyInfo|Modulus|X509Data|X509Certificate)\b"
_DER = b"(?s)" + b"|".join(
    (
        # DSA, EC and DH of ANSI X9, with its curves (RFC 3279, RFC 5480); what PKCS has: RSA,
        # its signatures, DH, encrypted keys and containers (RFC 8017, RFC 8018).
        rb"\x06[\x07-\x0b]\x2a\x86\x48\xce[\x38\x3d\x3e]",
        rb"\x06[\x07-\x0b]\x2a\x86\x48\x86\xf7\x0d\x01[\x01\x03\x05\x07\x0c]",
        # secp256k1, P-224, P-384, P-521 (SEC 2); Brainpool (RFC 5639).
        rb"\x06\x05\x2b\x81\x04\x00[\x0a\x21-\x23]",
        rb"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01",
        # X25519, X448, Ed25519, Ed448 (RFC 8410), with what stands around them.
        rb"\x30\x05\x06\x03\x2b\x65[\x6e-\x71]",
        rb"\x06\x03\x2b\x65[\x6e-\x71](?:\x03[\x21\x39\x3a]\x00|\x04[\x22\x3a\x3b]\x04)",
        # ML-DSA, SLH-DSA (RFC 9881, RFC 9909) and ML-KEM.
        rb"\x06\x09\x60\x86\x48\x01\x65\x03\x04[\x03\x04]",
        # RSAPrivateKey (RFC 8017), and ECPrivateKey (RFC 5915), which need not name its curve.
        rb"\x30(?:\x82..|\x81.)\x02\x01\x00\x02(?:\x82..|\x81.)\x00[\x80-\xff]",
        rb"\x02\x03\x01\x00\x01\x02[\x81\x82]",
        rb"\A\x30(?:\x81.|.)\x02\x01\x01\x04[\x20\x30\x42]",
    )
)
# RSAPublicKey names no algorithm: how it begins, with the lengths of all of it and of its modulus.
_RSA_PUBLIC_KEY = (
    rb"(?s)\x30\x82(..)\x02\x82(..)\x00[\x80-\xff]|\x30\x81(.)\x02\x81(\x81)\x00[\x80-\xff]"
)
_RSA_EXPONENT = b"\x02\x03\x01\x00\x01"
# Of these each of both patterns holds one, in capitals: the beginning of an object identifier, a
# version, an exponent, the length of a modulus. Few secrets do, and to compile the patterns takes a
# millisecond.
_DER_MARKS = (
    b"\x2a\x86\x48",
    b"\x2b\x81\x04\x00",
    b"\x2b\x24\x03\x03",
    b"\x06\x03+E",
    b"\x06\x09\x60\x86",
    b"\x02\x01\x00\x02",
    b"\x02\x01\x01\x04",
    _RSA_EXPONENT,
    b"\x02\x82",
    b"\x02\x81\x81\x00",
)
# The octets of both coordinates on P-256 and secp256k1, P-384, and P-521.
_COORDINATES = (64, 96, 132)
_AKP_SIZES = {row.least_bits // 8 for row in SIGNATURE_ALGORITHMS.values() if row.kty == "AKP"}


def check_secret(secret: bytes) -> None:
    """Refuse asymmetric key material, in whatever spelling, as a secret.

    Raises:
        ValueError: See `check_spellings`.
    """
    check_spellings(tuple(spellings_of(secret)))


def check_spellings(spellings: Sequence[bytes]) -> None:
    """Refuse a secret by its spellings, the secret itself first.

    Raises:
        ValueError: The secret is empty, or holds asymmetric key material; the message names its
            form, after "the key".
    """
    if not spellings[0].strip(b"\xef\xbb\xbf \t\r\n"):
        raise ValueError("is empty")
    capitals = b"".join(spellings).upper()
    looks = [(kind, look) for kind, marks, look in _LOOKS if any(map(capitals.__contains__, marks))]
    for spelled in spellings:
        for kind, look in looks:
            if look(spelled):
                raise ValueError(
                    f"looks like {kind}, not a secret: who knows the public key could sign; give"
                    " the key itself, as PEM with its BEGIN and END lines or as a JWK"
                )


def spellings_of(octets: bytes) -> Iterator[bytes]:
    """List the octets themselves and all that they decode to, each once, outermost first."""
    seen: set[bytes] = set()
    layer = [octets]
    for depth in range(_DEEPEST + 1):
        forms = [form for spelled in layer for form in _forms_of(spelled)]
        fresh = [form for form in dict.fromkeys(forms) if form not in seen]
        seen.update(fresh)
        yield from fresh
        if depth < _DEEPEST:
            layer = [decoded for form in fresh for decoded in _decode(form)]


def _forms_of(octets: bytes) -> Iterator[bytes]:
    """Undo what is no encoding: UTF-16 and UTF-32, and the escapes of JSON and of a shell."""
    yield octets
    if not octets.isascii():
        with suppress(UnicodeError):
            # Octets that were taken for text of one octet a character.
            yield octets.decode().encode("latin-1")
    form = octets.lstrip(_BYTE_ORDER_MARKS)
    if form.count(0) * 3 >= len(form):
        # Text with a zero before or after each octet, whichever byte order it has.
        form = form.replace(b"\0", b"")
    yield form
    for _ in range(2):
        if b"\\" in form:
            form = re.sub(_ESCAPE, _unescape, form)
            yield form


def _unescape(escape: re.Match[bytes]) -> bytes:
    code_point, octet, octal, character = escape.groups()
    if code_point is not None:
        return chr(int(code_point, 16)).encode(errors="replace")
    if octet is not None:
        return bytes([int(octet, 16)])
    if octal is not None:
        return bytes([int(octal, 8)])
    return _CONTROL.get(character, character)


def _decode(octets: bytes) -> Iterator[bytes]:
    if len(octets.translate(None, _PRINTABLE)) * 2 > len(octets):
        # Three of five random octets are no text, which then holds no further spelling.
        return
    if b"%" in octets:
        yield unquote_to_bytes(octets)
    if b"&" in octets:
        yield unescape(octets.decode("latin-1")).encode("latin-1", "replace")
    for run in _HEX_RUN.findall(_BETWEEN_HEX.sub(b"", octets)):
        for start in range(2):
            digits = run[start:]
            yield bytes.fromhex(digits[: len(digits) & ~1].decode())
    text = b"".join(octets.split()).translate(_TO_STANDARD)
    for run in _BASE64_RUN.findall(text):
        for start in range(4):
            yield _from_base64(run[start:])


def _from_base64(characters: bytes) -> bytes:
    if len(characters) % 4 == 1:
        # Cut within its last octet.
        characters = characters[:-1]
    return a2b_base64(characters + b"=" * (-len(characters) % 4))


def _is_der(octets: bytes) -> bool:
    return bool(re.search(_DER, octets)) or _is_rsa_public_key(octets)


def _is_rsa_public_key(octets: bytes) -> bool:
    for found in re.finditer(_RSA_PUBLIC_KEY, octets):
        whole, modulus = (int.from_bytes(length) for length in found.groups() if length is not None)
        # What remains are the modulus's own tag and length, and the exponent.
        if 6 <= whole - modulus <= 16:
            return True
    # One whose beginning was cut off; its modulus is odd.
    return octets.endswith(_RSA_EXPONENT) and len(octets) > 64 and octets[-6] % 2 == 1


def _is_point(octets: bytes) -> bool:
    return not octets.isascii() and any(map(_is_on_a_curve, _may_be_coordinates(octets)))


def _may_be_coordinates(octets: bytes) -> Iterator[bytes]:
    for size in _COORDINATES:
        # Both coordinates alone, once or several times over.
        if octets and len(octets) % size == 0:
            yield octets[:size]
        start = octets.find(4) + 1
        while 0 < start <= len(octets) - size:
            yield octets[start : start + size]
            start = octets.find(4, start) + 1


def _is_on_a_curve(coordinates: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - imported when used
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - imported when used

    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1()):
        with suppress(ValueError, UnsupportedAlgorithm):
            ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + coordinates)
            return True
    return False


def _is_akp(octets: bytes) -> bool:
    # Any octets of this length are a key, and hardly any other text has it.
    return len(octets) in _AKP_SIZES


# What a key may look like, marks in capitals of which its look needs one, and the look.
_LOOKS: tuple[tuple[str, tuple[bytes, ...], Callable[[bytes], object]], ...] = (
    ("PEM", (b"BEGIN", b"END"), partial(re.search, _PEM)),
    ("an OpenSSH key", (b"SSH", b"SHA2", b"PUTTY", b"\0\0\0\x03"), partial(re.search, _OPENSSH)),
    ("a JWK", (b"KTY", b"AQAB", b"CRV", b"ALG"), partial(re.search, _JWK)),
    ("an XML key", (b"KEYVALUE", b"KEYINFO", b"MODULUS", b"X509"), partial(re.search, _XML)),
    ("an asymmetric key or a certificate", _DER_MARKS, _is_der),
    ("a point of an elliptic curve", (b"",), _is_point),
    ("a public key of ML-DSA", (b"",), _is_akp),
)
