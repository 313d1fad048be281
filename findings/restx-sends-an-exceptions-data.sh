#!/usr/bin/env bash
# A flask-restx error handler for an exception of one's own that happens to have an attribute `data`.
# Guess: what the handler returns is sent: its body, status and headers.
# Seen: flask-restx 1.3.2 sends the handler's status and headers with the exception's `data` as the body: `abort` of
# flask-restx keeps its extra fields in an attribute of that name, and any exception's is taken for it. Without `data`
# the handler's body is sent, with a `message` added from str(error).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'flask-restx==1.3.2'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

from flask import Flask
from flask_restx import Api, Resource


class Refused(Exception):
    def __init__(self, detail):
        super().__init__("refused")
        self.detail = detail


class RefusedWithData(Refused):
    def __init__(self, detail):
        super().__init__(detail)
        self.data = {"kept": "for the log"}


app = Flask("app")
api = Api(app)


@api.errorhandler(Refused)
@api.errorhandler(RefusedWithData)
def refused(error):
    return {"error": error.detail}, 418, {"X-Handler": "ran"}


def resource(kind):
    class It(Resource):
        def get(self):
            raise kind("no tea")

    return It


print("flask-restx", version("flask-restx"), "Flask", version("Flask"))
seen = {}
for kind in (Refused, RefusedWithData):
    api.add_resource(resource(kind), f"/{kind.__name__}", endpoint=kind.__name__)
for kind in (Refused, RefusedWithData):
    answer = app.test_client().get(f"/{kind.__name__}")
    seen[kind.__name__] = answer.status_code, answer.headers["X-Handler"], answer.get_json()
    print(kind.__name__, seen[kind.__name__])
assert seen["Refused"] == (418, "ran", {"error": "no tea", "message": "refused"})
assert seen["RefusedWithData"] == (418, "ran", {"kept": "for the log"})
PY
