"""Trusted issuers: the keys, the rules and the names of claims of one issuer's tokens.

Rules are run once for a token: what `rules` decide is cached, with the period of the rules of time.
The live rules are run at every request.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ..errors import InvalidToken, Reason, Refusal
from ..jose.compact import Compact, Header
from ..jose.jwk import Key, KeySource
from ..quoting import quote_list, quote_name
from .claims import ClaimNames, Claims, ForeignClaims, IssuerTraits, VerifiedToken
from .validators import Period, TimeRule, Validator, check_period


class TrustedIssuer:
    """An issuer that is trusted, with its keys and with what its tokens must state.

    Attributes:
        keys: Where its keys are found.
        rules: What its tokens are checked for, by the claim or header member that a rule is about.
            For one token a rule always decides the same, but for a `TimeRule`.
        live_rules: Further rules, which are run every time, since their answer may change.
        read_claims: Makes the claims of a payload whose signature was verified.
        traits: What its verified tokens keep of it.
        requires_encryption: Whether a token that is only signed is refused.
    """

    __slots__ = (
        "_lasting_rules",
        "_time_rules",
        "keys",
        "live_rules",
        "read_claims",
        "requires_encryption",
        "rules",
        "traits",
    )

    def __init__(
        self,
        keys: KeySource[Key],
        rules: Mapping[str, Validator],
        *,
        name: str | None = None,
        live_rules: Iterable[Validator] = (),
        names: ClaimNames | None = None,
        requires_encryption: bool = False,
    ) -> None:
        """Set up an issuer by what the attributes are, and by its names of claims.

        `name` is its `iss`. `names` maps its scope and roles claims; None for our own tokens.
        """
        self.keys = keys
        self.rules = rules
        self.live_rules = tuple(live_rules)
        every = rules.values()
        self._time_rules = tuple(rule for rule in every if isinstance(rule, TimeRule))
        self._lasting_rules = tuple(rule for rule in every if not isinstance(rule, TimeRule))
        leeways = [rule.leeway for rule in self._time_rules if rule.claim == "iat"]
        self.traits = IssuerTraits(is_own=names is None, leeway=max(leeways, default=0), name=name)
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
        try:
            keys = self.keys.find(header, "sig")
        except Refusal as error:
            error.issuer = self.traits.name
            raise
        if not keys:
            raise self._without_key(header)
        for key in keys:
            if header.alg not in key.algs:
                refusal = _wrong_algorithm("The token's algorithm is not its key's", header, [key])
                refusal.issuer, refusal.kid = self.traits.name, header.kid
                raise refusal
        return keys

    def _without_key(self, header: Header) -> InvalidToken:
        """Make the refusal of a token for which no key was found."""
        description = "No key is known for the token's kid and alg"
        known = [key for key in self.keys if header.kid is None or key.kid == header.kid]
        if known and not any(header.alg in key.algs for key in known):
            error = _wrong_algorithm(description, header, known)
            error.kid = header.kid
        else:
            came = "no kid" if header.kid is None else f"kid {quote_name(header.kid)}"
            kids = quote_list(key.kid for key in self.keys)
            detail = f"{came} and alg {quote_name(header.alg)} came, known kids: {kids}"
            error = InvalidToken(description, reason=Reason.UNKNOWN_KEY, detail=detail)
        error.issuer = self.traits.name
        return error

    def verify_signature(self, parsed: Compact) -> Key:
        """Verify a signature, and return the key that made it.

        Raises:
            InvalidToken: The key is not known, or did not sign this.
            Unavailable: The issuer's keys cannot be had.
        """
        for key in self.find_keys(parsed.header):
            if key.verify(parsed.signing_input, parsed.signature):
                return key
        error = InvalidToken(
            "The token's signature is not valid",
            reason=Reason.BAD_SIGNATURE,
            detail=f"alg {quote_name(parsed.header.alg)} came",
        )
        error.issuer, error.kid = self.traits.name, parsed.header.kid
        raise error

    def check(self, token: VerifiedToken) -> Period:
        """Check the rules, and return the period in which those of time are kept.

        Raises:
            InvalidToken: One is broken.
        """
        try:
            for rule in self._lasting_rules:
                if rule(token) is not None:
                    raise _returned(rule)
            return check_period(self._time_rules, token.claims)
        except Refusal as error:
            token.attach_to(error)
            raise

    def check_live(self, token: VerifiedToken) -> None:
        """Check the live rules.

        Raises:
            Rejected: One is broken.
            Unavailable: One could not be checked.
        """
        try:
            for rule in self.live_rules:
                if rule(token) is not None:
                    raise _returned(rule)
        except Refusal as error:
            token.attach_to(error)
            raise


def _wrong_algorithm(description: str, header: Header, keys: Iterable[Key]) -> InvalidToken:
    accepted = quote_list(alg for key in keys for alg in key.algs)
    detail = f"alg {quote_name(header.alg)} came, accepted: {accepted}"
    return InvalidToken(description, reason=Reason.WRONG_ALGORITHM, detail=detail)


def _returned(rule: Validator) -> TypeError:
    return TypeError(f"{rule!r} returned a value; a validator raises, or returns None")
