"""Former program: the claims that another program reads in our tokens, while it still may."""

from typing import Any, NamedTuple


class FormerProgram(NamedTuple):
    """What another program reads in our tokens, which took them for its own and still may.

    Attributes:
        kind_claim: The claim by which it knows access tokens from refresh tokens.
        kind: Its value in ours.
        fresh_claim: The claim by which it knows a login; the app may write it otherwise.
        subject_claim: The claim in which it looks for the subject.
        until: From when on these are not written any more, in seconds since the epoch.
    """

    kind_claim: str
    kind: str
    fresh_claim: str
    subject_claim: str
    until: int

    @property
    def reserved(self) -> frozenset[str]:
        """The claims that an app must not write itself, as long as it is configured."""
        return frozenset({self.kind_claim, self.subject_claim})

    def add_to(self, claims: dict[str, Any]) -> None:
        """Add its claims to those of a token: fresh is the very token of a login."""
        claims[self.kind_claim] = self.kind
        claims[self.fresh_claim] = "auth_time" in claims and claims["auth_time"] >= claims["iat"]
        claims[self.subject_claim] = claims["sub"]
