#!/usr/bin/env bash
# A token in a Secure cookie, tested by Flask's test client, which asks over http://localhost.
# Guess: the client keeps the rules of cookies, so that a cookie that comes back in the test comes back in a browser.
# Seen: Werkzeug 3.1.9's client reads the attribute Secure but sends the cookie over http all the same, to host and
# path only (RFC 6265 section 5.4 asks for a secure channel); requests 2.34.2 keeps it back for the same URL.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'Werkzeug==3.1.9' 'requests==2.34.2'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import requests
from flask import Flask, make_response, request

app = Flask("app")


@app.get("/")
def show():
    answer = make_response(",".join(request.cookies) or "none")
    answer.set_cookie("__Host-token", "value", secure=True, httponly=True, samesite="Strict")
    return answer


client = app.test_client()
client.get("/")
cookie = client.get_cookie("__Host-token")
back = client.get("/", base_url="http://localhost").text
print("Werkzeug", version("Werkzeug"), "cookie is secure:", cookie.secure, "- sent back over http:", back)
assert cookie.secure and back == "__Host-token"

# The same jar rule, asked of requests without a network: example hosts are never reached by preparing.
session = requests.Session()
session.cookies.set("__Host-token", "value", domain="app.example", path="/", secure=True)
sent = {
    scheme: session.prepare_request(requests.Request("GET", f"{scheme}://app.example/")).headers.get("Cookie")
    for scheme in ("http", "https")
}
print("requests", version("requests"), "sends:", sent)
assert sent == {"http": None, "https": "__Host-token=value"}
PY
