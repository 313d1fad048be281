"""Who else is believed: the closed table of other issuers, and tenants that the app resolves.

An `iss` that is in neither is refused; nothing is fetched for it.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..errors import ConfigurationError, Unavailable
from .trusted import TrustedIssuer

Resolve = Callable[[str], object]
_MOST_RESOLVED = 1024
_RESOLVED_FOR = 300.0
_logger = logging.getLogger("flask_tokenguard")


class Issuers:
    """Finds a trusted issuer by its `iss`."""

    def __init__(
        self,
        table: Mapping[str, TrustedIssuer],
        *,
        resolve: Resolve | None = None,
        build: Callable[[str, object], TrustedIssuer],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the table, and how the app finds further issuers.

        Args:
            table: By `iss`.
            resolve: Gives an entry as TOKENGUARD_ISSUERS has it, or None for one that is not to be
                believed; asked once in five minutes for an issuer.
            build: Builds the trusted issuer of an entry; raises a `ConfigurationError` where the
                entry is bad.
            monotonic: Seconds, for the life of what was resolved.
        """
        self._table = dict(table)
        self._resolve = resolve
        self._build = build
        self._monotonic = monotonic
        self._believed: OrderedDict[str, _Resolved] = OrderedDict()
        # Apart, so that a flood of names that nobody has drives out no tenant.
        self._refused: OrderedDict[str, _Resolved] = OrderedDict()
        self._changing = threading.Lock()

    def find(self, issuer: str) -> TrustedIssuer | None:
        """Find who is believed under this name, or None.

        Raises:
            Unavailable: What the app's resolver gave cannot be used.
        """
        trusted = self._table.get(issuer)
        if trusted is not None or self._resolve is None:
            return trusted
        known = self._believed.get(issuer) or self._refused.get(issuer)
        if known is not None and self._monotonic() < known.until:
            return known.trusted
        return self._remember(issuer, self._resolve(issuer))

    def _remember(self, issuer: str, said: object) -> TrustedIssuer | None:
        with self._changing:
            self._refused.pop(issuer, None)
            known = self._believed.pop(issuer, None)
            if known is not None and known.said == said:
                # The same entry keeps its keys.
                trusted = known.trusted
            else:
                trusted = None if said is None else self._made(issuer, said)
            resolved = self._refused if trusted is None else self._believed
            resolved[issuer] = _Resolved(self._monotonic() + _RESOLVED_FOR, said, trusted)
            while len(resolved) > _MOST_RESOLVED:
                resolved.popitem(last=False)
            return trusted

    def _made(self, issuer: str, said: object) -> TrustedIssuer:
        try:
            return self._build(issuer, said)
        except ConfigurationError as error:
            _logger.error("the issuer resolver's entry %s", error)  # noqa: TRY400 - no frames
            raise Unavailable("The token's issuer cannot be checked") from None


class _Resolved(NamedTuple):
    """What the app said of an issuer, and what was made of it."""

    until: float
    said: object
    trusted: TrustedIssuer | None
