"""What is remembered between requests: `Store` and its values.

Start at `base.Store`, the contract; `uri.open_store` chooses an implementation.
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

__all__ = [
    "Advance",
    "OnProgress",
    "OnStoreCall",
    "Outcome",
    "RefreshState",
    "Standing",
    "Store",
    "StoreCall",
    "StoredSession",
]
