"""Tokens: risks of what is accepted of our own, and for how long."""

from datetime import timedelta

from ...config.settings import OWN_CLAIMS
from ...jose.compact import media_type
from ...web.parts import Parts
from .risk import Places, Risk, where


def is_one_of_many(parts: Parts) -> bool:
    """Return whether another service's tokens would pass for ours."""
    settings = parts.settings
    is_issuer = parts.keys.signing is not None
    return is_issuer and (settings.issuer is None or not settings.audience)


def takes_every_type(parts: Parts) -> bool:
    """Return whether the type of a token keeps nothing out."""
    return any(typ is None or media_type(typ) == "jwt" for typ in parts.settings.types)


def claims_not_required(parts: Parts) -> Places:
    """List the claims of ours that a token may lack."""
    lacking = [claim for claim in OWN_CLAIMS if claim not in parts.settings.required_claims]
    return [{"claims": ", ".join(lacking)}] if lacking else []


RISKS: tuple[Risk, ...] = (
    Risk(
        "advice",
        "shared_key_unnamed",
        "TOKENGUARD_ISSUER, TOKENGUARD_AUDIENCE",
        "Two services that share a key take each other's tokens.",
        "Set both.",
        where(is_one_of_many),
    ),
    Risk(
        "warning",
        "long_access_lifetime",
        "TOKENGUARD_ACCESS_TOKEN_LIFETIME",
        "A stolen token works for more than an hour.",
        "Set 15 minutes.",
        where(lambda parts: parts.settings.access_token_lifetime > timedelta(hours=1)),
    ),
    Risk(
        "advice",
        "long_leeway",
        "TOKENGUARD_LEEWAY",
        "Expired tokens work for more than a minute longer.",
        "Synchronize the clocks and set 0.",
        where(lambda parts: parts.settings.leeway > timedelta(minutes=1)),
    ),
    Risk(
        "warning",
        "every_type",
        "TOKENGUARD_TYPES",
        "Every kind of token may have JWT or no type, also those that are no access tokens.",
        "Leave only at+jwt when the old tokens have expired.",
        where(takes_every_type),
    ),
    Risk(
        "advice",
        "claims_not_required",
        "TOKENGUARD_REQUIRED_CLAIMS",
        "Tokens without {claims} are accepted; none of them can be revoked.",
        "Leave it out once all that sign write iat, sub and jti.",
        claims_not_required,
    ),
)
