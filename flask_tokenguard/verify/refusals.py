"""Refusals of tokens: errors with what came and what is accepted, in words for the log."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..errors import InvalidToken, Reason
from ..jose.compact import Header
from ..jose.jwk import Key
from ..quoting import contrast, contrast_issuers, quote_list, quote_name, quote_shape
from .claims import IssuerTraits, VerifiedToken


def wrong_type(typ: str | None, accepted: Iterable[str | None]) -> InvalidToken:
    """Make the refusal of a token whose header has another `typ`."""
    came = "no typ" if typ is None else f"typ {quote_name(typ)}"
    return InvalidToken(
        "The header has the wrong type (typ)",
        reason=Reason.WRONG_TYPE,
        detail=f"{came} came, accepted: {quote_list(accepted)}",
    )


def wrong_issuer(claims: Mapping[str, Any], accepted: Collection[str]) -> InvalidToken:
    """Make the refusal of a token whose `iss` is none of those that are accepted."""
    iss = claims.get("iss")
    detail = contrast_issuers(iss, accepted)
    if isinstance(iss, str):
        description, reason = "The token is from another issuer (iss)", Reason.WRONG_ISSUER
    elif "iss" in claims:
        description, reason = "The token's issuer is malformed (iss)", Reason.MALFORMED_CLAIM
    else:
        description, reason = "The token names no issuer (iss)", Reason.MISSING_CLAIM
        detail = f"accepted: {quote_list(accepted)}"
    return InvalidToken(description, claim="iss", reason=reason, detail=detail)


def wrong_audience(claim: str, came: Iterable[str], accepted: Iterable[str]) -> InvalidToken:
    """Make the refusal of a token that is for others."""
    return InvalidToken(
        f"The token is for another audience ({claim})",
        claim=claim,
        reason=Reason.WRONG_AUDIENCE,
        detail=contrast(claim, came, accepted),
    )


def malformed_claim(claim: str, token: VerifiedToken, description: str) -> InvalidToken:
    """Make the refusal of a token whose claim is of the wrong kind."""
    detail = f"{claim} is {quote_shape(token.claims[claim])}"
    return InvalidToken(description, claim=claim, reason=Reason.MALFORMED_CLAIM, detail=detail)


def missing_claim(claim: str, *, detail: str = "") -> InvalidToken:
    """Make the refusal of a token without a claim."""
    description = f"The token has no {claim}"
    return InvalidToken(description, claim=claim, reason=Reason.MISSING_CLAIM, detail=detail)


def missing_audience(claim: str, accepted: Iterable[str]) -> InvalidToken:
    """Make the refusal of a token that names no audience."""
    return InvalidToken(
        f"The token has no audience ({claim})",
        claim=claim,
        reason=Reason.MISSING_CLAIM,
        detail=f"accepted: {quote_list(accepted)}",
    )


def another_kind(claim: str, *, detail: str = "", remedy: str = "") -> InvalidToken:
    """Make the refusal of a token which a claim shows to be no access token."""
    return InvalidToken(
        f"The token is of another kind (claim {claim}){remedy}",
        claim=claim,
        reason=Reason.WRONG_CLAIM,
        detail=detail,
    )


def instants(claim: str, instant: float, *, now: float, leeway: int) -> str:
    """Describe an instant that has passed or has not come, in seconds since the epoch."""
    return f"{claim} is {instant:.0f}, it is {now:.0f} now, the leeway is {leeway} s"


def without_key(header: Header, keys: Iterable[Key], issuer: IssuerTraits) -> InvalidToken:
    """Make the refusal of a token for which an issuer has no key."""
    description = "No key is known for the token's kid and alg"
    every = list(keys)
    known = [key for key in every if header.kid is None or key.kid == header.kid]
    if known and not any(header.alg in key.algs for key in known):
        return _wrong_algorithm(description, header, known, issuer)
    came = "no kid" if header.kid is None else f"kid {quote_name(header.kid)}"
    kids = quote_list(key.kid for key in every)
    error = InvalidToken(
        description,
        reason=Reason.UNKNOWN_KEY,
        detail=f"{came} and alg {quote_name(header.alg)} came, known kids: {kids}",
    )
    error.issuer = issuer.name
    return error


def foreign_algorithm(header: Header, key: Key, issuer: IssuerTraits) -> InvalidToken:
    """Make the refusal of a token whose `alg` is not that of the key which it names."""
    return _wrong_algorithm("The token's algorithm is not its key's", header, [key], issuer)


def bad_signature(header: Header, issuer: IssuerTraits) -> InvalidToken:
    """Make the refusal of a token that none of the keys it may name has signed."""
    error = InvalidToken(
        "The token's signature is not valid",
        reason=Reason.BAD_SIGNATURE,
        detail=f"alg {quote_name(header.alg)} came",
    )
    error.issuer, error.kid = issuer.name, header.kid
    return error


def _wrong_algorithm(
    description: str, header: Header, keys: Iterable[Key], issuer: IssuerTraits
) -> InvalidToken:
    accepted = quote_list(alg for key in keys for alg in key.algs)
    detail = f"alg {quote_name(header.alg)} came, accepted: {accepted}"
    error = InvalidToken(description, reason=Reason.WRONG_ALGORITHM, detail=detail)
    error.issuer, error.kid = issuer.name, header.kid
    return error
