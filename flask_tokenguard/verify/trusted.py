"""Trusted issuers: the keys, the rules and the names of claims of one issuer's tokens.

`verifier` runs the rules once for a token: what they decide is cached, with the period of those of
time. It runs the live rules at every request.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

from ..jose.jwk import Key, KeySource
from .claims import ClaimNames, Claims, ForeignClaims, IssuerTraits
from .validators import TimeRule, Validator

ReadClaims: TypeAlias = Callable[[Any], Claims]


class TrustedIssuer:
    """An issuer that is trusted, with its keys and with what its tokens must state.

    Attributes:
        keys: Where its keys are found.
        rules: What its tokens are checked for, by the claim or header member that a rule is about.
            For one token a rule always decides the same, but for a `TimeRule`.
        lasting_rules, time_rules: The rules, parted by that.
        live_rules: Further rules, which are run every time, since their answer may change.
        read_claims: Makes the claims of a payload whose signature was verified.
        traits: What its verified tokens keep of it.
        requires_encryption: Whether a token that is only signed is refused.
    """

    __slots__ = (
        "keys",
        "lasting_rules",
        "live_rules",
        "read_claims",
        "requires_encryption",
        "rules",
        "time_rules",
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
        former: ReadClaims | None = None,
        requires_encryption: bool = False,
    ) -> None:
        """Set up an issuer by what the attributes are, and by its names of claims.

        `name` is its `iss`. `names` maps its scope and roles claims; None for our own tokens.
        `former` makes ours of the claims of a program that issued for us before.
        """
        self.keys = keys
        self.rules = rules
        self.live_rules = tuple(live_rules)
        every = rules.values()
        self.time_rules = tuple(rule for rule in every if isinstance(rule, TimeRule))
        self.lasting_rules = tuple(rule for rule in every if not isinstance(rule, TimeRule))
        leeways = [rule.leeway for rule in self.time_rules if rule.claim == "iat"]
        self.traits = IssuerTraits(
            is_own=names is None,
            leeway=max(leeways, default=0),
            name=name,
            is_former=former is not None,
        )
        self.read_claims: ReadClaims = former or Claims
        if names is not None:
            self.read_claims = partial(ForeignClaims, names=names)
        self.requires_encryption = requires_encryption
