#!/usr/bin/env bash
# Flask's TRUSTED_HOSTS with an error page of one's own: a template with a link to the style sheet.
# Guess: a request for another host gets that page, with status 400.
# Seen: with Flask 3.1.3 the error handler is called with the SecurityError, but the request has no URL adapter, so
# `url_for` in it, or in its template, raises a bare AttributeError, and the answer is 500. Without `url_for` it is 400.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'Werkzeug==3.1.9'
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

from flask import Flask, got_request_exception, render_template_string

pages = {
    "a page with url_for": """<link rel="stylesheet" href="{{ url_for('static', filename='style.css') }}">{{ text }}""",
    "a page without": """<link rel="stylesheet" href="/static/style.css">{{ text }}""",
}


def answers(page):
    app = Flask("app")
    app.config["TRUSTED_HOSTS"] = ["example.com"]
    app.logger.disabled = True
    raised = []
    got_request_exception.connect(lambda sender, exception: raised.append(repr(exception)), app, weak=False)
    app.add_url_rule("/form", view_func=lambda: app.aborter(400))
    app.register_error_handler(400, lambda error: (render_template_string(page, text=type(error).__name__), 400))
    client = app.test_client()
    statuses = [client.get("/form", base_url=f"http://{host}").status_code for host in ("example.com", "example.org")]
    return statuses, raised


print("Flask", version("Flask"), "Werkzeug", version("Werkzeug"))
seen = {}
for name, page in pages.items():
    seen[name] = answers(page)
    print(f"{name}: a 400 of a view, a host that is not trusted: {seen[name][0]}; raised: {seen[name][1]}")
assert seen == {
    "a page with url_for": ([400, 500], ["""AttributeError("'NoneType' object has no attribute 'build'")"""]),
    "a page without": ([400, 400], []),
}
PY
