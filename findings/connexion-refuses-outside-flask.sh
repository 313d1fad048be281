#!/usr/bin/env bash
# A Flask app under Connexion, whose OpenAPI document asks for a bearer token, with hooks of its own: one that counts
# requests, one that adds a header to each answer (CORS, security headers), and an error handler for 401.
# Guess: a refused request passes them, as connexion.FlaskApp is a Flask app, and has its test client.
# Seen: Connexion 3.3.0 checks the token in an ASGI middleware around Flask 3.1.3, so none of the three sees a request
# that the document refuses; they see one with a good token, and a 401 of the view itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'connexion[flask]==3.3.0' 'Flask==3.1.3'
cd "$work"
cat >openapi.yaml <<'YAML'
openapi: 3.0.3
info: {title: app, version: "1"}
paths:
  /me:
    get:
      operationId: app.me
      security: [{bearer: []}]
      responses: {"200": {description: The user}}
  /closed:
    get:
      operationId: app.closed
      responses: {"401": {description: No user}}
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer, x-bearerInfoFunc: app.info}
YAML
cat >app.py <<'PY'
from flask import abort


def me():
    return {"user": "ann"}


def closed():
    abort(401)


def info(token):
    return {"sub": "ann"} if token == "good" else None
PY
venv/bin/python -W ignore - <<'PY'
import logging
from importlib.metadata import version

import connexion

logging.disable()
app = connexion.FlaskApp("app", specification_dir=".")
app.add_api("openapi.yaml")
counted = []


@app.app.before_request
def count():
    counted.append(1)


@app.app.after_request
def add_header(response):
    response.headers["X-Ours"] = "yes"
    return response


@app.app.errorhandler(401)
def explain(error):
    return {"ours": True}, 401


CASES = {
    "no token": ("/me", {}),
    "a bad token": ("/me", {"Authorization": "Bearer bad"}),
    "a good token": ("/me", {"Authorization": "Bearer good"}),
    "a 401 of the view": ("/closed", {}),
}
print("connexion", version("connexion"), "Flask", version("Flask"))
client = app.test_client()
seen = {}
for name, (path, headers) in CASES.items():
    counted.clear()
    answer = client.get(path, headers=headers)
    seen[name] = (answer.status_code, len(counted), answer.headers.get("X-Ours"), "ours" in answer.json())
    print(f"{name}: status, before_request, after_request's header, error handler: {seen[name]}")
assert seen == {
    "no token": (401, 0, None, False),
    "a bad token": (401, 0, None, False),
    "a good token": (200, 1, "yes", False),
    "a 401 of the view": (401, 1, "yes", True),
}, seen
PY
