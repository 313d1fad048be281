"""Secrets: what may serve as one, and what was only put in its place (RFC 8725 section 3.5).

A secret is random octets, or one line of text that looks like nothing else. What looks like
something else is mostly a mistake in a config, and then anybody may know it.
"""

import re
from functools import cache

from ..jose.asymmetric import check_spellings, spellings_of
from .lookalikes import LOOKALIKES, Lookalike

_KEYGEN = "`flask tokenguard keygen --alg HS256 --out FILE` makes one"
# Random octets that are all printable, as 16 of them are once in four million times.
_FEWEST_OCTETS_OF_TEXT = 32
AROUND = " \t\r\n\ufeff"
_QUOTES = "\"'`"
_WRAPPED_TEXT = r"[A-Za-z0-9+/]+={0,2}|[A-Za-z0-9_-]+={0,2}"
# `openssl rand -base64` and PEM, coreutils' `base64` and MIME.
_WIDTHS = (64, 76)

# Secrets of specifications, manuals and tutorials.
_EXAMPLES = frozenset(
    text.encode()
    for text in (
        # jwt.io, for HS256, HS384 and HS512
        "a-string-secret-at-least-256-bits-long",
        "a-valid-string-secret-that-is-at-least-384-bits-long",
        "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
        # RFC 7515 appendix A.1, RFC 7520 section 3.5
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
        # Flask, FastAPI, jose of npm, PostgREST, Supabase, Hasura
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "cc7e0d44fd473002f1c42167459001140ec6389b7353f8088f4d9a95f2f596f2",
        "reallyreallyreallyreallyverysafe",
        "super-secret-jwt-token-with-at-least-32-characters-long",
        "your-super-secret-jwt-token-with-at-least-32-characters-long",
        "3EK6FD+o0+c7tzBNVfjpMkNDi2yARAAKzQlk8O2IKoxQu4nF7EdAh8s3TwpHwrdWT6R",
        # Tutorials for Spring and for .NET
        "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
        "ByYM000OLlMQG6VVVp1OH7Xzyr7gHuw1qvUC5dcGt3SNM",
    )
)


def check_secret(secret: bytes, *, is_text: bool) -> None:
    """Refuse a secret that looks like something else.

    Args:
        secret: The octets that would serve as one.
        is_text: Whether the config has them as text; octets of a JWK are looked at as text where
            they are all printable.

    Raises:
        ValueError: It looks like asymmetric key material in any spelling, a known example, one
            octet repeated, or another kind of text; the message names it and the remedy, after
            "the key", and quotes nothing.
    """
    spellings = tuple(spellings_of(secret))
    check_spellings(spellings)
    if not _examples().isdisjoint(spellings):
        raise ValueError(f"is a known example, not a secret; {_KEYGEN}")
    if any(len(set(spelled)) == 1 for spelled in spellings):
        raise ValueError(f"is one octet repeated, not a secret; {_KEYGEN}")
    text = secret.decode() if is_text else _printable(secret)
    if text is not None:
        _check_text(text)


@cache
def _examples() -> frozenset[bytes]:
    return frozenset(spelled for text in _EXAMPLES for spelled in spellings_of(text))


def _printable(secret: bytes) -> str | None:
    if len(secret) < _FEWEST_OCTETS_OF_TEXT:
        return None
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return None
    return text if "".join(text.split()).isprintable() else None


def _check_text(text: str) -> None:
    bare = text.strip(AROUND)
    while len(bare) > 1 and bare[0] == bare[-1] and bare[0] in _QUOTES:
        bare = bare[1:-1].strip(AROUND)
    for lookalike in LOOKALIKES:
        if _looks_like(lookalike, bare):
            raise ValueError(f"looks like {lookalike.name}, not a secret; {lookalike.remedy}")
    if len(bare.splitlines()) > 1:
        if not _is_wrapped(bare):
            raise ValueError(f"has several lines, where a secret is one; {_KEYGEN}")
    elif len(bare.split()) > 1:
        raise ValueError(f"has blanks inside, where a secret is one word; {_KEYGEN}")


def _looks_like(lookalike: Lookalike, text: str) -> bool:
    has_mark = any(map(text.lower().__contains__, lookalike.marks))
    return has_mark and re.match(lookalike.pattern, text, re.DOTALL) is not None


def _is_wrapped(text: str) -> bool:
    """Return whether a text is one in base64 or hexadecimal digits, wrapped as programs do."""
    *lines, last = re.split(r"\r?\n", text)
    return (
        {len(line) for line in lines} in ({width} for width in _WIDTHS)
        and len(last) <= len(lines[0])
        and re.fullmatch(_WRAPPED_TEXT, "".join([*lines, last])) is not None
    )
