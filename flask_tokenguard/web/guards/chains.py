"""Chains: what a request calls, one after the other, as far as a view shows it.

Each leads down along `__wrapped__`, from a registered view or from a method of the class behind
it. What others wrote is only looked at; where that raises something, there is nothing below.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import partial, partialmethod
from inspect import getattr_static
from types import FunctionType, MethodType
from typing import Any

# As many steps as `inspect.unwrap` takes by default; circles end earlier.
MOST_STEPS = 1000
BINDINGS = (MethodType, staticmethod, classmethod)


class Chain:
    """What is called one after the other for a request, the outermost first.

    Attributes:
        decorators: What a framework decorates with at every request; not called itself.
        things: What is there already. The marks from above count on the first.
    """

    __slots__ = ("decorators", "things")

    def __init__(self, start: object, decorators: tuple[object, ...] = ()) -> None:
        while issubclass(type(start), BINDINGS):
            start = attribute(start, "__func__")
        self.things = things_below(start)
        self.decorators = decorators


def chains_of(view: object, method: str) -> Iterator[Chain]:
    """Go through a view's own chain, and those of the class behind it."""
    waiting = [Chain(view)]
    classes: list[object] = []
    for chain in waiting:  # It grows on the way.
        yield chain
        for thing in chain.things:
            view_class = attribute(thing, "view_class")
            is_new = view_class is not None and all(view_class is not seen for seen in classes)
            if is_new and len(classes) < MOST_STEPS:
                classes.append(view_class)
                waiting += _chains_of_class(view_class, method)


def _chains_of_class(view_class: object, method: str) -> tuple[Chain, Chain]:
    """Find what a class view calls; HEAD falls to GET as in `MethodView.dispatch_request`."""
    names = [method.lower()]
    handler = getattr_static(view_class, names[0], None)
    if handler is None and method == "HEAD":
        names.append("get")
        handler = getattr_static(view_class, "get", None)
    decorators = _method_decorators(view_class, names)
    dispatch = getattr_static(view_class, "dispatch_request", None)
    return Chain(dispatch), Chain(handler, decorators)


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
    return tuple(thing for member in reversed(members) for thing in things_below(member))


def things_below(start: object) -> tuple[object, ...]:
    """Walk down from an object, which is the first; each once, for there may be circles."""
    # Kept alive meanwhile, so that no other can get an id that was seen.
    seen: dict[int, object] = {}
    waiting = [start]
    while waiting and len(seen) < MOST_STEPS:
        thing = waiting.pop()
        if thing is not None and id(thing) not in seen:
            seen[id(thing)] = thing
            waiting += directly_below(thing)
    return tuple(seen.values())


def directly_below(thing: object) -> list[object]:
    """List what an object calls, as far as can be seen; what is called first comes last."""
    kind = type(thing)
    if kind is FunctionType:
        return [attribute(thing, "__wrapped__")]
    # A bound method shows the attributes of its function, so `__wrapped__` would miss that one.
    if issubclass(kind, BINDINGS):
        return [attribute(thing, "__func__")]
    if issubclass(kind, (partial, partialmethod)):
        return [attribute(thing, "__wrapped__"), attribute(thing, "func")]
    return [attribute(thing, "__wrapped__"), getattr_static(kind, "__call__", None)]


def held_by(thing: object) -> list[object]:
    """List what a function has in its closure, and what an object has in its attributes."""
    cells = attribute(thing, "__closure__") or ()
    held = [attribute(cell, "cell_contents") for cell in cells]
    attributes = attribute(thing, "__dict__")
    return [*held, *attributes.values()] if isinstance(attributes, dict) else held


def attribute(thing: object, name: str) -> Any:
    """Get an attribute, or None: what others wrote may raise anything."""
    try:
        return getattr(thing, name, None)
    except Exception:  # noqa: BLE001 - a request must not fail by what we only look at
        return None
