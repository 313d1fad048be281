"""Other trusted issuers: a fixed table, plus tenants that the app resolves.

An `iss` that is in neither is refused; nothing is fetched for it.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..clock import Clock, Steady
from ..errors import ConfigurationError, Reason, Unavailable
from ..quoting import quote
from .trusted import TrustedIssuer

Resolve = Callable[[str], object]
_MOST_RESOLVED = 1024
_RESOLVED_FOR = 300.0
_logger = logging.getLogger("flask_tokenguard")


class Issuers:
    """Finds a trusted issuer by its `iss`.

    Attributes:
        table: Those that are fixed, by their `iss`.
    """

    def __init__(
        self,
        table: Mapping[str, TrustedIssuer],
        *,
        resolve: Resolve | None = None,
        build: Callable[[str, object], TrustedIssuer],
        monotonic: Clock = Steady.now,
    ) -> None:
        """Take the table, and how the app finds further issuers.

        Args:
            table: By `iss`.
            resolve: Returns an entry as TOKENGUARD_ISSUERS has it, or None for an issuer that is
                not trusted; called once in five minutes for an issuer.
            build: Builds the trusted issuer of an entry; raises a `ConfigurationError` where the
                entry is bad.
            monotonic: Seconds, for the life of what was resolved.
        """
        self.table = dict(table)
        self._resolve = resolve
        self._build = build
        self._monotonic = monotonic
        self._accepted: OrderedDict[str, _Resolved] = OrderedDict()
        # Apart, so that a flood of names that nobody has drives out no tenant.
        self._refused: OrderedDict[str, _Resolved] = OrderedDict()
        self._changing = threading.Lock()

    def resolved(self) -> dict[str, TrustedIssuer]:
        """Return those that the app has resolved in the last five minutes, 1,024 at most."""
        now = self._monotonic()
        with self._changing:
            return {
                name: resolved.trusted
                for name, resolved in self._accepted.items()
                if resolved.trusted is not None and now < resolved.until
            }

    def find(self, issuer: str) -> TrustedIssuer | None:
        """Find a trusted issuer by its name.

        Raises:
            Unavailable: The entry that the app's resolver returned cannot be used.
        """
        trusted = self.table.get(issuer)
        if trusted is not None or self._resolve is None:
            return trusted
        resolved = self._accepted.get(issuer) or self._refused.get(issuer)
        if resolved is not None and self._monotonic() < resolved.until:
            return resolved.trusted
        return self._keep(issuer, self._resolve(issuer))

    def _keep(self, issuer: str, entry: object) -> TrustedIssuer | None:
        with self._changing:
            self._refused.pop(issuer, None)
            former = self._accepted.pop(issuer, None)
            if former is not None and former.entry == entry:
                # The same entry keeps its keys.
                trusted = former.trusted
            else:
                trusted = None if entry is None else self._build_or_refuse(issuer, entry)
            group = self._refused if trusted is None else self._accepted
            group[issuer] = _Resolved(self._monotonic() + _RESOLVED_FOR, entry, trusted)
            while len(group) > _MOST_RESOLVED:
                group.popitem(last=False)
            return trusted

    def _build_or_refuse(self, issuer: str, entry: object) -> TrustedIssuer:
        try:
            return self._build(issuer, entry)
        except ConfigurationError as error:
            # The name in it is of a token of which nothing is verified.
            fault = quote(str(error))
            _logger.error("the issuer resolver's entry: %s", fault)  # noqa: TRY400 - no frames
            unavailable = Unavailable(
                "The token's issuer cannot be checked", reason=Reason.ISSUER_MISCONFIGURED
            )
            unavailable.issuer = issuer
            raise unavailable from None


class _Resolved(NamedTuple):
    """The entry that the app returned for an issuer, and the issuer that was built from it."""

    until: float
    entry: object
    trusted: TrustedIssuer | None
