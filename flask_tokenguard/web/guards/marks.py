"""Marks: what our decorators leave on a view, and the one look that finds them again.

The look goes down from the registered view along `__wrapped__`, so that no cache, limiter or schema
above a guard can answer before it. Hook, `routes` and `doctor` use this look and no other.
`functools.wraps` copies a mark with the rest of `__dict__`; a mark counts on its owner alone.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial, partialmethod
from inspect import getattr_static
from types import FunctionType, MethodType
from typing import Any, ClassVar
from weakref import ref

from .demands import Demand

_MARK = "__tokenguard__"
# As many steps as `inspect.unwrap` takes by default; circles end earlier.
_MOST_STEPS = 1000
_BINDINGS = (MethodType, staticmethod, classmethod)
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


class _Chain:
    """What is called one after the other for a request, the outermost first.

    Attributes:
        decorators: What a framework decorates with at every request; not called itself.
        things: What is there already. The marks from above count on the first.
    """

    __slots__ = ("decorators", "things")

    def __init__(self, start: object, decorators: tuple[object, ...] = ()) -> None:
        while issubclass(type(start), _BINDINGS):
            start = attribute(start, "__func__")
        self.things = _things_below(start)
        self.decorators = decorators

    def demands(self) -> tuple[Demand, ...]:
        """List what is demanded along the chain."""
        own = tuple(mark.demand for mark in self._marks() if mark.demand is not None)
        first = _mark_of(self.things[0]) if self.things else None
        return own if first is None else (*own, *first.from_above)

    def is_public(self) -> bool:
        """Check whether one of the chain is public."""
        return any(mark.is_public for mark in self._marks())

    def _marks(self) -> Iterator[Mark]:
        for thing in (*self.decorators, *self.things):
            mark = _mark_of(thing)
            if mark is not None:
                yield mark


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
    for chain in _chains_of(view, method):
        demanded = chain.demands()
        if chain.is_public():
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


def hides_a_demand(view: object, seen_demands: Collection[Demand]) -> bool:
    """Check whether a view can reach a demand for more than those that `demands_on` has seen.

    A decorator without `functools.wraps` holds what it decorates in its closure, a callable object
    in an attribute.
    """
    seen: dict[int, object] = {}
    waiting = [view]
    while waiting and len(seen) < _MOST_STEPS:
        thing = waiting.pop()
        # A class may hold anything; what its instances call is not known.
        if id(thing) in seen or isinstance(thing, type) or not callable(thing):
            continue
        seen[id(thing)] = thing
        found = _mark_of(thing)
        demand = None if found is None else found.demand
        if demand is not None and _asks_more_than(seen_demands, demand):
            return True
        waiting += [*_directly_below(thing), *_held_by(thing)]
    return False


def _asks_more_than(others: Collection[Demand], demand: Demand) -> bool:
    is_met = not demand.asks_more and not all(other.optional for other in others)
    return not is_met and demand not in others


def _held_by(thing: object) -> list[object]:
    """List what a function has in its closure, and what an object has in its attributes."""
    cells = attribute(thing, "__closure__") or ()
    held = [attribute(cell, "cell_contents") for cell in cells]
    attributes = attribute(thing, "__dict__")
    return [*held, *attributes.values()] if isinstance(attributes, dict) else held


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
    while id(thing) not in seen and len(seen) < _MOST_STEPS:
        seen.add(id(thing))
        if type(thing) is FunctionType:
            _add_from_above(thing, demand)
        elif issubclass(type(thing), (*_BINDINGS, partial, partialmethod)):
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
    for thing in _things_below(view):
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


def _chains_of(view: object, method: str) -> Iterator[_Chain]:
    """Go through a view's own chain, and those of the class behind it."""
    waiting = [_Chain(view)]
    classes: list[object] = []
    for chain in waiting:  # It grows on the way.
        yield chain
        for thing in chain.things:
            view_class = attribute(thing, "view_class")
            is_new = view_class is not None and all(view_class is not seen for seen in classes)
            if is_new and len(classes) < _MOST_STEPS:
                classes.append(view_class)
                waiting += _chains_of_class(view_class, method)


def _chains_of_class(view_class: object, method: str) -> tuple[_Chain, _Chain]:
    """Find what a class view calls; HEAD falls to GET as in `MethodView.dispatch_request`."""
    names = [method.lower()]
    handler = getattr_static(view_class, names[0], None)
    if handler is None and method == "HEAD":
        names.append("get")
        handler = getattr_static(view_class, "get", None)
    decorators = _method_decorators(view_class, names)
    dispatch = getattr_static(view_class, "dispatch_request", None)
    return _Chain(dispatch), _Chain(handler, decorators)


def _method_decorators(view_class: object, names: list[str]) -> tuple[object, ...]:
    """List what flask-restful and flask-restx decorate a method with, the outermost first.

    The former passes over a dict's `get` for HEAD and so serves it open; here it counts.
    """
    listed: Any = attribute(view_class, "method_decorators")
    try:
        if issubclass(type(listed), Mapping):
            listed = next((listed[name] for name in names if name in listed), None)
        members = [*listed] if issubclass(type(listed), Collection) else []
    except Exception:  # noqa: BLE001 - as in `attribute`
        return ()
    return tuple(thing for member in reversed(members) for thing in _things_below(member))


def _things_below(start: object) -> tuple[object, ...]:
    """Walk down from an object, which is the first; each once, for there may be circles."""
    # Kept alive meanwhile, so that no other can get an id that was seen.
    seen: dict[int, object] = {}
    waiting = [start]
    while waiting and len(seen) < _MOST_STEPS:
        thing = waiting.pop()
        if thing is not None and id(thing) not in seen:
            seen[id(thing)] = thing
            waiting += _directly_below(thing)
    return tuple(seen.values())


def _directly_below(thing: object) -> list[object]:
    """List what an object calls, as far as can be seen; what is called first comes last."""
    kind = type(thing)
    if kind is FunctionType:
        return [attribute(thing, "__wrapped__")]
    # A bound method shows the attributes of its function, so `__wrapped__` would miss that one.
    if issubclass(kind, _BINDINGS):
        return [attribute(thing, "__func__")]
    if issubclass(kind, (partial, partialmethod)):
        return [attribute(thing, "__wrapped__"), attribute(thing, "func")]
    return [attribute(thing, "__wrapped__"), getattr_static(kind, "__call__", None)]


def _answers_preflights(chain: _Chain, view: object, demanded: tuple[Demand, ...]) -> bool:
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


def attribute(thing: object, name: str) -> Any:
    """Get an attribute, or None: what others wrote may raise anything."""
    try:
        return getattr(thing, name, None)
    except Exception:  # noqa: BLE001 - a request must not fail by what we only look at
        return None
