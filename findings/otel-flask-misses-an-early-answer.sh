#!/usr/bin/env bash
# A span for each request, by FlaskInstrumentor().instrument_app(app) at the end of the set-up; one would meet it where
# a guard, added before, refuses requests and the traces show none of them.
# Guess: a request that the guard answers has a span, since the instrumentation wraps `app.wsgi_app`.
# Seen: opentelemetry-instrumentation-flask 0.66b1 starts the span in a before_request of its own, so a before_request
# that was added earlier and answers leaves none, but for a logged warning, and sees no span itself. With the
# instrumentation first, or with the WSGI middleware at any time, both requests have one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'Flask==3.1.3' 'opentelemetry-instrumentation-flask==0.66b1' \
    'opentelemetry-sdk==1.45.1'
"$work/venv/bin/python" - <<'PY'
import logging
from importlib.metadata import version

from flask import Flask, request
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

logged = []
handler = logging.Handler()
handler.emit = lambda record: logged.append(record.getMessage())
logging.getLogger("opentelemetry").addHandler(handler)


def spans(way):
    logged.clear()
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = Flask("app")
    in_guard = []

    def guard():
        in_guard.append(trace.get_current_span().get_span_context().is_valid)
        return None if "user" in request.args else ("who are you?", 401)

    if way == "instrument_app, then the guard":
        FlaskInstrumentor().instrument_app(app, tracer_provider=provider)
    app.before_request(guard)
    app.add_url_rule("/", view_func=lambda: "hello")
    if way == "the guard, then instrument_app":
        FlaskInstrumentor().instrument_app(app, tracer_provider=provider)
    if way == "the guard, then WSGI middleware":
        app.wsgi_app = OpenTelemetryMiddleware(app.wsgi_app, tracer_provider=provider)

    client = app.test_client()
    assert [client.get(path).status_code for path in ("/?user=a", "/")] == [200, 401]
    statuses = [span.attributes["http.status_code"] for span in exporter.get_finished_spans()]
    return {"statuses with a span": statuses, "a span in the guard": in_guard, "logged": logged[:]}


print("opentelemetry-instrumentation-flask", version("opentelemetry-instrumentation-flask"))
seen = {}
for way in ("instrument_app, then the guard", "the guard, then instrument_app", "the guard, then WSGI middleware"):
    seen[way] = spans(way)
    print(f"{way}:", seen[way])
assert list(seen.values()) == [
    {"statuses with a span": [200, 401], "a span in the guard": [True, True], "logged": []},
    {
        "statuses with a span": [200],
        "a span in the guard": [False, False],
        "logged": ["Flask environ's OpenTelemetry span missing at _start_response(401 UNAUTHORIZED)"],
    },
    {"statuses with a span": [200, 401], "a span in the guard": [True, True], "logged": []},
]
PY
