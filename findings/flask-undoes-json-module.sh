#!/usr/bin/env bash
# A request class with a `json_module` of one's own (stricter, or faster), the hook that Werkzeug documents.
# Guess: what works in Werkzeug works in Flask, whose Request is a subclass, by app.request_class.
# Seen: Flask 3.1.3 sets json_module on each request to the app's own provider, so the class's is never called, and
# nothing warns; Werkzeug 3.1.9 alone calls it. In Flask the place is app.json (JSONProvider).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'Werkzeug==3.1.9'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import flask
import werkzeug
from werkzeug.test import EnvironBuilder

calls = []


class Own:
    @staticmethod
    def loads(text, **options):
        calls.append(text)
        return "from the own module"


class FlaskRequest(flask.Request):
    json_module = Own


class WerkzeugRequest(werkzeug.Request):
    json_module = Own


app = flask.Flask("app")
app.request_class = FlaskRequest
app.add_url_rule("/", "read", lambda: {"read": flask.request.get_json()}, methods=["POST"])
by_werkzeug = WerkzeugRequest(EnvironBuilder(method="POST", json={"a": 1}).get_environ()).get_json()
print("Werkzeug", version("Werkzeug"), "reads", by_werkzeug, "- calls:", len(calls))
by_flask = app.test_client().post("/", json={"a": 1}).get_json()["read"]
print("Flask", version("Flask"), "reads", by_flask, "- calls:", len(calls))
assert by_werkzeug == "from the own module"
assert by_flask == {"a": 1}
assert len(calls) == 1
PY
