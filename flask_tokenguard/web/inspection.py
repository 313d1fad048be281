"""Inspection of a token for a person: what it states, when, and the verdict of each check.

Nothing of the signature is in a report. Whatever shows one must escape it: a token of any content
is read, whether it is good or not.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import InvalidToken, Refusal
from ..jose import compact, jwe
from ..jose.compact import Compact, numeric_date
from ..quoting import quote
from ..verify.claims import VerifiedToken
from ..verify.validators import Validator
from ..verify.verifier import find_keys, verify_signature
from .parts import Parts

_DATES = ("iat", "nbf", "exp", "auth_time")
_PREFIX = re.compile(r"(authorization\s*:\s*)?bearer(\s|$)", re.IGNORECASE)
# The parts of an encrypted token (RFC 7516 section 3.1).
_ENCRYPTED = 5


class TokenReport(NamedTuple):
    """What a token states, and what each check makes of it.

    Attributes:
        header, claims: What the token states, or None where it cannot be read; nothing of it is
            verified, unless it is accepted.
        times: Each date in seconds since the epoch, or None for one that is out of range.
        checks: `ok`, `not checked` or why it fails, by what is checked.
        accepted: Whether the app would accept the token.
    """

    header: dict[str, Any] | None
    claims: dict[str, Any] | None
    times: dict[str, float | None]
    checks: dict[str, str]
    accepted: bool


def inspect_token(token: str, parts: Parts | None) -> TokenReport:
    """Read a token of any content; without an app's parts nothing but its form is checked."""
    fault = _fault_of_form(token, parts)
    if fault is not None:
        return _unread(token, f"refused: {fault}")
    try:
        parsed = compact.parse(token) if parts is None else parts.verifier.parse(token)
        payload = compact.parse_payload(parsed)
    except Refusal as error:
        return _unread(token, _refused(error))
    checks = {"form": "ok"}
    if parts is not None:
        checks |= _check(parsed, payload, parts)
    accepted = parts is not None and all(verdict == "ok" for verdict in checks.values())
    return TokenReport(dict(parsed.header.members), payload, _times(payload), checks, accepted)


def _unread(token: str, verdict: str) -> TokenReport:
    return TokenReport(_outer_header(token), None, {}, {"form": verdict}, accepted=False)


def _fault_of_form(token: str, parts: Parts | None) -> str | None:
    """Name what came in place of a token that can be read here; None where one may have come."""
    if not token:
        return "There is no token: give one"
    if _PREFIX.match(token):
        return "It begins with Bearer, which the header has before a token; give the token alone"
    if len(token.split()) > 1 or token[0] in "{\"'":
        return "There are other characters around or within the token; give it alone, as one word"
    return _fault_of_parts(token.count(".") + 1, parts)


def _fault_of_parts(number: int, parts: Parts | None) -> str | None:
    if number == 1:
        return "The token is opaque: without dots it is no JWT, and only its issuer can read it"
    if number != _ENCRYPTED or (parts is not None and parts.encryption is not None):
        return None
    if parts is None:
        return "The token is encrypted; only an app with its key can read it"
    return "The token is encrypted; set TOKENGUARD_ENCRYPTION to the key that opens it"


def _outer_header(token: str) -> dict[str, Any] | None:
    """Read the header of an encrypted token, which names the key that would open it."""
    try:
        return dict(jwe.parse(token).members) if token.count(".") == 4 else None
    except Refusal:
        return None


def _check(parsed: Compact, payload: dict[str, Any], parts: Parts) -> dict[str, str]:
    """Try every rule, so that all that is wrong is seen at once."""
    try:
        trusted = parts.verifier.trusted_issuer_for(payload, parsed.header)
    except Refusal as error:
        return {"iss": _refused(error)}
    token = VerifiedToken(parsed.header, trusted.read_claims(payload), trusted.traits)
    verdicts = {
        "key": _tried(lambda: find_keys(trusted, parsed.header)),
        "signature": "not checked",
    }
    if verdicts["key"] == "ok":
        verdicts["signature"] = _tried(lambda: verify_signature(trusted, parsed))
    verdicts |= {name: _verdict(rule, token) for name, rule in trusted.rules.items()}
    is_good = all(verdict == "ok" for verdict in verdicts.values())
    for rule in trusted.live_rules:
        # The app's rules were written for tokens that have passed ours.
        name = _name_of(rule, parts)
        if name in verdicts:
            name = f"{name} ({len(verdicts)})"
        with parts.app.app_context():
            verdicts[name] = _verdict(rule, token) if is_good else "not checked"
    return verdicts


def _name_of(rule: Validator, parts: Parts) -> str:
    revocation = parts.revocation
    if revocation is not None and rule in (revocation.check, revocation.check_former):
        return "revocation"
    return getattr(rule, "__name__", "a rule of the app")


def _tried(step: Callable[[], object]) -> str:
    try:
        step()
    except Refusal as error:
        return _refused(error)
    return "ok"


def _verdict(rule: Validator, token: VerifiedToken) -> str:
    try:
        call: Callable[[VerifiedToken], object] = rule
        returned = call(token)
    except Refusal as error:
        return _refused(error)
    except Exception as error:  # noqa: BLE001 - a rule of the app; the others are still of interest
        return f"failed: {type(error).__name__}"
    return "ok" if returned is None else "failed: a value was returned"


def _refused(error: Refusal) -> str:
    # A rule of the app may quote the token, which must not control the terminal.
    verdict = f"refused: {quote(error.description)[1:-1]}"
    return f"{verdict}; {error.detail}" if error.detail else verdict


def _times(claims: Mapping[str, Any]) -> dict[str, float | None]:
    names = [name for name in _DATES if type(claims.get(name)) in (int, float)]
    return {name: _instant(claims, name) for name in names}


def _instant(claims: Mapping[str, Any], name: str) -> float | None:
    try:
        return numeric_date(claims, name)
    except InvalidToken:
        return None
