"""Former parts: TOKENGUARD_FORMER_TOKENS -> what verifies the tokens of another program as ours."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..clock import Clock
from ..config.former import SETTING, FormerEntry
from ..config.settings import Settings
from ..issue.former import FormerProgram
from ..keys.remote.former import FormerKeys, read_former_keys
from ..sessions.former import FormerSessions
from ..sessions.revocation import REVOCATION_HORIZON
from ..stores.base import Store
from ..verify import validators
from ..verify.former import FormerClaims, FormerTokens, until
from ..verify.trusted import TrustedIssuer
from ..verify.validators import Validator

_logger = logging.getLogger("flask_tokenguard")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerParts:
    """Makes what verifies the tokens of another program.

    Attributes:
        settings: Those of the app.
        entry: What the config names.
        keys: What verifies them.
        clock: Seconds since the epoch, UTC.
    """

    settings: Settings
    entry: FormerEntry
    keys: FormerKeys
    clock: Clock

    def tokens(self, kind: str, live_rules: Iterable[Validator]) -> FormerTokens:
        """Build the trust in one kind of their tokens.

        Args:
            kind: `access` or `refresh`.
            live_rules: Rules that are run at every request.
        """
        entry, profile = self.entry, self.entry.profile
        trusted = TrustedIssuer(
            self.keys.keys,
            self._rules(kind),
            name=self.settings.issuer,
            live_rules=(until(entry.until, self.clock), *live_rules),
            former=FormerClaims(
                issuer=self.settings.issuer,
                subject_claim=entry.subject_claim,
                fresh_claim=profile.fresh_claim,
                clock=self.clock,
            ),
        )
        return FormerTokens(
            trusted=trusted,
            types=profile.types,
            algorithms=profile.algorithms,
            issuer=entry.issuer,
        )

    def _rules(self, kind: str) -> dict[str, Validator]:
        profile, clock = self.entry.profile, self.clock
        leeway = int(self.settings.leeway.total_seconds())
        return {
            "typ": validators.has_type(profile.types),
            "claims": validators.has_claims(sorted(profile.required)),
            "kind": validators.has_values({profile.kind_claim: kind}),
            "aud": validators.has_audience(self.entry.audience),
            "sub": validators.has_text("sub"),
            "jti": validators.has_text("jti"),
            "exp": validators.is_current(leeway, clock),
            "nbf": validators.is_begun("nbf", leeway, clock),
            "iat": validators.is_begun("iat", leeway, clock, is_required=True),
            "cnf": validators.is_bearer,
        }

    def program(self, kind: str) -> FormerProgram:
        """Return what our own tokens of a kind have for that program's sake."""
        profile = self.entry.profile
        return FormerProgram(
            kind_claim=profile.kind_claim,
            kind=kind,
            fresh_claim=profile.fresh_claim,
            subject_claim=self.entry.subject_claim,
            until=self.entry.until,
        )

    def sessions(
        self, store: Store, client_id: str | None, on_end: Callable[[], None]
    ) -> FormerSessions:
        """Build what their refresh tokens are read by."""
        return FormerSessions(
            store,
            kind_claim=self.entry.profile.kind_claim,
            issuer=self.settings.issuer,
            client_id=client_id,
            longest=self.settings.session_lifetime,
            until=self.entry.until,
            on_end=on_end,
        )


def build_former(
    settings: Settings, entry: FormerEntry, clock: Clock, faults: list[str]
) -> FormerParts:
    """Read the key of TOKENGUARD_FORMER_TOKENS, and warn of a bad one."""
    keys = read_former_keys(entry.key, algorithms=entry.profile.algorithms, on_fault=faults.append)
    horizon = REVOCATION_HORIZON
    if entry.until > clock() + horizon.total_seconds():
        faults.append(
            f"{SETTING}.until must be at most {horizon.days} days ahead, for which the end of a"
            " subject is remembered; name a nearer day, and a later one when that comes"
        )
    for warning in keys.warnings:
        _logger.warning("%s: the key %s", SETTING, warning)
    return FormerParts(settings=settings, entry=entry, keys=keys, clock=clock)
