"""Ids -> what is remembered of them between requests: `Store` and its values.

Start at `base.Store`, the contract; `uri.open_store` chooses an implementation. `SQLStore` asks for
SQLAlchemy only once it is made.
"""

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
