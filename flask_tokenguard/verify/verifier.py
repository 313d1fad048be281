"""From an untrusted string to a `VerifiedToken` (RFC 7519 section 7.2).

Parse, find the issuer and its key, verify the signature, and only then believe and check the
claims. Before that, `iss` alone is read, to choose among the issuers of a closed table (RFC 8725
section 3.8): a key of one issuer never verifies a token of another.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ..errors import InvalidToken
from ..jose import compact, jwe, strict_json
from ..jose.compact import Compact, Header
from ..jose.jwe import EncryptionKey
from ..jose.jwk import Key, KeySource
from .cache import Entry, VerifiedCache, read_values
from .claims import ClaimNames, Claims, ForeignClaims, VerifiedToken
from .validators import NoneOf, TimeRule, Validator, check_period


class Trust:
    """An issuer that is believed: by which keys, and what its tokens must say.

    Attributes:
        keys: Where its keys are found.
        rules: What its tokens are checked for, by the claim or header member that a rule is about;
            of one token a rule always says the same, but for a `TimeRule`.
        last: Further rules, whose answer may change at any time, and so are asked every time.
        leeway: By how many seconds the `iat` of its tokens may lie ahead.
        read_claims: Makes the claims of a payload whose signature was verified.
        is_own: Whether it is us.
        requires_encryption: Whether a token of its that is only signed is refused.
    """

    __slots__ = (
        "_absent",
        "_singly",
        "_timed",
        "is_own",
        "keys",
        "last",
        "leeway",
        "read_claims",
        "requires_encryption",
        "rules",
    )

    def __init__(
        self,
        keys: KeySource[Key],
        rules: Mapping[str, Validator],
        *,
        last: Iterable[Validator] = (),
        names: ClaimNames | None = None,
        requires_encryption: bool = False,
    ) -> None:
        """Take what the attributes say; `names` is where it says scopes and roles, None for us."""
        self.keys = keys
        self.rules = rules
        self.last = tuple(last)
        every = tuple(rules.values())
        self._timed = tuple(rule for rule in every if isinstance(rule, TimeRule))
        self.leeway = max((rule.leeway for rule in self._timed if rule.claim == "iat"), default=0)
        forbidding = [rule for rule in every if isinstance(rule, NoneOf)]
        self._absent = frozenset(claim for rule in forbidding for claim in rule.claims)
        self._singly = tuple(rule for rule in every if not isinstance(rule, TimeRule | NoneOf))
        self.is_own = names is None
        self.read_claims: Callable[[Any], Claims] = Claims
        if names is not None:
            self.read_claims = partial(ForeignClaims, names=names)
        self.requires_encryption = requires_encryption

    def find_keys(self, header: Header) -> Sequence[Key]:
        """Find the keys that may have signed a token with this header, at least one.

        Raises:
            InvalidToken: None is known, or the one that is named has another algorithm.
            Unavailable: The issuer's keys cannot be had.
        """
        keys = self.keys.find(header, "sig")
        if not keys:
            raise InvalidToken("No key is known for the token's kid and alg")
        for key in keys:
            if header.alg not in key.algs:
                raise InvalidToken("The token's algorithm is not its key's")
        return keys

    def verify_signature(self, parsed: Compact) -> Key:
        """Verify with the key that the header names, and tell which it was.

        Raises:
            InvalidToken: The key is not known, or did not sign this.
            Unavailable: The issuer's keys cannot be had.
        """
        for key in self.find_keys(parsed.header):
            if key.verify(parsed.signing_input, parsed.signature):
                return key
        raise InvalidToken("The token's signature is not valid")

    def check(self, token: VerifiedToken) -> tuple[float, float]:
        """Check the rules, and tell from when until when those of time are kept.

        Raises:
            InvalidToken: One is broken.
        """
        # Most tokens have none of the claims that must not be there, which one call tells.
        is_usual = self._absent.isdisjoint(token.claims)
        for rule in self._singly if is_usual else self.rules.values():
            if rule(token) is not None:
                raise _returned(rule)
        return check_period(self._timed, token.claims)

    def check_last(self, token: VerifiedToken) -> None:
        """Check the further rules."""
        for rule in self.last:
            if rule(token) is not None:
                raise _returned(rule)


class TokenVerifier:
    """Verifies tokens: of our own, and of other issuers if there are any."""

    def __init__(
        self,
        own: Trust,
        *,
        others: Callable[[str], Trust | None] | None = None,
        issuer: str | None = None,
        max_size: int = 8192,
        decryption_keys: KeySource[EncryptionKey] | None = None,
        cache: "VerifiedCache[Trust] | None" = None,
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
            trust, _, _, verified = self._authenticate(token)
            trust.check(verified)
            trust.check_last(verified)
            return verified
        name, entry = cache.find(token)
        if name is not None and entry is not None:
            recalled = self._recall(cache, name, entry)
            if recalled is not None:
                return recalled
        trust, key, parsed, verified = self._authenticate(token)
        period = trust.check(verified)
        if trust.last:
            trust.check_last(verified)
        if name is not None:
            origin = None, parsed.header, trust, key
            cache.keep(name, parsed.payload, origin, period, verified.trace)
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

    def trust_for(self, payload: Mapping[str, Any]) -> Trust:
        """Choose who is to be believed by a payload of which nothing is believed yet.

        Args:
            payload: Unverified; of it, `iss` alone is read.

        Raises:
            InvalidToken: The issuer is not one that is known.
        """
        issuer = payload.get("iss")
        if self._others is None or issuer is None or issuer == self._issuer:
            return self._own
        trust = self._others(issuer) if isinstance(issuer, str) else None
        if trust is None:
            raise InvalidToken("The token is from another issuer (iss)", claim="iss")
        return trust

    def _recall(
        self, cache: "VerifiedCache[Trust]", name: bytes, entry: Entry[Trust]
    ) -> VerifiedToken | None:
        """Recall a token if all that could have changed has not, and ask its last rules again."""
        written, (names, header, trust, key), _, _, _, trace = entry
        if key not in trust.keys:
            return None
        if names is None:
            payload = strict_json.parse_object(written)
            cache.rewrite(name, entry, payload)
            claims = trust.read_claims(payload)
        else:
            values = read_values(written)
            claims = trust.read_claims(zip(names, values))  # noqa: B905 - it costs a third
        if self._others is not None and self.trust_for(claims) is not trust:
            return None
        verified = VerifiedToken(header, claims, trace, is_own=trust.is_own, leeway=trust.leeway)
        if trust.last:
            trust.check_last(verified)
        return verified

    def _authenticate(self, token: str) -> tuple[Trust, Key, Compact, VerifiedToken]:
        parsed = self.parse(token)
        if self._others is None:
            trust = self._own
            key = trust.verify_signature(parsed)
            payload = compact.parse_payload(parsed)
        else:
            payload = compact.parse_payload(parsed)
            trust = self.trust_for(payload)
            if trust.requires_encryption and token.count(".") != 4:
                raise InvalidToken("The token is not encrypted")
            key = trust.verify_signature(parsed)
        claims = trust.read_claims(payload)
        verified = VerifiedToken(parsed.header, claims, is_own=trust.is_own, leeway=trust.leeway)
        return trust, key, parsed, verified


def _returned(rule: Validator) -> TypeError:
    return TypeError(f"{rule!r} returned a value; a validator raises, or returns None")
