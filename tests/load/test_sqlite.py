"""An app on a SQLite file under load; its long form takes half an hour, or LOAD_SECONDS."""

from pathlib import Path

from .lengths import each_length, needs_proc
from .run import run


@needs_proc
@each_length
def test_nothing_answered_is_lost_in_sqlite_under_load(tmp_path: Path, seconds: float) -> None:
    uri = f"sqlite:///{tmp_path / 'store.db'}"
    run(tmp_path, uri, seconds, store=None, timeout=10)
