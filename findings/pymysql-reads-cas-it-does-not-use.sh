#!/usr/bin/env bash
# A connection of PyMySQL without a word about TLS, over a unix socket or to a host; one would meet it in a profile of
# an app that connects for each request.
# Guess: no TLS is prepared before the server has offered it, and without a check of certificates no CAs are read.
# Seen: PyMySQL 1.2.4 makes a default SSL context in the constructor, for each connection anew, which reads all CAs of
# the system and is then set to use none, as MySQL's PREFERRED mode is; most of what the constructor costs is that.
# `ssl_disabled=True` spares it, as does one SSLContext passed as `ssl` to all (which also makes TLS required).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'PyMySQL==1.2.4' 'certifi==2025.10.5'
# The CAs of certifi stand for those of the system.
SSL_CERT_FILE=$("$work/venv/bin/python" -m certifi) SSL_CERT_DIR="$work" "$work/venv/bin/python" - <<'PY'
import ssl
from importlib.metadata import version
from time import perf_counter
from unittest.mock import patch

from pymysql.connections import Connection

load = ssl.SSLContext.load_default_certs
loads = []


def counted(context, *args):
    loads.append(context)
    return load(context, *args)


def connect(**options):
    return Connection(user="a", defer_connect=True, **options)


def seconds(**options):
    start = perf_counter()
    for _ in range(20):
        connect(**options)
    return perf_counter() - start


own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ways = {
    "a host": {"host": "db.example.com"},
    "a unix socket": {"unix_socket": "mysqld.sock"},
    "ssl_disabled": {"host": "db.example.com", "ssl_disabled": True},
    "an SSLContext": {"host": "db.example.com", "ssl": own},
}
seen = {}
print("PyMySQL", version("PyMySQL"))
for name, options in ways.items():
    loads.clear()
    with patch.object(ssl.SSLContext, "load_default_certs", counted):
        for _ in range(3):
            connect(**options)
    checks = {context.verify_mode.name for context in loads}
    seen[name] = (len(loads), checks, all(context.get_ca_certs() for context in loads) if loads else None)
    print(f"{name}: 3 connections, CAs read {seen[name][0]} times; checks: {checks or '-'}; CAs kept: {seen[name][2]}")
slower = seconds(**ways["a host"]) > 2 * seconds(**ways["ssl_disabled"])
print("takes more than twice as long as with ssl_disabled:", slower)
assert seen == {
    "a host": (3, {"CERT_NONE"}, True),
    "a unix socket": (3, {"CERT_NONE"}, True),
    "ssl_disabled": (0, set(), None),
    "an SSLContext": (0, set(), None),
}
assert slower
PY
