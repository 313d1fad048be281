#!/usr/bin/env bash
# A view with flask-cors's @cross_origin() that refuses a request by abort(401) or by raising.
# Guess: the decorator covers each answer of its view, so that a script of another origin can read the 401.
# Seen: with flask-cors 6.0.5 the 401 has no Access-Control-Allow-Origin, so a browser hides it from the script; a 401
# that is returned has it, and CORS(app) covers both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'flask-cors==6.0.5'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

from flask import Flask, abort
from flask_cors import CORS, cross_origin

ORIGIN = {"Origin": "https://shop.example"}


def allowed(app, path):
    answer = app.test_client().get(path, headers=ORIGIN)
    assert answer.status_code == 401
    return answer.headers.get("Access-Control-Allow-Origin")


decorated, whole = Flask("decorated"), Flask("whole")
CORS(whole)
for app, wrap in ((decorated, cross_origin()), (whole, lambda view: view)):
    app.add_url_rule("/returned", "returned", wrap(lambda: ("no", 401)))
    app.add_url_rule("/raised", "raised", wrap(lambda: abort(401)))
print("flask-cors", version("flask-cors"), "Flask", version("Flask"))
seen = {(app.name, path): allowed(app, path) for app in (decorated, whole) for path in ("/returned", "/raised")}
for (name, path), origin in seen.items():
    print({"decorated": "@cross_origin()", "whole": "CORS(app)"}[name], path, "Access-Control-Allow-Origin:", origin)
assert [origin is not None for origin in seen.values()] == [True, False, True, True]
PY
