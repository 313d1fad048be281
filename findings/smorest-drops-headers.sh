#!/usr/bin/env bash
# A view under flask-smorest that raises Unauthorized with a challenge, or a path that is asked by a wrong method.
# Guess: the JSON error keeps the exception's headers: RFC 9110 demands WWW-Authenticate in a 401 (section 15.5.2)
# and Allow in a 405 (15.5.6).
# Seen: flask-smorest 0.47.0 keeps none of them, nor Retry-After; it sends the headers given to its own `abort` only.
# Flask 3.1.3 by itself and APIFlask 3.1.2 keep all three.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'Werkzeug==3.1.9' 'flask-smorest==0.47.0' 'APIFlask==3.1.2'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

from apiflask import APIFlask
from flask import Flask
from flask_smorest import Api
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import TooManyRequests, Unauthorized

NAMES = {"WWW-Authenticate", "Allow", "Retry-After"}


def headers(app, prepare=None):
    @app.get("/closed")
    def closed():
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": "api"}))

    @app.get("/busy")
    def busy():
        raise TooManyRequests(retry_after=30)

    if prepare:
        prepare(app)
    client = app.test_client()
    answers = [client.get("/closed"), client.post("/closed"), client.get("/busy")]
    return {answer.status_code: sorted(NAMES & {*answer.headers.keys()}) for answer in answers}


smorest = Flask("smorest")
smorest.config.update(API_TITLE="title", API_VERSION="1", OPENAPI_VERSION="3.0.3")
seen = {
    "Flask": headers(Flask("plain")),
    "APIFlask": headers(APIFlask("apiflask")),
    "flask-smorest": headers(smorest, Api),
}
for name, result in seen.items():
    print(name, version(name), result)
assert seen["Flask"] == seen["APIFlask"] == {401: ["WWW-Authenticate"], 405: ["Allow"], 429: ["Retry-After"]}
assert seen["flask-smorest"] == {401: [], 405: [], 429: []}
PY
