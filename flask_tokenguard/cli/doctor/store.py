"""Store: risks of the data that outlive a token, and of refresh tokens."""

from datetime import timedelta

from ...errors import Unavailable
from ...web.parts import Parts
from ..routes import routes_of
from .risk import Places, Risk, where


def revocation_delay(parts: Parts) -> Places:
    """Return for how long a token may be accepted that another process revoked."""
    delay = parts.settings.revocation_delay
    if not delay or has_idle_delay(parts):
        return []
    return [{"seconds": f"{delay.total_seconds():g}"}]


def has_idle_delay(parts: Parts) -> bool:
    """Return whether a delay has no answer that it could apply to."""
    settings = parts.settings
    has_cache = settings.cache_size and settings.cache_lifetime
    return bool(settings.revocation_delay) and not (parts.store is not None and has_cache)


def risks_of_the_store(parts: Parts) -> Places:
    """List what endangers the data in the store."""
    try:
        risks = () if parts.store is None else parts.store.risks()
    except Unavailable:
        risks = ("It cannot be reached.",)
    return [{"risk": risk} for risk in risks]


def has_short_grace(parts: Parts) -> bool:
    """Look for a grace that is over when a client comes again after the store's timeout."""
    grace, timeout = parts.settings.refresh_grace, parts.settings.storage_timeout
    # `Retry-After` is at most half of the grace, but at least a second.
    longest_wait = max(grace / 2, timedelta(seconds=1))
    return parts.store is not None and timedelta(0) < grace <= timeout + longest_wait


def rotating_routes_without_a_store(parts: Parts) -> Places:
    """List the endpoints that demand a refresh token of an app that can have none."""
    if parts.sessions is not None:
        return []
    demanding = (
        route for route in routes_of(parts) if any(demand.is_refresh for demand in route.demands)
    )
    names = sorted({route.endpoint for route in demanding})
    return [{"endpoints": ", ".join(names)}] if names else []


RISKS: tuple[Risk, ...] = (
    Risk(
        "warning",
        "accepts_in_outage",
        "TOKENGUARD_STORAGE_OUTAGE",
        "While the store is away, revoked access tokens are accepted.",
        "Set refuse, unless an outage is worse for you than a revoked token.",
        where(lambda parts: parts.settings.storage_outage == "accept"),
    ),
    Risk(
        "advice",
        "revocation_delay",
        "TOKENGUARD_REVOCATION_DELAY",
        "A token that another process revoked is accepted for at most {seconds} seconds more, also"
        " while the store is away.",
        "Set 0 where the next request must be refused.",
        revocation_delay,
    ),
    Risk(
        "advice",
        "idle_revocation_delay",
        "TOKENGUARD_REVOCATION_DELAY",
        "It has no effect without a store and the token cache.",
        "Set TOKENGUARD_STORAGE_URI and TOKENGUARD_CACHE_SIZE, or leave it out.",
        where(has_idle_delay),
    ),
    Risk(
        "warning",
        "store_at_risk",
        "TOKENGUARD_STORAGE_URI",
        "{risk}",
        "Name a store that keeps what it is given: sqlite:///tokenguard.db, or a Redis or Valkey in"
        " reach with noeviction, appendonly yes and appendfsync always.",
        risks_of_the_store,
    ),
    Risk(
        "advice",
        "rotation_off",
        "TOKENGUARD_REFRESH_ROTATION",
        "Nobody notices that a refresh token was stolen: it works until its session ends. RFC 9700"
        " section 4.14.2 asks rotation or sender constraint of public clients.",
        'Set "on" once your clients keep the refresh token that each refresh returns.',
        where(lambda parts: not parts.settings.rotates_refresh_tokens),
    ),
    Risk(
        "advice",
        "short_grace",
        "TOKENGUARD_REFRESH_GRACE",
        "A refresh whose answer from the store gets lost is tried again after the grace, which ends"
        " the session.",
        "Set more than twice TOKENGUARD_STORAGE_TIMEOUT and at least 2 seconds, or 0.",
        where(has_short_grace),
    ),
    Risk(
        "warning",
        "refresh_without_store",
        "TOKENGUARD_STORAGE_URI",
        "These demand a refresh token, and answer 500 without a store: {endpoints}.",
        "Name a store: sqlite:///tokenguard.db for one machine, a Redis or Valkey for several.",
        rotating_routes_without_a_store,
    ),
)
