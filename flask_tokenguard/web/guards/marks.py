"""Marks: what our decorators leave on a view, and the one look that finds them again.

The look goes down the chains from the registered view, so that no cache, limiter or schema above a
guard can answer before it. Hook, `routes` and `doctor` use this look and no other.
`functools.wraps` copies a mark with the rest of `__dict__`; a mark counts on its owner alone.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial, partialmethod
from types import FunctionType
from typing import Any, ClassVar
from weakref import ref

from .chains import (
    BINDINGS,
    MOST_STEPS,
    Chain,
    attribute,
    chains_of,
    directly_below,
    held_by,
    things_below,
)
from .demands import Demand

_MARK = "__tokenguard__"
# Views are decorated as modules are imported, which no server forks in the midst of.
_marking = threading.RLock()


class Edition:
    """How many marks were put in place; one more may change what was found before."""

    number: ClassVar[int] = 0


class Demands:
    """What an endpoint demands.

    Attributes:
        demands: Each once, the outermost first.
        is_refresh: Whether that is a refresh token, and no access token.
        locations: Where alone the token is looked for; empty for where the setting names.
        is_plain: Whether an access token is looked for where the setting names.
        is_public: Whether it stays open under `TOKENGUARD_PROTECT = "all"`.
        answers_preflights: Whether a decorator above the guard does, such as one of flask-cors.
    """

    __slots__ = (
        "answers_preflights",
        "demands",
        "is_plain",
        "is_public",
        "is_refresh",
        "locations",
    )

    def __init__(
        self, demands: tuple[Demand, ...], *, is_public: bool, answers_preflights: bool
    ) -> None:
        self.demands = demands
        self.is_refresh = any(demand.is_refresh for demand in demands)
        self.locations = next(filter(None, (demand.locations for demand in demands)), ())
        self.is_plain = not self.is_refresh and not self.locations
        self.is_public = is_public
        self.answers_preflights = answers_preflights


class Mark:
    """What a function demands.

    Attributes:
        demand: Its own, of a wrapper of ours; None on a public one and on a bare function.
        from_above: Those of wrappers around it, which count where this very function is registered.
    """

    __slots__ = ("_owner", "demand", "from_above", "is_public")

    def __init__(
        self, owner: Callable[..., Any], *, demand: Demand | None = None, is_public: bool = False
    ) -> None:
        # Weak, so that a wrapper made for one request goes with it and not at a collection.
        self._owner = ref(owner)
        self.demand = demand
        self.is_public = is_public
        self.from_above: tuple[Demand, ...] = ()

    def belongs_to(self, thing: object) -> bool:
        """Check that this is no copy."""
        return self._owner() is thing


def demands_on(view: object, method: str) -> Demands:
    """Find what a registered view demands; of a class view, what the method that will run does.

    Args:
        view: What `app.view_functions` holds for it.
        method: The request's, in upper case.

    Raises:
        TypeError: `public` is on one chain with a demand, or an access token and a refresh token
            are demanded, or one in different locations.
    """
    demands: dict[Demand, None] = {}
    is_public = answers_preflights = False
    for chain in chains_of(view, method):
        demanded = _demands_along(chain)
        if any(found.is_public for found in _marks_on(chain)):
            if demanded:
                raise TypeError(f"{view!r} is public and demands a token; take one of them away")
            is_public = True
        demands |= dict.fromkeys(demanded)
        answers_preflights = answers_preflights or _answers_preflights(chain, view, demanded)
    if len({demand.is_refresh for demand in demands}) > 1:
        raise TypeError(
            f"{view!r} demands an access token and a refresh token; take one of them away"
        )
    _check_locations(view, demands)
    return Demands(tuple(demands), is_public=is_public, answers_preflights=answers_preflights)


def _marks_on(chain: Chain) -> Iterator[Mark]:
    for thing in (*chain.decorators, *chain.things):
        found = _mark_of(thing)
        if found is not None:
            yield found


def _demands_along(chain: Chain) -> tuple[Demand, ...]:
    """List what is demanded along a chain."""
    own = tuple(found.demand for found in _marks_on(chain) if found.demand is not None)
    first = _mark_of(chain.things[0]) if chain.things else None
    return own if first is None else (*own, *first.from_above)


def hides_a_demand(view: object, seen_demands: Collection[Demand]) -> bool:
    """Check whether a view can reach a demand for more than those that `demands_on` has seen.

    A decorator without `functools.wraps` holds what it decorates in its closure, a callable object
    in an attribute.
    """
    seen: dict[int, object] = {}
    waiting = [view]
    while waiting and len(seen) < MOST_STEPS:
        thing = waiting.pop()
        # A class may hold anything; what its instances call is not known.
        if id(thing) in seen or isinstance(thing, type) or not callable(thing):
            continue
        seen[id(thing)] = thing
        found = _mark_of(thing)
        demand = None if found is None else found.demand
        if demand is not None and _asks_more_than(seen_demands, demand):
            return True
        waiting += [*directly_below(thing), *held_by(thing)]
    return False


def _asks_more_than(others: Collection[Demand], demand: Demand) -> bool:
    is_met = not demand.asks_more and not all(other.optional for other in others)
    return not is_met and demand not in others


def _check_locations(view: object, demands: Iterable[Demand]) -> None:
    if len({demand.locations for demand in demands if demand.locations}) > 1:
        raise TypeError(f"{view!r} demands its token in different locations; name them once")


def mark(function: Callable[..., Any], demand: Demand | None) -> None:
    """Mark what a decorator of ours returns; without a demand it is public."""
    setattr(function, _MARK, Mark(function, demand=demand, is_public=demand is None))


def mark_below(view: Callable[..., Any], demand: Demand) -> None:
    """Mark the plain functions that a new wrapper covers: one of them may be registered already.

    What is no plain function is left alone, and so is all below it: a bound method is made anew for
    each request, and others may share what it is bound to.
    """
    thing: object = view
    seen: set[int] = set()
    while id(thing) not in seen and len(seen) < MOST_STEPS:
        seen.add(id(thing))
        if type(thing) is FunctionType:
            _add_from_above(thing, demand)
        elif issubclass(type(thing), (*BINDINGS, partial, partialmethod)):
            break
        thing = attribute(thing, "__wrapped__")
    Edition.number += 1


def _add_from_above(function: FunctionType, demand: Demand) -> None:
    # Apps that are made at once may decorate one function: what is lost here is demanded of nobody.
    with _marking:
        found = _mark_of(function) or Mark(function)
        found.from_above += (demand,)
        setattr(function, _MARK, found)


def check_unmarked(view: object, *, by: Demand | None) -> None:
    """Check that a new wrapper around a view contradicts no mark on the chain below it.

    Args:
        view: What the wrapper will cover.
        by: What it will demand; None if it will be public.

    Raises:
        TypeError: `public` would be on one chain with a demand, or twice; or an access token and a
            refresh token would be demanded on one, or one in different locations.
    """
    for thing in things_below(view):
        found = _mark_of(thing)
        if found is not None and by is None:
            raise TypeError(f"{view!r} is guarded or public already")
        if found is not None and found.is_public:
            raise TypeError(f"{view!r} is public; it cannot demand a token too")
        demand = None if found is None else found.demand
        if by is not None and demand is not None and demand.is_refresh != by.is_refresh:
            raise TypeError(f"{view!r} demands {demand}; it cannot demand {by} too")
        if by is not None and demand is not None:
            _check_locations(view, (by, demand))


def _answers_preflights(chain: Chain, view: object, demanded: tuple[Demand, ...]) -> bool:
    """Check for Flask's way to let a decorator answer OPTIONS, above a wrapper of ours."""
    return (
        bool(demanded)
        and next(iter(chain.things), None) is view
        and _mark_of(view) is None
        and attribute(view, "provide_automatic_options") is False
    )


def _mark_of(thing: object) -> Mark | None:
    found = attribute(thing, _MARK)
    return found if type(found) is Mark and found.belongs_to(thing) else None
