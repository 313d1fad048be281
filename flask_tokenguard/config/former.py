"""Former tokens: TOKENGUARD_FORMER_TOKENS, for own tokens that another program has issued.

It is no entry of TOKENGUARD_ISSUERS: these tokens go by their form, and their subjects are ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType

from ..keys.entries import KeyEntry
from .members import read_members
from .readers import Fault, Reader, choice, key, not_a, path, text, texts

SETTING = "TOKENGUARD_FORMER_TOKENS"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_OTHER_CLAIMS = frozenset("iss aud nbf scope client_id sid cnf auth_time".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerProfile:
    """The shape of the tokens of another program.

    Attributes:
        types: What the header's `typ` may be, in lower case.
        algorithms: Signature algorithms that may be used.
        required: Claims that every token of the program has, so that nothing else that was signed
            with its key passes for one.
        kind_claim: The claim that holds `access` or `refresh`.
        fresh_claim: Whether the login was at `iat`: true, or until when that counts.
    """

    types: frozenset[str]
    algorithms: tuple[str, ...]
    required: frozenset[str]
    kind_claim: str
    fresh_claim: str


FORMER_PROFILES: Mapping[str, FormerProfile] = MappingProxyType(
    {
        # flask_jwt_extended/tokens.py, 4.7.4; exp alone may be left out there.
        "flask-jwt-extended": FormerProfile(
            types=frozenset({"jwt"}),
            algorithms=("HS256", "RS256"),
            required=frozenset({"type", "fresh", "jti", "iat", "exp"}),
            kind_claim="type",
            fresh_claim="fresh",
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerEntry:
    """The tokens of another program, as the config names them.

    Attributes:
        profile: Their shape.
        key: What verifies them.
        until: From when on they are refused, in seconds since the epoch.
        issuer: Their `iss`; None where they have none.
        audience: Audiences of which they must name one; empty where they have none.
        subject_claim: The claim that holds the subject.
    """

    profile: FormerProfile
    key: KeyEntry = field(repr=False)
    until: int
    issuer: str | None = None
    audience: tuple[str, ...] = ()
    subject_claim: str = "sub"


def read_former_tokens(value: object, folder: Path) -> FormerEntry:
    """Read TOKENGUARD_FORMER_TOKENS: profile, key, end and, if need be, names of claims."""
    members = read_members(value, _MEMBERS | {"key_file": partial(path, folder=folder)})
    for name in ("profile", "until"):
        if name not in members:
            raise Fault(f"lacks {name}; {_REMEDIES[name]}")
    if len(members.keys() & {"key", "key_file"}) != 1:
        raise Fault("must have exactly one of key and key_file")
    profile, subject_claim = (
        FORMER_PROFILES[members["profile"]],
        members.get("subject_claim", "sub"),
    )
    if subject_claim in _OTHER_CLAIMS | profile.required:
        raise Fault(f'has the subject_claim {subject_claim}, which holds no subject; leave "sub"')
    return FormerEntry(
        profile=profile,
        key=KeyEntry(source=SETTING, value=members.get("key"), file=members.get("key_file")),
        until=members["until"],
        issuer=members.get("issuer"),
        audience=members.get("audience", ()),
        subject_claim=subject_claim,
    )


def _until(value: object) -> int:
    """Read a date, which begins at midnight in UTC."""
    wanted = 'a date such as "2027-03-01"'
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise Fault(f"must be {wanted}; there is no such day") from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise not_a(wanted, value)
    return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp())


_REMEDIES = {
    "profile": f"write {' or '.join(FORMER_PROFILES)}",
    "until": 'name the day from which on the old tokens are refused: "2027-03-01"',
}
_MEMBERS: dict[str, Reader] = {
    "profile": choice(*FORMER_PROFILES),
    "key": key,
    "until": _until,
    "issuer": text,
    "audience": texts,
    "subject_claim": text,
}
