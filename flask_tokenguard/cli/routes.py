"""What every endpoint of an app demands."""

from typing import NamedTuple

from werkzeug.routing import Rule

from ..web.marks import demands_on
from ..web.parts import Parts
from .output import fail


class Route(NamedTuple):
    """One endpoint under one rule, and what some of its methods demand.

    Attributes:
        demands: `public`, `nothing`, or what is demanded.
    """

    endpoint: str
    methods: str
    rule: str
    demands: str


def routes_of(parts: Parts) -> list[Route]:
    """List the endpoints, a row for all methods that demand the same."""
    found = [
        route for rule in parts.app.url_map.iter_rules() for route in _routes_of_rule(rule, parts)
    ]
    return sorted(found)


def _routes_of_rule(rule: Rule, parts: Parts) -> list[Route]:
    methods = set(rule.methods or ())
    if getattr(rule, "provide_automatic_options", False):
        methods.discard("OPTIONS")
    by_demands: dict[str, list[str]] = {}
    for method in sorted(methods):
        by_demands.setdefault(_demands(rule.endpoint, method, parts), []).append(method)
    return [
        Route(rule.endpoint, " ".join(names), rule.rule, demands)
        for demands, names in by_demands.items()
    ]


def _demands(endpoint: str, method: str, parts: Parts) -> str:
    try:
        found = demands_on(parts.app.view_functions.get(endpoint), method)
    except TypeError as error:
        fail(f"{endpoint}: {error}")
    if found.demands:
        return "; ".join(str(demand) for demand in found.demands)
    if found.is_public or parts.public_endpoints.fullmatch(endpoint):
        return "public"
    return "a token" if parts.demands_all else "nothing"
