"""An app on a Valkey server under load; its long form takes half an hour, or LOAD_SECONDS."""

from pathlib import Path

from ..stores.servers import DURABLE, RealServer, find_valkey, running
from .lengths import each_length, needs_proc
from .proxy import Proxy
from .run import run


@needs_proc
@each_length
def test_nothing_answered_is_lost_in_valkey_under_load(tmp_path: Path, seconds: float) -> None:
    server = RealServer(find_valkey(), tmp_path / "valkey", *DURABLE)
    with running(server), Proxy(server.port) as store:
        uri = f"valkey://127.0.0.1:{store.port}"
        run(tmp_path, uri, seconds, store=store, timeout=3)
