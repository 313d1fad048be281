"""An app on a database under load; its long form takes half an hour, or LOAD_SECONDS."""

from pathlib import Path

import pytest

from ..stores.databases import Database, MariaDB, PostgreSQL, running
from .lengths import each_length, needs_proc
from .proxy import Fault, Proxy
from .run import run

# The protocols of databases have no number by which a reply that comes twice is found out.
_FAULTS: tuple[Fault, ...] = ("delay", "drop", "cut", "away")


@needs_proc
@each_length
@pytest.mark.parametrize("kind", [PostgreSQL, MariaDB])
def test_nothing_answered_is_lost_in_a_database_under_load(
    tmp_path: Path, kind: type[Database], seconds: float
) -> None:
    with running(kind) as database, Proxy(database.port, faults=_FAULTS) as store:
        uri = database.uri.replace(f":{database.port}/", f":{store.port}/")
        if kind is MariaDB:
            # Each of many connections would begin TLS anew, which is not what is tested.
            uri += "?ssl_disabled=true"
        run(tmp_path, uri, seconds, store=store, timeout=3)
