"""Who else is believed: the closed table of other issuers, and tenants that the app resolves.

An `iss` that is in neither is refused; nothing is fetched for it.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

from . import validators
from .claims import ClaimNames
from .errors import ConfigurationError, Unavailable
from .issuer_entries import IssuerEntry
from .jose.jwk import Key, KeySource
from .validators import Clock, Validator
from .values import Fault
from .verifier import Trust

Resolve = Callable[[str], object]
_MOST_RESOLVED = 1024
_RESOLVED_FOR = 300.0
_logger = logging.getLogger("flask_tokenguard")


class Issuers:
    """Finds the trust in an issuer by its `iss`."""

    def __init__(
        self,
        table: Mapping[str, Trust],
        *,
        resolve: Resolve | None = None,
        trust: Callable[[str, object], Trust],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the table, and how the app finds further issuers.

        Args:
            table: By `iss`.
            resolve: Gives an entry as TOKENGUARD_ISSUERS has it, or None for one that is not to be
                believed; asked once in five minutes for an issuer.
            trust: Makes the trust of such an entry.
            monotonic: Seconds, for the life of what was resolved.
        """
        self._table = dict(table)
        self._resolve = resolve
        self._trust = trust
        self._monotonic = monotonic
        self._believed: OrderedDict[str, _Resolved] = OrderedDict()
        # Apart, so that a flood of names that nobody has drives out no tenant.
        self._refused: OrderedDict[str, _Resolved] = OrderedDict()
        self._changing = threading.Lock()

    def find(self, issuer: str) -> Trust | None:
        """Find who is believed under this name, or None.

        Raises:
            Unavailable: What the app's resolver gave cannot be used.
        """
        trust = self._table.get(issuer)
        if trust is not None or self._resolve is None:
            return trust
        known = self._believed.get(issuer) or self._refused.get(issuer)
        if known is not None and self._monotonic() < known.until:
            return known.trust
        return self._remember(issuer, self._resolve(issuer))

    def _remember(self, issuer: str, said: object) -> Trust | None:
        with self._changing:
            self._refused.pop(issuer, None)
            known = self._believed.pop(issuer, None)
            if known is not None and known.said == said:
                # The same entry keeps its keys.
                trust = known.trust
            else:
                trust = None if said is None else self._made(issuer, said)
            resolved = self._refused if trust is None else self._believed
            resolved[issuer] = _Resolved(self._monotonic() + _RESOLVED_FOR, said, trust)
            while len(resolved) > _MOST_RESOLVED:
                resolved.popitem(last=False)
            return trust

    def _made(self, issuer: str, said: object) -> Trust:
        try:
            return self._trust(issuer, said)
        except (Fault, ConfigurationError) as error:
            _logger.error("the issuer resolver's entry %s", error)  # noqa: TRY400 - no frames
            raise Unavailable("The token's issuer cannot be checked") from None


class _Resolved(NamedTuple):
    """What the app said of an issuer, and what was made of it."""

    until: float
    said: object
    trust: Trust | None


def trust_in(
    entry: IssuerEntry,
    keys: KeySource[Key],
    *,
    last: Iterable[Validator],
    leeway: timedelta,
    clock: Clock,
) -> Trust:
    """Say what an issuer's tokens must be, by its entry and its profile.

    Args:
        entry: The issuer.
        keys: Its keys.
        last: The app's own rules, and revocation.
        leeway: The app's, where the entry says none.
        clock: Seconds since the epoch, UTC.
    """
    profile = entry.profile
    seconds = int((leeway if entry.leeway is None else entry.leeway).total_seconds())
    rules = {
        "typ": validators.has_type(profile.types),
        "iss": validators.has_issuer(entry.issuer),
        **_audience_rules(entry),
        "exp": validators.is_current(seconds, clock),
        "nbf": validators.is_begun("nbf", seconds, clock),
        "iat": validators.is_begun("iat", seconds, clock),
        "claims": validators.has_claims(profile.required),
        "kind": validators.has_none_of(sorted(profile.absent), profile.remedies),
        "values": validators.has_values(profile.equals),
        "cnf": validators.is_bearer,
    }
    names = ClaimNames(profile.scope_claims, profile.roles_claim or ())
    return Trust(keys, rules, last=last, names=names)


def _audience_rules(entry: IssuerEntry) -> dict[str, Validator]:
    if entry.audience is None:
        return {}
    claim = entry.profile.audience_claim
    rules = {claim: validators.has_audience(entry.audience, claim)}
    if claim != "aud":
        # Where there is an aud all the same, it must name us too (RFC 7519 section 4.1.3).
        rules["aud"] = _unless_absent("aud", validators.has_audience(entry.audience))
    return rules


def _unless_absent(claim: str, rule: Validator) -> Validator:
    return lambda token: rule(token) if claim in token.claims else None
