#!/usr/bin/env bash
# Restoring a SQLite store by copying a backup over its file (`cp backup.db app.db`) while a process has it open.
# Guess: the process reads the restored rows next, as it would of any other file that it opens by name.
# Seen: with SQLite 3.54.1 (apsw 3.54.1.0) in WAL mode the open connection goes on with the old rows, without
# an error; in rollback mode the next read sees the restored ones. Documented: "Database File Format", file change
# counter: WAL mode looks for changes in the wal-index instead. A backup belongs in through the backup API.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'apsw==3.54.1.0'
"$work/venv/bin/python" -W ignore - <<'PY'
import shutil
import tempfile
from pathlib import Path

import apsw


def store(path, mode, rows):
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", mode)
    connection.execute("CREATE TABLE token (id TEXT)")
    for row in rows:
        connection.execute("INSERT INTO token VALUES (?)", (row,))
    return connection


def read(connection):
    return [row[0] for row in connection.execute("SELECT id FROM token")]


seen = {}
for mode in ("wal", "delete"):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store(folder / "backup.db", mode, ["restored 1", "restored 2", "restored 3"]).close()
        live = store(folder / "app.db", mode, ["old"])
        if mode == "wal":
            live.pragma("wal_checkpoint(TRUNCATE)")  # all of it is in the file, nothing in the log
        assert read(live) == ["old"]
        shutil.copyfile(folder / "backup.db", folder / "app.db")
        seen[mode] = read(live)
        live.close()
print("SQLite", apsw.sqlite_lib_version())
for mode, rows in seen.items():
    print(f"journal_mode={mode}: after the copy the open connection reads", rows)
assert seen == {"wal": ["old"], "delete": ["restored 1", "restored 2", "restored 3"]}
PY
