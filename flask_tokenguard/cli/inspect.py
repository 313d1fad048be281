"""Reading a token for a person: what it says, when, and what each check makes of it.

Nothing of the signature is shown. What a token says goes out as ASCII JSON, so that it cannot speak
to the terminal.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..clock import wall_clock
from ..errors import InvalidToken, Refusal
from ..jose import compact, jwe
from ..jose.compact import Compact, numeric_date
from ..quoting import quote
from ..verify.claims import VerifiedToken
from ..verify.validators import Validator
from ..verify.verifier import find_keys, verify_signature
from ..web.parts import Parts

_DATES = ("iat", "nbf", "exp", "auth_time")
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


class Report(NamedTuple):
    """What was found.

    Attributes:
        header, claims: What the token says, or None where it cannot be read.
        times: Each date in words.
        checks: `ok`, or why not, by what was checked.
        accepted: Whether the app would accept the token.
    """

    header: dict[str, Any] | None
    claims: dict[str, Any] | None
    times: dict[str, str]
    checks: dict[str, str]
    accepted: bool


def inspect_token(token: str, parts: Parts | None) -> Report:
    """Read a token of any content; without an app's parts nothing but its form is checked."""
    try:
        parsed = compact.parse(token) if parts is None else parts.verifier.parse(token)
        payload = compact.parse_payload(parsed)
    except Refusal as error:
        return Report(_outer_header(token), None, {}, {"form": _refused(error)}, accepted=False)
    checks = {"form": "ok"}
    if parts is not None:
        checks |= _check(parsed, payload, parts)
    accepted = parts is not None and all(verdict == "ok" for verdict in checks.values())
    return Report(dict(parsed.header.members), payload, _times(payload), checks, accepted)


def _outer_header(token: str) -> dict[str, Any] | None:
    """Read the header of an encrypted token, which tells the key that would open it."""
    try:
        return dict(jwe.parse(token).members) if token.count(".") == 4 else None
    except Refusal:
        return None


def _check(parsed: Compact, payload: dict[str, Any], parts: Parts) -> dict[str, str]:
    """Try every rule, so that all that is wrong is seen at once."""
    try:
        trusted = parts.verifier.trusted_issuer_for(payload)
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
    for rule in parts.own_rules:
        # The app's rules were written for tokens that have passed ours.
        name = getattr(rule, "__name__", "a rule of the app")
        if name in verdicts:
            name = f"{name} ({len(verdicts)})"
        with parts.app.app_context():
            verdicts[name] = _verdict(rule, token) if is_good else "not checked"
    if parts.revocation is not None:
        verdict = _verdict(parts.revocation.check, token) if is_good else "not checked"
        verdicts["revocation"] = verdict
    return verdicts


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
    # A rule of the app may quote the token, which must not speak to the terminal.
    verdict = f"refused: {quote(error.description)[1:-1]}"
    return f"{verdict}; {error.detail}" if error.detail else verdict


def _times(claims: Mapping[str, Any]) -> dict[str, str]:
    names = [name for name in _DATES if type(claims.get(name)) in (int, float)]
    return {name: _in_words(claims, name) for name in names}


def _in_words(claims: Mapping[str, Any], name: str) -> str:
    try:
        date = numeric_date(claims, name)
    except InvalidToken:
        return "out of range"
    ahead = date - wall_clock()
    unit, size = next((unit for unit in _UNITS if abs(ahead) >= 2 * unit[1]), _UNITS[-1])
    count = f"{abs(ahead) / size:.0f} {unit}"
    words = f"in {count}" if ahead > 0 else f"{count} ago"
    return f"{words} ({datetime.fromtimestamp(date, UTC):%Y-%m-%dT%H:%M:%SZ})"
