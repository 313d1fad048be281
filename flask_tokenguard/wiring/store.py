"""Store: the one that an app configures, or its own."""

from pathlib import Path

from ..clock import Clock
from ..config.settings import Settings
from ..errors import ConfigurationError
from ..stores import uri
from ..stores.base import Store
from ..stores.observed import OnStoreCall, observe
from ..stores.sql.store import SQLStore


def open_store(
    settings: Settings,
    own: Store | None,
    folder: Path,
    clock: Clock,
    faults: list[str],
    *,
    on_call: OnStoreCall | None,
) -> Store | None:
    """Open the store of an app, which gives its own or sets TOKENGUARD_STORAGE_URI.

    Args:
        settings: Those of the app.
        own: The app's own store.
        folder: Where relative files are.
        clock: Seconds since the epoch, UTC.
        faults: Gets a sentence for each fault; what is returned is then not to be used.
        on_call: Called after each operation.
    """
    settings.check_claims_of_store(faults.append)
    store = own
    if settings.storage_uri is None:
        if isinstance(own, SQLStore):
            _configure(own, settings, faults)
    elif own is not None:
        faults.append(
            "TOKENGUARD_STORAGE_URI and TokenGuard(store=...) contradict each other; leave one of"
            " them out"
        )
    else:
        store = _open_configured(settings, settings.storage_uri, folder, clock, faults)
    return store if store is None or on_call is None else observe(store, on_call)


def _open_configured(
    settings: Settings, address: str, folder: Path, clock: Clock, faults: list[str]
) -> Store | None:
    try:
        return uri.open_store(
            address,
            folder=folder,
            prefix=settings.storage_prefix,
            timeout=settings.storage_timeout.total_seconds(),
            clock=clock,
        )
    except ConfigurationError as error:
        faults += error.faults
        return None


def _configure(store: SQLStore, settings: Settings, faults: list[str]) -> None:
    try:
        store.configure(
            prefix=settings.storage_prefix, timeout=settings.storage_timeout.total_seconds()
        )
    except ConfigurationError as error:
        faults += error.faults
