"""What a page shows of a token: its parts, its claims with times in words, and its key."""

import json
import secrets
from pathlib import Path
from typing import NamedTuple, Self

from flask import current_app

from flask_tokenguard import TokenReport
from flask_tokenguard.keys import RingEntry, read_ring

from .words import in_words

# For the demonstration, and gone with the process; an app of your own names a key file.
A_SECRET = {
    "kty": "oct",
    "k": secrets.token_urlsafe(32),
    "alg": "A256KW",
    "use": "enc",
}
_NAMES = {
    3: ("header", "claims", "signature"),
    5: ("header", "encrypted key", "initialization vector", "ciphertext", "tag"),
}
_SHOWN = 8


class Part(NamedTuple):
    """A part of a token.

    Attributes:
        name: What it is.
        style: Its colour's name in the stylesheet.
        text: It; the last is cut, since a page with a whole token hands it to every script in it.
    """

    name: str
    style: str
    text: str


class Member(NamedTuple):
    """A member of a header or of claims: its value as JSON, and in words if it is an instant."""

    name: str
    value: str
    words: str

    @classmethod
    def of(cls, name: str, value: object, words: str = "") -> Self:
        """Write a member in ASCII."""
        return cls(as_json(name)[1:-1], as_json(value), words)


def parts_of(text: str, report: TokenReport) -> list[Part]:
    """Take a token apart, if it can be read at all."""
    texts = text.split(".")
    names = _NAMES.get(len(texts), ())
    if report.header is None:
        return []
    texts[-1] = f"{texts[-1][:_SHOWN]}…"
    styles = (f"part-{number}" for number in range(1, 6))
    return [Part(*part) for part in zip(names, styles, texts, strict=False)]


def header_of(report: TokenReport) -> list[Member]:
    """List the members of a token's header."""
    return [Member.of(name, value) for name, value in (report.header or {}).items()]


def claims_of(report: TokenReport) -> list[Member]:
    """List a token's claims."""
    words = {name: in_words(instant) for name, instant in report.times.items()}
    claims = report.claims or {}
    return [Member.of(name, value, words.get(name, "")) for name, value in claims.items()]


def as_json(value: object) -> str:
    """Write a value in ASCII, so that a pasted one cannot hide what it is.

    Jinja's own filter writes values for scripts.
    """
    return json.dumps(value)


def ring() -> tuple[RingEntry, ...]:
    """Read the keys of the app's ring, the active one among them."""
    folder = Path(current_app.instance_path) / current_app.config["TOKENGUARD_KEYRING"]
    return read_ring(folder)


def ring_entry(report: TokenReport) -> RingEntry | None:
    """Find the key that a token names."""
    kid = (report.header or {}).get("kid")
    return next((entry for entry in ring() if entry.kid == kid), None)
