#!/usr/bin/env bash
# Testing a service that verifies tokens: `responses` answers for the issuer's JWK Set, so that nothing is fetched.
# Guess: a client for JWK Sets uses requests, or at least what the mock of requests covers.
# Seen: PyJWT 2.15.1's PyJWKClient fetches with urllib.request; with `responses` 0.26.3 active it asks the real server,
# and no mocked answer is used. vcrpy 9.4.2, which hooks in lower down, records and replays it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'PyJWT==2.15.1' 'requests==2.34.2' 'responses==0.26.3' 'vcrpy==9.4.2'
"$work/venv/bin/python" -W ignore - <<'PY'
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

import jwt
import requests
import responses
import vcr

asked = []


class Issuer(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"keys": [{"kty": "oct", "k": "AAAA", "kid": "real"}]}')

    def log_message(self, *args):
        pass


def fetch(url):
    return jwt.PyJWKClient(url).fetch_data()["keys"][0]["kid"]


with HTTPServer(("127.0.0.1", 0), Issuer) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/jwks.json"
    with responses.RequestsMock() as mock:
        mock.get(url, json={"keys": [{"kty": "oct", "k": "AAAA", "kid": "mocked"}]})
        by_requests = requests.get(url, timeout=5).json()["keys"][0]["kid"]
        by_pyjwt = fetch(url)
    print("responses", version("responses"), "active; requests gets the key", by_requests, "and PyJWKClient", by_pyjwt)
    assert (by_requests, by_pyjwt, len(asked)) == ("mocked", "real", 1)

    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            with vcr.use_cassette(f"{folder}/jwks.yaml"):
                fetch(url)
    print("vcrpy", version("vcrpy"), "let through", len(asked) - 1, "of 2 fetches")
    assert len(asked) == 2
    server.shutdown()
PY
