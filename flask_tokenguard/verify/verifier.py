"""The verifier: an untrusted string -> a `VerifiedToken` (RFC 7519 section 7.2).

Parse, find the issuer and its key, verify the signature, and only then check the claims. Before
that, `iss` alone is read, to choose among the issuers of a closed table (RFC 8725 section 3.8). A
key of one issuer never verifies a token of another.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InvalidToken, Reason, Refusal
from ..jose import compact
from ..jose.compact import Compact, Header
from ..jose.jwk import Key, KeySource
from .cache import VerifiedCache, digest_of
from .claims import VerifiedToken
from .refusals import bad_signature, foreign_algorithm, without_key, wrong_issuer
from .trusted import TrustedIssuer
from .validators import Validator, check_period

if TYPE_CHECKING:
    from ..jose.jwe import EncryptionKey
    from .former import FormerTokens


class TokenVerifier:
    """Verifies tokens: of our own, and of other issuers if there are any.

    Attributes:
        cache: Keeps tokens that were verified; None for none.
    """

    def __init__(
        self,
        own: TrustedIssuer,
        *,
        others: Callable[[str], TrustedIssuer | None] | None = None,
        former: "FormerTokens | None" = None,
        names: Collection[str] = (),
        issuer: str | None = None,
        max_size: int = compact.LONGEST_TOKEN,
        decryption_keys: "KeySource[EncryptionKey] | None" = None,
        cache: VerifiedCache | None = None,
    ) -> None:
        """Set up a verifier.

        Args:
            own: Ourselves.
            others: Finds another issuer by its `iss`; None where there are none.
            former: Those that another program issued for us, unless there are none.
            names: The names of other issuers, for the log; not those that the app resolves.
            issuer: Our own `iss`, or None.
            max_size: The longest token that is looked at, in characters.
            decryption_keys: Where keys for encrypted tokens are found; None refuses them. A cached
                token is not decrypted again, so they must stay what they are.
            cache: Keeps tokens that were verified, for this verifier alone; None for none.
        """
        self._own = own
        self._others = others
        self._former = former
        self._routes = others is not None or former is not None
        own_name = () if issuer is None else (issuer,)
        self._accepted = dict.fromkeys((*own_name, *names))
        self._has_own_keys = any(True for _ in own.keys)
        self._issuer = issuer
        self._max_size = max_size
        self._decrypt = None if decryption_keys is None else _decrypter(decryption_keys)
        self.cache = cache

    def verify(self, token: str) -> VerifiedToken:
        """Verify a token of any content.

        Raises:
            InvalidToken: It is malformed, forged, or breaks a rule.
            Rejected: A rule of the app refuses it.
            Unavailable: A rule could not be checked, or an issuer's keys could not be had.
        """
        cache = self.cache
        digest = None if cache is None else digest_of(token)
        if cache is not None and digest is not None:
            cached = self._recall(cache, digest)
            if cached is not None:
                return cached
        parsed = self.parse(token)
        trusted, key, verified = self._authenticate(parsed, token)
        try:
            _check(trusted.lasting_rules, verified)
            period = check_period(trusted.time_rules, verified.claims)
            if trusted.live_rules:
                _check(trusted.live_rules, verified)
        except Refusal as error:
            verified.attach_to(error)
            raise
        if cache is not None and digest is not None:
            payload = parsed.payload
            cache.keep(digest, verified, payload=payload, trusted=trusted, key=key, period=period)
        return verified

    def authenticate(self, token: str) -> VerifiedToken:
        """Verify a token's signature, and no rule: it may have expired, or be of another type.

        Raises:
            InvalidToken: It is malformed or forged.
            Unavailable: An issuer's keys could not be had.
        """
        return self._authenticate(self.parse(token), token)[2]

    def parse(self, token: str) -> Compact:
        """Check a token's size, decrypt it if need be, and parse what was signed; unverified.

        Raises:
            InvalidToken: It is malformed, or not encrypted as it must be.
        """
        if len(token) > self._max_size:
            raise InvalidToken(
                "The token is too long",
                reason=Reason.TOO_LARGE,
                detail=f"{len(token)} characters came, at most {self._max_size} are read",
            )
        if self._decrypt is not None and token.count(".") == 4:
            token = self._decrypt(token)
        elif self._own.requires_encryption and not self._routes:
            raise InvalidToken("The token is not encrypted", reason=Reason.NOT_ENCRYPTED)
        return compact.parse(token)

    def trusted_issuer_for(
        self, payload: Mapping[str, Any], header: Header | None = None
    ) -> TrustedIssuer:
        """Return the trusted issuer that an unverified token names.

        Args:
            payload: Of it, `iss` alone is read.
            header: The form of former tokens is recognised by it; None finds no former issuer.

        Raises:
            InvalidToken: The issuer is not one that is known.
        """
        iss = payload.get("iss")
        if self._former is not None and header is not None:
            is_others = self._others is not None and iss != self._issuer
            former = self._former.find(header, payload, is_others=is_others)
            if former is not None:
                return former
        if self._others is None or iss == self._issuer or iss is None:
            if iss is None and not self._has_own_keys:
                raise wrong_issuer(payload, self._accepted)
            return self._own
        trusted = self._others(iss) if isinstance(iss, str) else None
        if trusted is None:
            raise wrong_issuer(payload, self._accepted)
        return trusted

    def _recall(self, cache: VerifiedCache, digest: bytes) -> VerifiedToken | None:
        """Return a cached token if its key is still trusted, after running the live rules again."""
        entry = cache.find(digest)
        if entry is None or entry.key not in entry.trusted.keys:
            return None
        token, trusted = cache.read(digest, entry), entry.trusted
        # A former token's claims have our `iss`, which is not what it was routed by.
        if self._others is not None and not trusted.traits.is_former:
            issuer = self.trusted_issuer_for(token.claims, token.protected)
            if issuer is not trusted:
                return None
        if trusted.live_rules:
            try:
                _check(trusted.live_rules, token)
            except Refusal as error:
                token.attach_to(error)
                raise
        return token

    def _authenticate(
        self, parsed: Compact, token: str
    ) -> tuple[TrustedIssuer, Key, VerifiedToken]:
        if not self._routes:
            trusted = self._own
            key = verify_signature(trusted, parsed)
            payload = compact.parse_payload(parsed)
        else:
            payload = compact.parse_payload(parsed)
            trusted = self.trusted_issuer_for(payload, parsed.header)
            if trusted.requires_encryption and token.count(".") != 4:
                raise InvalidToken("The token is not encrypted", reason=Reason.NOT_ENCRYPTED)
            key = verify_signature(trusted, parsed)
        claims = trusted.read_claims(payload)
        return trusted, key, VerifiedToken(parsed.header, claims, trusted.traits)


def find_keys(trusted: TrustedIssuer, header: Header) -> Sequence[Key]:
    """Find the keys of an issuer that may have signed a token with this header, at least one.

    Raises:
        InvalidToken: None is known, or the one that is named has another algorithm.
        Unavailable: The issuer's keys cannot be had.
    """
    try:
        found = trusted.keys.find(header, "sig")
    except Refusal as error:
        error.issuer = trusted.traits.name
        raise
    if not found:
        raise without_key(header, trusted.keys, trusted.traits)
    for key in found:
        if header.alg not in key.algs:
            raise foreign_algorithm(header, key, trusted.traits)
    return found


def verify_signature(trusted: TrustedIssuer, parsed: Compact) -> Key:
    """Verify a signature, and return the key that made it.

    Raises:
        InvalidToken: The key is not known, or did not sign this.
        Unavailable: The issuer's keys cannot be had.
    """
    for key in find_keys(trusted, parsed.header):
        if key.verify(parsed.signing_input, parsed.signature):
            return key
    raise bad_signature(parsed.header, trusted.traits)


def _check(rules: Iterable[Validator], token: VerifiedToken) -> None:
    """Check rules, ours and those of the app.

    Raises:
        Rejected: One is broken.
        Unavailable: One could not be checked.
    """
    for rule in rules:
        if rule(token) is not None:
            raise TypeError(f"{rule!r} returned a value; a validator raises, or returns None")


def _decrypter(keys: "KeySource[EncryptionKey]") -> Callable[[str], str]:
    from ..jose.jwe import decrypt  # noqa: PLC0415 - imported when used

    return lambda token: decrypt(token, keys)
