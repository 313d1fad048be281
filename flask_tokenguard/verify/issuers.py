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
from ..per_process import PerProcess
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
                not trusted; called once in five minutes for an issuer, and by each thread that
                comes before the first answer.
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
        self._changing = PerProcess(threading.RLock)

    def resolved(self) -> dict[str, TrustedIssuer]:
        """Return those that the app has resolved in the last five minutes, 1,024 at most."""
        now = self._monotonic()
        with self._changing.get():
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
        trusted, resolve = self.table.get(issuer), self._resolve
        if trusted is not None or resolve is None:
            return trusted
        resolved = self._known(issuer)
        now = self._monotonic()
        if resolved is None or now >= resolved.until:
            # Not under the lock: what an app does, and what listens to its log, may ask for more.
            entry = resolve(issuer)
            built = self._build_unless_known(issuer, entry)
            resolved = self._keep(issuer, _Resolved(now + _RESOLVED_FOR, entry, built))
        return resolved.trusted

    def _known(self, issuer: str) -> "_Resolved | None":
        return self._accepted.get(issuer) or self._refused.get(issuer)

    def _build_unless_known(self, issuer: str, entry: object) -> TrustedIssuer | None:
        known = self._known(issuer)
        if known is not None and known.entry == entry:
            # The same entry keeps its keys.
            return known.trusted
        return None if entry is None else self._build_or_refuse(issuer, entry)

    def _keep(self, issuer: str, resolved: "_Resolved") -> "_Resolved":
        """Keep what was resolved, unless another thread has asked later, or for the same."""
        with self._changing.get():
            known = self._known(issuer)
            if known is not None:
                if known.until > resolved.until:
                    return known
                if known.entry == resolved.entry:
                    resolved = resolved._replace(trusted=known.trusted)
            self._refused.pop(issuer, None)
            self._accepted.pop(issuer, None)
            group = self._refused if resolved.trusted is None else self._accepted
            group[issuer] = resolved
            while len(group) > _MOST_RESOLVED:
                group.popitem(last=False)
            return resolved

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
