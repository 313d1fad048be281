"""The contract of an issuer that was run: its access token comes in, its other tokens do not.

A test class inherits it, and has a fixture `issued` that runs the issuer. What it shows is the
issuer's row in docs/compatibility.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from flask_tokenguard.errors import InvalidToken, Reason
from flask_tokenguard.jose.compact import parse, parse_payload

from ...interop.api import Api
from ..page import check_row

SOURCES = ("metadata_url", "jwks_url", "jwks_file", "keys")


# Without a repr, which would show tokens where a test fails.
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Issued:
    """What an issuer gave.

    Attributes:
        version: Of the issuer.
        issuer: Its `iss`.
        entry: Its entry in TOKENGUARD_ISSUERS.
        access: An access token.
        audience: Who that is for.
        scopes: What it may do.
        others: Tokens that must be refused, by their kind.
    """

    version: str
    issuer: str
    entry: Mapping[str, Any]
    access: str
    audience: tuple[str, ...]
    scopes: frozenset[str] = frozenset()
    others: Mapping[str, str] = field(default_factory=dict)

    def api(self, **members: Any) -> Api:
        """Make an API that trusts it, with other members of the entry."""
        sources = SOURCES if members.keys() & {"discovery", *SOURCES} else ()
        entry = {name: value for name, value in self.entry.items() if name not in sources}
        return Api(self.issuer, **{**entry, **members})


class IssuerContract:
    """What holds for each issuer.

    Attributes:
        SECTION: Which of the page's tables has its row.
        NAME: Who it is, in the page's words.
        MIND: What its users must know, in the page's words.
    """

    SECTION: ClassVar[str] = "Issuers"
    NAME: ClassVar[str]
    MIND: ClassVar[str] = ""

    def test_its_access_token_is_accepted(self, issued: Issued) -> None:
        names = issued.api().names_of(issued.access)
        assert tuple(names["audience"]) == issued.audience
        assert frozenset(names["scopes"]) == issued.scopes

    def test_its_access_token_is_for_nobody_else(self, issued: Issued) -> None:
        if issued.audience:
            assert issued.api(audience="files-api").get(issued.access).status_code == 401

    def test_its_other_tokens_are_refused(self, issued: Issued) -> None:
        api = issued.api()
        assert {kind: api.get(token).status_code for kind, token in issued.others.items()} == (
            dict.fromkeys(issued.others, 401)
        )

    @pytest.mark.wire
    def test_the_page_has_its_row(self, issued: Issued) -> None:
        self.check_row(issued)

    def check_row(self, issued: Issued) -> None:
        """Require that the page has what was run."""
        check_row(
            self.SECTION,
            *(self.NAME, issued.version, _shape_of(issued.access)),
            _settings_of(self.entry_of(issued)),
            ", ".join(f"{kind} ({_kept_out_by(issued, kind)})" for kind in issued.others) or "-",
            self.MIND or "-",
        )

    def entry_of(self, issued: Issued, /) -> Mapping[str, Any]:
        """Return the entry that the page has."""
        return issued.entry


def _shape_of(token: str) -> str:
    """Describe a token: how it is signed, its type, its audience, its claims."""
    compact = parse(token)
    header, claims = compact.header.members, parse_payload(compact)
    typ = f"`{header['typ']}`" if "typ" in header else "none"
    audience = claims.get("aud")
    kind = {str: "a text", list: "a list", type(None): "none"}[type(audience)]
    return f"{header['alg']}; `typ` {typ}; `aud` {kind}; `{' '.join(sorted(claims))}`"


def _settings_of(entry: Mapping[str, Any]) -> str:
    """Describe an entry, but for where its keys are on this machine, and the audience."""
    words = [f"`{entry.get('profile', 'rfc9068')}`"]
    words += [f"`{name}`" for name in SOURCES if name in entry] or ["discovery"]
    words += [
        f"`{name}` `{json.dumps(value)}`"
        for name, value in entry.items()
        if name not in {"profile", "discovery", *SOURCES, *(["audience"] if value else [])}
    ]
    return ", ".join(words)


def _kept_out_by(issued: Issued, kind: str) -> str:
    """Name what a token is refused by where its audience would do, else the audience."""
    token = issued.others[kind]
    if token.count(".") != 2:
        return "no JWT"
    if "iss" not in parse_payload(parse(token)):
        return "no `iss`"
    refusal = issued.api(audience=False).refusal_of(token)
    return "audience" if refusal is None else _words(refusal)


def _words(refusal: InvalidToken) -> str:
    if refusal.claim is not None:
        return f"`{refusal.claim}`"
    assert refusal.reason is Reason.WRONG_TYPE
    return "`typ`"
