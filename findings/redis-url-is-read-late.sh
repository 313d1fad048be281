#!/usr/bin/env bash
# A misspelt option in a Redis URL, or a database that is no number, as it comes from an environment variable.
# Guess: redis.from_url() refuses both when the app starts.
# Seen: redis-py 8.1.0 takes a misspelt option without a word until the first command, which ends in a TypeError (no
# RedisError, so code that waits for one lets it through); a path that is no number is dropped: database 0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'redis==8.1.0'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import redis

client = redis.from_url("redis://127.0.0.1:1/3?socket_timeot=2")
print("redis-py", version("redis"), "from_url with socket_timeot=2: no error")
try:
    client.ping()
except redis.RedisError as error:
    raise AssertionError("a RedisError now") from error
except TypeError as error:
    print("first command: TypeError:", error)
    assert "socket_timeot" in str(error)
else:
    raise AssertionError("no error at all")

for path in ("3", "sessions"):
    database = redis.from_url(f"redis://127.0.0.1:1/{path}").get_connection_kwargs().get("db", 0)
    print(f"redis://.../{path} uses database", database)
    assert database == (3 if path == "3" else 0)

try:
    redis.from_url("redis://127.0.0.1:1/3?socket_timeout=soon")
except ValueError as error:
    print("a wrong value of a known option, on the other hand, at once:", error)
else:
    raise AssertionError("a wrong value passes now")
PY
