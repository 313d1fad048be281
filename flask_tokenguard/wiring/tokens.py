"""Token parts: settings and keys -> what issues and verifies the tokens of one app."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from ..clock import Clock
from ..config.settings import OWN_CLAIMS, REFRESH_TYPE, Settings
from ..issue.ids import subject_id
from ..issue.issuer import LongestLifetime, TokenIssuer
from ..keys.own import OwnKeys
from ..verify import validators
from ..verify.cache import VerifiedCache
from ..verify.trusted import TrustedIssuer
from ..verify.validators import Validator
from ..verify.verifier import TokenVerifier

if TYPE_CHECKING:
    from ..keys.encryption import ConfiguredEncryption
    from ..sessions.revocation import Revocation
    from ..sessions.rotation import Sessions
    from ..stores.base import Store
    from ..verify.former import FormerTokens
    from ..verify.issuers import Issuers
    from .former import FormerParts


class TokenParts(NamedTuple):
    """Makes what issues and verifies the tokens of one app, from the same settings and keys."""

    settings: Settings
    keys: OwnKeys
    encryption: "ConfiguredEncryption | None"
    store: "Store | None"
    clock: Clock
    former: "FormerParts | None" = None

    def access_verifier(
        self,
        live_rules: Iterable[Validator],
        others: "Issuers | None",
        *,
        former_rules: Iterable[Validator] = (),
    ) -> TokenVerifier:
        """Build the verifier of access tokens.

        Args:
            live_rules: Rules for the tokens of every issuer.
            others: Other trusted issuers.
            former_rules: Rules that are run at every request with a token of another program.
        """
        settings = self.settings
        rules = self._rules(settings.types, settings.required_claims)
        former = None if self.former is None else self.former.tokens("access", former_rules)
        if self.ends_kept_for is not None:
            rules["lifetime"] = validators.lives_at_most(self.ends_kept_for)
        return self._verifier(rules, live_rules, others, former=former, cache=self._cache())

    def _verifier(
        self,
        rules: Mapping[str, Validator],
        live_rules: Iterable[Validator] = (),
        others: "Issuers | None" = None,
        *,
        former: "FormerTokens | None" = None,
        cache: VerifiedCache | None = None,
    ) -> TokenVerifier:
        encryption = self.encryption
        return TokenVerifier(
            TrustedIssuer(
                self.keys,
                rules,
                name=self.settings.issuer,
                live_rules=live_rules,
                requires_encryption=encryption is not None and encryption.required,
            ),
            others=None if others is None else others.find,
            former=former,
            names=() if others is None else others.table.keys(),
            issuer=self.settings.issuer,
            max_size=self.settings.max_token_size,
            decryption_keys=None if encryption is None else encryption.decrypting,
            cache=cache,
        )

    def _cache(self) -> VerifiedCache | None:
        size, lifetime = self.settings.cache_size, self.settings.cache_lifetime
        if not size or not lifetime:
            return None
        return VerifiedCache(size, lifetime.total_seconds(), clock=self.clock)

    def access_issuer(self) -> TokenIssuer:
        """Build the issuer of access tokens."""
        settings = self.settings
        return self._issuer(settings.types[0], settings.access_token_lifetime, "access")

    def _issuer(self, typ: str | None, lifetime: timedelta, kind: str) -> TokenIssuer:
        settings, store = self.settings, self.store
        issuer = TokenIssuer(
            self.keys,
            encryption_key=None if self.encryption is None else self.encryption.encrypting,
            lifetime=lifetime,
            longest=self._longest_lifetime(lifetime),
            typ=typ,
            issuer=settings.issuer,
            audience=settings.audience[0] if settings.audience else None,
            client_id=settings.client_id or settings.issuer,
            max_size=settings.max_token_size,
            clock=self.clock,
            has_csrf=settings.has_cookies,
            next_instant=None
            if store is None
            else lambda subject: store.next_instant(subject_id(settings.issuer, subject)),
            former=None if self.former is None else self.former.program(kind),
        )
        issuer.check_size()
        return issuer

    def _longest_lifetime(self, lifetime: timedelta) -> LongestLifetime | None:
        if self.settings.keyring is not None:
            return LongestLifetime(
                int(lifetime.total_seconds()),
                "TOKENGUARD_KEYRING drops a key when the longest token that it signed has expired;"
                " raise TOKENGUARD_ACCESS_TOKEN_LIFETIME",
            )
        if self.store is None:
            return None
        return LongestLifetime(
            int(_remembered_for(lifetime).total_seconds()),
            "the store (TOKENGUARD_STORAGE_URI) remembers no longer what was ended; raise"
            " TOKENGUARD_ACCESS_TOKEN_LIFETIME",
        )

    def revocation(self) -> "Revocation | None":
        """Build the revocation; None without a store."""
        longest = self.ends_kept_for
        if self.store is None or longest is None:
            return None
        from ..sessions.revocation import Revocation  # noqa: PLC0415 - imported when used

        return Revocation(
            self.store,
            longest_lifetime=longest,
            leeway=self.settings.leeway,
            clock=self.clock,
            accepts_in_outage=self.settings.storage_outage == "accept",
            delay=self.settings.revocation_delay,
        )

    def sessions(
        self,
        access: TokenIssuer,
        revocation: "Revocation | None",
        *,
        former_rules: Iterable[Validator] = (),
    ) -> "Sessions | None":
        """Build the sessions; None without a store.

        Args:
            access: The issuer of access tokens.
            revocation: What refuses them.
            former_rules: Rules for refresh tokens of another program.
        """
        if self.store is None or revocation is None:
            return None
        from ..sessions.pairs import PairIssuer  # noqa: PLC0415 - imported when used
        from ..sessions.rotation import Sessions  # noqa: PLC0415 - imported when used

        settings, former, on_end = self.settings, self.former, revocation.drop_answers
        return Sessions(
            self.store,
            pairs=PairIssuer(
                access=access,
                refresh=self._issuer(REFRESH_TYPE, settings.refresh_token_lifetime, "refresh"),
                lifetime=settings.refresh_token_lifetime,
                longest=settings.session_lifetime,
            ),
            verifier=self._verifier(
                self._rules((REFRESH_TYPE,), OWN_CLAIMS),
                former=None if former is None else former.tokens("refresh", former_rules),
            ),
            issuer=settings.issuer,
            rotates=settings.rotates_refresh_tokens,
            former=None
            if former is None
            else former.sessions(self.store, access.client_id, on_end),
            grace=settings.refresh_grace,
            leeway=settings.leeway,
            clock=self.clock,
            on_end=on_end,
        )

    @property
    def ends_kept_for(self) -> timedelta | None:
        """How long a subject's end is remembered; None without a store."""
        if self.store is None:
            return None
        return _remembered_for(self.settings.access_token_lifetime)

    def _rules(
        self, types: Collection[str | None], required: Collection[str]
    ) -> dict[str, Validator]:
        settings, clock = self.settings, self.clock
        leeway = int(settings.leeway.total_seconds())
        further = [claim for claim in required if claim not in ("exp", *OWN_CLAIMS)]
        return {
            "typ": validators.has_type(types),
            "iss": validators.has_issuer(settings.issuer),
            "aud": validators.has_audience(settings.audience),
            "sub": validators.has_text("sub", is_required="sub" in required),
            "jti": validators.has_text("jti", is_required="jti" in required),
            "exp": validators.is_current(leeway, clock),
            "nbf": validators.is_begun("nbf", leeway, clock),
            "iat": validators.is_begun("iat", leeway, clock, is_required="iat" in required),
            "cnf": validators.is_bearer,
            **({"claims": validators.has_claims(further)} if further else {}),
        }


def _remembered_for(lifetime: timedelta) -> timedelta:
    """Return how long a store remembers the end of a subject whose tokens live so long."""
    from ..sessions.revocation import REVOCATION_HORIZON  # noqa: PLC0415 - imported when used

    return max(lifetime, REVOCATION_HORIZON)
