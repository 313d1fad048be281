#!/usr/bin/env bash
# Under flask-restx, raising an HTTPException that carries its finished answer (`response=`), as Werkzeug offers it.
# Guess: that answer is sent, as Flask sends it.
# Seen: flask-restx 1.3.2 takes the headers of that answer, but makes the body anew from the description, and the status
# is the class's own: one of 409 in an Unauthorized goes out as 401.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'Werkzeug==3.1.9' 'flask-restx==1.3.2'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

from flask import Flask, make_response
from flask_restx import Api, Resource
from werkzeug.exceptions import Unauthorized


def refuse():
    answer = make_response("finished", 409)
    answer.headers["X-Own"] = "yes"
    raise Unauthorized("described", response=answer)


def outcome(app):
    answer = app.test_client().get("/it")
    return answer.status_code, answer.text.strip(), answer.headers.get("X-Own")


class It(Resource):
    def get(self):
        refuse()


plain, restx = Flask("plain"), Flask("restx")
plain.add_url_rule("/it", "it", refuse)
Api(restx).add_resource(It, "/it")
seen = {"Flask": outcome(plain), "flask-restx": outcome(restx)}
for name, result in seen.items():
    print(name, version(name), "status, body, X-Own:", result)
assert seen["Flask"] == (409, "finished", "yes")
assert seen["flask-restx"] == (401, '{"message": "described"}', "yes")
PY
