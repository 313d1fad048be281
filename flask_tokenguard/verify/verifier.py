"""From an untrusted string to a `VerifiedToken` (RFC 7519 section 7.2).

Parse, find the issuer and its key, verify the signature, and only then believe and check the
claims. Before that, `iss` alone is read, to choose among the issuers of a closed table (RFC 8725
section 3.8): a key of one issuer never verifies a token of another.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InvalidToken
from ..jose import compact, jwe, strict_json
from ..jose.compact import Compact
from ..jose.jwe import EncryptionKey
from ..jose.jwk import Key, KeySource
from .cache import Entry, VerifiedCache, read_values
from .claims import VerifiedToken
from .trusted import TrustedIssuer


class TokenVerifier:
    """Verifies tokens: of our own, and of other issuers if there are any."""

    def __init__(
        self,
        own: TrustedIssuer,
        *,
        others: Callable[[str], TrustedIssuer | None] | None = None,
        issuer: str | None = None,
        max_size: int = 8192,
        decryption_keys: KeySource[EncryptionKey] | None = None,
        cache: "VerifiedCache[TrustedIssuer] | None" = None,
    ) -> None:
        """Take who is trusted.

        Args:
            own: Our own keys and rules.
            others: Finds another issuer by its `iss`; None where there are none.
            issuer: Our own `iss`, or None.
            max_size: The longest token that is looked at, in characters.
            decryption_keys: Where keys for encrypted tokens are found; None refuses them. A token
                that is remembered is not decrypted again, so they must stay what they are.
            cache: Remembers tokens that were verified, for this verifier alone; None for none.
        """
        self._own = own
        self._others = others
        self._issuer = issuer
        self._max_size = max_size
        self._decryption_keys = decryption_keys
        self._cache = cache

    def verify(self, token: str) -> VerifiedToken:
        """Verify a token of any content.

        Raises:
            InvalidToken: It is malformed, forged, or breaks a rule.
            Rejected: A rule of the app says so.
            Unavailable: A rule could not be checked, or an issuer's keys could not be had.
        """
        cache = self._cache
        if cache is None:
            trusted, _, _, verified = self._authenticate(token)
            trusted.check(verified)
            trusted.check_live(verified)
            return verified
        name, entry = cache.find(token)
        if name is not None and entry is not None:
            recalled = self._recall(cache, name, entry)
            if recalled is not None:
                return recalled
        trusted, key, parsed, verified = self._authenticate(token)
        period = trusted.check(verified)
        if trusted.live_rules:
            trusted.check_live(verified)
        if name is not None:
            origin = None, parsed.header, trusted, key
            cache.keep(name, parsed.payload, origin, period, verified.revocation_key)
        return verified

    def authenticate(self, token: str) -> VerifiedToken:
        """Verify who signed a token, and no rule; it may have expired, or be of another type.

        Raises:
            InvalidToken: It is malformed or forged.
            Unavailable: An issuer's keys could not be had.
        """
        return self._authenticate(token)[3]

    def parse(self, token: str) -> Compact:
        """Check a token's size, decrypt it if need be, and parse what was signed; unverified.

        Raises:
            InvalidToken: It is malformed, or not encrypted as it must be.
        """
        if len(token) > self._max_size:
            raise InvalidToken("The token is too long")
        if self._decryption_keys is not None and token.count(".") == 4:
            token = jwe.decrypt(token, self._decryption_keys)
        elif self._own.requires_encryption and self._others is None:
            raise InvalidToken("The token is not encrypted")
        return compact.parse(token)

    def trusted_issuer_for(self, payload: Mapping[str, Any]) -> TrustedIssuer:
        """Choose who is to be believed by a payload of which nothing is believed yet.

        Args:
            payload: Unverified; of it, `iss` alone is read.

        Raises:
            InvalidToken: The issuer is not one that is known.
        """
        iss = payload.get("iss")
        if self._others is None or iss is None or iss == self._issuer:
            return self._own
        trusted = self._others(iss) if isinstance(iss, str) else None
        if trusted is None:
            raise InvalidToken("The token is from another issuer (iss)", claim="iss")
        return trusted

    def _recall(
        self, cache: "VerifiedCache[TrustedIssuer]", name: bytes, entry: Entry[TrustedIssuer]
    ) -> VerifiedToken | None:
        """Recall a token if all that could have changed has not, and run its live rules again."""
        written, (names, header, trusted, key), _, _, _, revocation_key = entry
        if key not in trusted.keys:
            return None
        if names is None:
            payload = strict_json.parse_object(written)
            cache.rewrite(name, entry, payload)
            claims = trusted.read_claims(payload)
        else:
            values = read_values(written)
            claims = trusted.read_claims(zip(names, values))  # noqa: B905 - it costs a third
        if self._others is not None and self.trusted_issuer_for(claims) is not trusted:
            return None
        verified = VerifiedToken(
            header, claims, revocation_key, is_own=trusted.is_own, leeway=trusted.leeway
        )
        if trusted.live_rules:
            trusted.check_live(verified)
        return verified

    def _authenticate(self, token: str) -> tuple[TrustedIssuer, Key, Compact, VerifiedToken]:
        parsed = self.parse(token)
        if self._others is None:
            trusted = self._own
            key = trusted.verify_signature(parsed)
            payload = compact.parse_payload(parsed)
        else:
            payload = compact.parse_payload(parsed)
            trusted = self.trusted_issuer_for(payload)
            if trusted.requires_encryption and token.count(".") != 4:
                raise InvalidToken("The token is not encrypted")
            key = trusted.verify_signature(parsed)
        claims = trusted.read_claims(payload)
        verified = VerifiedToken(
            parsed.header, claims, is_own=trusted.is_own, leeway=trusted.leeway
        )
        return trusted, key, parsed, verified
