"""Observed stores: time each operation of a store, for an app that asks for it."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, cast

from ..clock import Steady
from ..errors import Unavailable
from ..signals import log_raised
from .base import Store


class StoreCall(NamedTuple):
    """An operation that a store was asked for.

    Attributes:
        operation: Its name, as in `Store`.
        seconds: How long it took.
        failed: Whether it raised `Unavailable`.
    """

    operation: str
    seconds: float
    failed: bool


OnStoreCall: TypeAlias = Callable[[StoreCall], object]


def observe(store: Store, on_call: OnStoreCall) -> Store:
    """Make a store that reports each call; what the observer raises is logged, and changes nothing.

    An operation that raises anything else than `Unavailable` is not reported: that is a fault of
    the caller's.
    """
    return cast(Store, _Observed(store, on_call))


class _Observed:
    def __init__(self, store: Store, on_call: OnStoreCall) -> None:
        self._store = store
        self._on_call = on_call

    def __getattr__(self, name: str) -> Any:
        """Get an operation once, and keep it; other attributes are the store's as they are."""
        operation = getattr(self._store, name)
        if not callable(operation):
            return operation
        observed = self._observed(name, operation)
        setattr(self, name, observed)
        return observed

    def _observed(self, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            began = Steady.now()
            try:
                answer = operation(*args, **kwargs)
            except Unavailable:
                self._report(name, began, failed=True)
                raise
            self._report(name, began, failed=False)
            return answer

        return call

    def _report(self, name: str, began: float, *, failed: bool) -> None:
        try:
            self._on_call(StoreCall(name, Steady.now() - began, failed))
        except Exception as error:  # noqa: BLE001 - whatever an observer does
            log_raised("the observer of the store", error)
