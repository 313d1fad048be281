"""Routes: list every endpoint of an app and what it demands."""

from typing import Any, NamedTuple

from werkzeug.routing import Rule

from ..web.guards.demands import ANY_TOKEN, Demand
from ..web.guards.marks import demands_on
from ..web.parts import Parts
from .output import fail


class Route(NamedTuple):
    """An endpoint under a rule, and what some of its methods demand.

    Attributes:
        demands: What is demanded; empty where the endpoint is open.
        is_public: Whether it is open on purpose.
    """

    endpoint: str
    methods: str
    rule: str
    demands: tuple[Demand, ...]
    is_public: bool

    @property
    def is_open_by_omission(self) -> bool:
        """Whether nobody decided about the endpoint."""
        return not self.demands and not self.is_public

    @property
    def text(self) -> str:
        """What is demanded, in words."""
        open_word = "public" if self.is_public else "nothing"
        return "; ".join(str(demand) for demand in self.demands) or open_word

    def as_row(self) -> dict[str, str]:
        """Return the row of a table."""
        return {**self._place(), "demands": self.text}

    def as_data(self) -> dict[str, Any]:
        """Return the members of a JSON object; a demand holds the fields that are set."""
        demands = [demand.as_data() for demand in self.demands]
        return {**self._place(), "public": self.is_public, "demands": demands}

    def _place(self) -> dict[str, str]:
        return {"endpoint": self.endpoint, "methods": self.methods, "rule": self.rule}


def routes_of(parts: Parts) -> list[Route]:
    """List the endpoints, a row for all methods that demand the same."""
    found = [
        route for rule in parts.app.url_map.iter_rules() for route in _routes_of_rule(rule, parts)
    ]
    return sorted(found, key=lambda route: tuple(route.as_row().values()))


def _routes_of_rule(rule: Rule, parts: Parts) -> list[Route]:
    methods = set(rule.methods or ())
    if getattr(rule, "provide_automatic_options", False):
        methods.discard("OPTIONS")
    by_text: dict[str, list[Route]] = {}
    for method in sorted(methods):
        demands, is_public = _demands(rule.endpoint, method, parts)
        route = Route(rule.endpoint, method, rule.rule, demands, is_public)
        by_text.setdefault(route.text, []).append(route)
    return [
        same[0]._replace(methods=" ".join(route.methods for route in same))
        for same in by_text.values()
    ]


def _demands(endpoint: str, method: str, parts: Parts) -> tuple[tuple[Demand, ...], bool]:
    """Return what is demanded, and whether the endpoint is public."""
    try:
        found = demands_on(parts.app.view_functions.get(endpoint), method)
    except TypeError as error:
        fail(f"{endpoint}: {error}")
    if found.demands:
        return found.demands, False
    is_public = found.is_public or bool(parts.public_endpoints.fullmatch(endpoint))
    return (ANY_TOKEN,) if parts.demands_all and not is_public else (), is_public
