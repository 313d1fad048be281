#!/usr/bin/env bash
# A Flask app behind asgiref's WsgiToAsgi on an ASGI server with HTTP/2, and a client with two cookies, each of which
# comes in a field of its own, as RFC 9113 section 8.2.3 allows and browsers do for the sake of compression.
# Guess: the app sees two cookies, for the RFC has them joined by "; " before they reach something that is not HTTP/2.
# Seen: granian 2.8.9 hands both fields on, and asgiref 3.13.0 and a2wsgi 1.10.10 join fields of one name by commas, so
# that the first cookie swallows the second: a session that does not exist, and no CSRF token. Hypercorn 0.18.0 joins
# them by "; " before, so there the same app works, as it does on granian's own WSGI. HTTP/1.1 has one field only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'asgiref==3.13.0' 'a2wsgi==1.10.10' 'granian==2.8.9' \
    'Hypercorn==0.18.0' 'httpx[http2]==0.28.1'
cat >"$work/app.py" <<'PY'
from a2wsgi import WSGIMiddleware
from asgiref.wsgi import WsgiToAsgi
from flask import Flask, request

app = Flask("app")


@app.get("/")
def show():
    return dict(request.cookies)


by_asgiref = WsgiToAsgi(app)
by_a2wsgi = WSGIMiddleware(app)
PY
cd "$work"
venv/bin/python - <<'PY'
import socket
import subprocess
import time
from importlib.metadata import version

import httpx

COOKIES = [("cookie", "session=abc"), ("cookie", "csrf=xyz")]
GRANIAN = ["venv/bin/granian", "--http", "2", "--no-ws", "--port"]
cases = {
    "granian, asgiref": [*GRANIAN, "PORT", "--interface", "asgi", "app:by_asgiref"],
    "granian, a2wsgi": [*GRANIAN, "PORT", "--interface", "asgi", "app:by_a2wsgi"],
    "granian, WSGI": [*GRANIAN, "PORT", "--interface", "wsgi", "app:app"],
    "Hypercorn, asgiref": ["venv/bin/hypercorn", "--bind", "127.0.0.1:PORT", "app:by_asgiref"],
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def ask(client, url):
    for _ in range(300):
        try:
            return client.get(url, headers=COOKIES)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server does not start")


print({name: version(name) for name in ("Flask", "asgiref", "a2wsgi", "granian", "Hypercorn")})
seen = {}
for name, command in cases.items():
    port = free_port()
    server = subprocess.Popen(
        [part.replace("PORT", port) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(http1=False, http2=True, trust_env=False) as client:
            answer = ask(client, f"http://127.0.0.1:{port}/")
        seen[name] = answer.json()
        print(f"{name}, {answer.http_version}: {seen[name]}")
    finally:
        server.terminate()
        server.wait()
both = {"session": "abc", "csrf": "xyz"}
swallowed = {"session": "abc,csrf=xyz"}
assert list(seen.values()) == [swallowed, swallowed, both, both], seen
PY
