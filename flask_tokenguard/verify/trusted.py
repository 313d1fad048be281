"""Trusted issuers: the keys, the rules and the names of claims of one issuer's tokens."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ..errors import InvalidToken
from ..jose.compact import Compact, Header
from ..jose.jwk import Key, KeySource
from .claims import ClaimNames, Claims, ForeignClaims, VerifiedToken
from .validators import NoneOf, TimeRule, Validator, check_period


class TrustedIssuer:
    """An issuer that is believed: by which keys, and what its tokens must say.

    Attributes:
        keys: Where its keys are found.
        rules: What its tokens are checked for, by the claim or header member that a rule is about;
            of one token a rule always says the same, but for a `TimeRule`.
        live_rules: Further rules, whose answer may change at any time, and so are asked every time.
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
        "leeway",
        "live_rules",
        "read_claims",
        "requires_encryption",
        "rules",
    )

    def __init__(
        self,
        keys: KeySource[Key],
        rules: Mapping[str, Validator],
        *,
        live_rules: Iterable[Validator] = (),
        names: ClaimNames | None = None,
        requires_encryption: bool = False,
    ) -> None:
        """Take what the attributes say; `names` is where it says scopes and roles, None for us."""
        self.keys = keys
        self.rules = rules
        self.live_rules = tuple(live_rules)
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

    def check_live(self, token: VerifiedToken) -> None:
        """Check the further rules."""
        for rule in self.live_rules:
            if rule(token) is not None:
                raise _returned(rule)


def _returned(rule: Validator) -> TypeError:
    return TypeError(f"{rule!r} returned a value; a validator raises, or returns None")
