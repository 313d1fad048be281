"""Ids -> what is remembered of them between requests: `Store` and its values.

Start at `base.Store`, the contract; `uri.open_store` chooses an implementation. `SQLStore` asks for
SQLAlchemy only once it is made.
"""

from typing import TYPE_CHECKING

from ..on_demand import names_on_demand

if TYPE_CHECKING:
    from .base import (
        Advance,
        OnProgress,
        Outcome,
        RefreshState,
        Standing,
        Store,
        StoredSession,
    )
    from .observed import OnStoreCall, StoreCall
    from .sql.store import SQLStore
else:
    __getattr__, __dir__ = names_on_demand(
        __name__,
        {
            ".base": "Advance, OnProgress, Outcome, RefreshState, Standing, Store, StoredSession",
            ".observed": "OnStoreCall, StoreCall",
            ".sql.store": "SQLStore",
        },
    )

__all__ = [
    "Advance",
    "OnProgress",
    "OnStoreCall",
    "Outcome",
    "RefreshState",
    "SQLStore",
    "Standing",
    "Store",
    "StoreCall",
    "StoredSession",
]
