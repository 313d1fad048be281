#!/usr/bin/env bash
# One POST with Transfer-Encoding: chunked, answered by one Flask app under four WSGI servers (PEP 3333 names no rule).
# Guess: chunked means that content_length is None, and the body is there.
# Seen: waitress 3.0.2 collects the body first and hands it on with a Content-Length and without Transfer-Encoding;
# cheroot 11.1.2 and Werkzeug 3.1.9 leave the length None; Python's wsgiref gives no body at all, and no error.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'Werkzeug==3.1.9' 'waitress==3.0.2' 'cheroot==11.1.2'
"$work/venv/bin/python" -W ignore - <<'PY'
import logging
import os
import platform
import socket
import sys
import threading
import wsgiref.simple_server
from importlib.metadata import version

import waitress
from cheroot.wsgi import Server
from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler, make_server

logging.disable()
REQUEST = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
)
app = Flask("app")


@app.post("/")
def show():
    coding = request.headers.get("Transfer-Encoding")
    return f"{request.content_length} {coding} {request.get_data(as_text=True) or 'nothing'}"


def ask(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(REQUEST)
        answer = b""
        while part := connection.recv(4096):
            answer += part
    head, _, body = answer.decode().partition("\r\n\r\n")
    assert " 200 " in head.splitlines()[0], head
    return body


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        pass


class QuietWerkzeug(WSGIRequestHandler):
    def log(self, *args):
        pass


by_waitress = waitress.create_server(app, host="127.0.0.1", port=0)
by_cheroot = Server(("127.0.0.1", 0), app)
by_cheroot.prepare()
by_werkzeug = make_server("127.0.0.1", 0, app, request_handler=QuietWerkzeug)
by_wsgiref = wsgiref.simple_server.make_server("127.0.0.1", 0, app, handler_class=Quiet)
servers = {
    f"waitress {version('waitress')}": (by_waitress.run, by_waitress.effective_port),
    f"cheroot {version('cheroot')}": (by_cheroot.serve, by_cheroot.bind_addr[1]),
    f"Werkzeug {version('Werkzeug')}": (by_werkzeug.serve_forever, by_werkzeug.server_port),
    f"wsgiref of Python {platform.python_version()}": (by_wsgiref.serve_forever, by_wsgiref.server_port),
}
seen = []
for name, (serve, port) in servers.items():
    threading.Thread(target=serve, daemon=True).start()
    seen.append(ask(port))
    print(f"{name}: length, Transfer-Encoding, body: {seen[-1]}")
expected = ["5 None hello", "None chunked hello", "None chunked hello", "None chunked nothing"]
print("as before:", seen == expected)
sys.stdout.flush()
os._exit(seen != expected)  # the servers' threads would keep the process
PY
