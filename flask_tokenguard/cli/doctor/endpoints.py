"""Endpoints: risks of what is open, or guarded where the hook does not see it."""

from ...config.settings import STATIC_ENDPOINTS
from ...web.guards.demands import Demand
from ...web.guards.marks import hides_a_demand
from ...web.parts import Parts
from ..routes import routes_of
from .risk import Places, Risk


def missing_login_view(parts: Parts) -> Places:
    """Return the login view that the app does not have, if any."""
    name = parts.settings.login_view
    is_missing = name is not None and name not in parts.app.view_functions
    return [{"endpoint": repr(name)}] if is_missing else []


def open_routes(parts: Parts) -> Places:
    """List the endpoints that are open by omission."""
    names = sorted({route.endpoint for route in routes_of(parts) if route.is_open_by_omission})
    return [{"endpoints": ", ".join(names)}] if names else []


def hidden_guards(parts: Parts) -> Places:
    """List the endpoints with a guard, of a demand of its own, that the hook does not see."""
    seen: dict[str, set[Demand]] = {}
    for route in routes_of(parts):
        seen.setdefault(route.endpoint, set()).update(route.demands)
    views = parts.app.view_functions.items()
    return [
        {"endpoint": name}
        for name, view in sorted(views)
        if hides_a_demand(view, seen.get(name, ()))
    ]


def idle_public_endpoints(parts: Parts) -> Places:
    """List what is named as public and no endpoint matches."""
    return [{"endpoint": repr(name)} for name in parts.idle_public_endpoints()]


def public_endpoints(parts: Parts) -> Places:
    """List the endpoints that the config opens, if it names more than static files."""
    if parts.settings.public_endpoints in ((), STATIC_ENDPOINTS):
        return []
    names = sorted(filter(parts.public_endpoints.fullmatch, parts.app.view_functions))
    return [{"endpoints": ", ".join(names)}] if names else []


RISKS: tuple[Risk, ...] = (
    Risk(
        "warning",
        "missing_login_view",
        "TOKENGUARD_LOGIN_VIEW",
        "Nobody is sent to the login: {endpoint} is no endpoint of the app.",
        "Write it as `flask routes` lists it: a blueprint's name comes before a dot.",
        missing_login_view,
    ),
    Risk(
        "warning",
        "open_by_omission",
        "TOKENGUARD_PROTECT",
        "These are open, and nothing marks them as public: {endpoints}.",
        'Mark them @public and set "all", or guard them.',
        open_routes,
    ),
    Risk(
        "warning",
        "hidden_guard",
        "{endpoint}",
        "A decorator hides a guard: what stands above, such as a cache, answers without it.",
        "Write @functools.wraps(view) in the decorator, or put @token_required above it.",
        hidden_guards,
    ),
    Risk(
        "warning",
        "idle_public_endpoint",
        "TOKENGUARD_PUBLIC_ENDPOINTS",
        "No endpoint matches {endpoint}.",
        "Write it as `flask routes` lists it: a blueprint's name comes before a dot.",
        idle_public_endpoints,
    ),
    Risk(
        "advice",
        "public_endpoints",
        "TOKENGUARD_PUBLIC_ENDPOINTS",
        "These need no token: {endpoints}.",
        "Leave out what is not for everybody.",
        public_endpoints,
    ),
)
