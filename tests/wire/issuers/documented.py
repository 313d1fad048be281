"""Issuers that only their makers run: tokens as their documents show them, signed here."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey

from ...jose.test_jwk import public_jwk
from ...jose.tokens import signed
from .contract import SOURCES, Issued, IssuerContract

Token = tuple[Mapping[str, Any], Mapping[str, Any]]
# The typ of a header that has one.
JWT = {"typ": "JWT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a document shows.

    Attributes:
        source: The document, a link in the page's words.
        issuer: Its `iss`.
        entry: Its entry in TOKENGUARD_ISSUERS.
        access: The header and the claims of an access token, but for `alg`, `kid`, `iss`, `iat`
            and `exp`.
        others: The same of tokens that must be refused, by their kind.
        audience: Who the access token is for.
        scopes: What it may do.
        alg: How it is signed.
    """

    source: str
    issuer: str
    entry: Mapping[str, Any]
    access: Token
    audience: tuple[str, ...]
    scopes: frozenset[str] = frozenset()
    others: Mapping[str, Token] = field(default_factory=dict)
    alg: str = "RS256"

    def sign(self, key: Key, token: Token) -> str:
        """Sign a token that lives for five minutes; a claim of None is left out."""
        header, claims = token
        now = int(time.time())
        times = {"iss": self.issuer, "iat": now, "exp": now + 300}
        payload = {name: value for name, value in {**times, **claims}.items() if value is not None}
        return signed(key, payload, {"alg": key.alg, "kid": key.kid, **header})


class DocumentedContract(IssuerContract):
    """What holds for each issuer by its documents."""

    SECTION = "Issuers by their documents"
    DOCUMENT: ClassVar[Document]

    @pytest.fixture
    def issued(self, private_keys: dict[str, PrivateKey]) -> Issued:
        document = self.DOCUMENT
        private = private_keys[document.alg]
        key = Key(private, kid="1")
        entry = {name: value for name, value in document.entry.items() if name not in SOURCES}
        return Issued(
            version=document.source,
            issuer=document.issuer,
            entry={**entry, "keys": {"keys": [public_jwk(private, kid="1")]}},
            access=document.sign(key, document.access),
            audience=document.audience,
            scopes=document.scopes,
            others={kind: document.sign(key, token) for kind, token in document.others.items()},
        )

    def entry_of(self, _issued: Issued, /) -> Mapping[str, Any]:
        return self.DOCUMENT.entry

    def test_the_page_has_its_row(self, issued: Issued) -> None:
        self.check_row(issued)
