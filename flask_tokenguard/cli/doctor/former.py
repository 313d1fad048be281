"""Former tokens: risks of those that another program issued for us."""

from ...errors import Unavailable
from ...keys.text import text_of
from ...web.parts import Parts
from ..output import instant
from .risk import Places, Risk, where
from .secrets import is_weak


def weak_former_keys(parts: Parts) -> Places:
    """List the risks of the key of another program's tokens."""
    former = parts.settings.former_tokens
    if former is None:
        return []
    faults = list(parts.former_warnings)
    if is_weak(text_of(former.key)):
        faults.append("is made of few characters, or of words, and can be guessed")
    return [{"fault": fault} for fault in faults]


def lacks_import(parts: Parts) -> bool:
    """Return whether the store refuses another program's tokens for what it does not know."""
    former, revocation = parts.settings.former_tokens, parts.revocation
    if former is None or revocation is None or parts.clock() >= former.until:
        return False
    try:
        return revocation.lacks_import(issuer=parts.settings.issuer)
    except Unavailable:  # as the risks of the store show
        return False


def knows_nothing_revoked(parts: Parts) -> bool:
    """Return whether nothing shows which of another program's tokens were revoked."""
    return (
        parts.settings.former_tokens is not None
        and parts.revocation is None
        and parts.callbacks.former_token_revoked is None
    )


def ends_of_former_tokens(parts: Parts) -> Places:
    """Return the day from which on another program's tokens are refused, if it lies ahead."""
    former = parts.settings.former_tokens
    if former is None or parts.clock() >= former.until:
        return []
    return [{"day": instant(former.until)[:10]}]


def has_refused_former_tokens(parts: Parts) -> bool:
    """Return whether that day has come."""
    former = parts.settings.former_tokens
    return former is not None and parts.clock() >= former.until


RISKS: tuple[Risk, ...] = (
    Risk(
        "warning",
        "weak_former_key",
        "TOKENGUARD_FORMER_TOKENS",
        "The key of the old tokens {fault}: who finds it out makes tokens that pass here.",
        "Name an early day as until; new tokens are signed with another key.",
        weak_former_keys,
    ),
    Risk(
        "warning",
        "former_import_missing",
        "TOKENGUARD_FORMER_TOKENS",
        "The old tokens are refused: what was revoked before is not known to the store.",
        "Run `flask tokenguard import-revoked FILE`; an empty file counts.",
        where(lacks_import),
    ),
    Risk(
        "warning",
        "former_revocation_unknown",
        "TOKENGUARD_FORMER_TOKENS",
        "Old tokens that were revoked are accepted: there is no store, and nobody is asked.",
        "Set TOKENGUARD_STORAGE_URI and import them, or register @guard.former_token_revoked.",
        where(knows_nothing_revoked),
    ),
    Risk(
        "advice",
        "former_tokens_accepted",
        "TOKENGUARD_FORMER_TOKENS",
        "Tokens of another program are accepted until {day}.",
        "Take it out after that day.",
        ends_of_former_tokens,
    ),
    Risk(
        "warning",
        "former_tokens_over",
        "TOKENGUARD_FORMER_TOKENS",
        "Its day has come: the old tokens are refused.",
        "Take it out.",
        where(has_refused_former_tokens),
    ),
)
