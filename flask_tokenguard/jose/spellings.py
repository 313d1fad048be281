"""Spellings: what octets may stand for, under escapes and up to three layers of encoding.

For what is about to become a secret, at start-up. It decodes whatever could be decoded and never
fails: a body that lost its first characters, or its last, is decoded from each place where it may
begin.
"""

import re
from binascii import a2b_base64
from collections.abc import Iterator
from contextlib import suppress
from html import unescape
from urllib.parse import unquote_to_bytes

_DEEPEST = 3
_BYTE_ORDER_MARKS = b"\xef\xbb\xbf\xfe\xff\0"
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
# What quotes, frames, prefixes and separators leave over. Shorter ones hold no key.
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]{16,}")
_HEX_RUN = re.compile(rb"[0-9A-Fa-f]{32,}")
_BETWEEN_HEX = re.compile(rb"0[xX]|[\s:,;.-]")
_ESCAPE = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-3][0-7]{2})|(.))", re.DOTALL)
_CONTROL = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


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
            form = _ESCAPE.sub(_unescape, form)
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
