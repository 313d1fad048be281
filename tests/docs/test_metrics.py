"""The page of numbers: its recipes run with the libraries that they name."""

import io
import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from flask_tokenguard import TokenGuard, Unavailable, issue_token
from flask_tokenguard.fetching import FetchError
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..jose.tokens import signed
from ..keys.remote.providers import ISSUER, JWKS_URL, Provider, jwk_of
from ..support import ROOT, bearer

PAGE = (ROOT / "docs" / "metrics.md").read_text()
DASHBOARD = (ROOT / "docs" / "grafana.json").read_text()
METRICS, APP, GUNICORN, TRACING, LOG = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
Samples = dict[tuple[str, ...], float]


def run_block(name: str, code: str) -> ModuleType:
    """Run a block of the page, as a module."""
    module = ModuleType(name)
    exec(compile(code, f"{name}.py", "exec"), module.__dict__)  # noqa: S102 - it is what we test
    return module


@pytest.fixture
def metrics() -> Iterator[ModuleType]:
    """The page's `metrics.py`, whose counters begin with 0."""
    module = run_block("metrics", METRICS)
    yield module
    for metric in vars(module).values():
        if isinstance(metric, MetricWrapperBase):
            REGISTRY.unregister(metric)


class AwayStore(MemoryStore):
    """A store that cannot be reached."""

    def standing(self, *_: object) -> Any:
        """Fail."""
        raise Unavailable


def watched(make_app: MakeApp, metrics: ModuleType, **options: Any) -> Flask:
    """Make an app that the recipe watches; `guard` has the arguments of its `TokenGuard`."""
    arguments = options.pop("guard", {})
    guard = TokenGuard(on_store_call=metrics.time_store, **arguments)
    app = make_app(guard, ISSUER="us", **options)
    app.add_url_rule("/open", "open", lambda: "")
    metrics.install(app, guard, every=0)
    return app


def ask(app: Flask, *paths: str, token: str | None = None) -> list[int]:
    """Get paths with one token, issued by the app unless another is given."""
    with app.app_context():
        headers = bearer(issue_token("alice") if token is None else token)
    client = app.test_client()
    return [client.get(path, headers=headers, buffered=True).status_code for path in paths]


def samples(app: Flask) -> Samples:
    """Read what is exported of us, by the name and the labels of each sample, as they come."""
    text = app.test_client().get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("tokenguard_")
    }


# Prometheus


def test_good_tokens_and_refusals_are_counted(make_app: MakeApp, metrics: ModuleType) -> None:
    app = watched(make_app, metrics)
    assert ask(app, "/claims", "/claims") == [200, 200]
    assert ask(app, "/claims", "/open", token="a.b.c") == [401, 200]
    app.test_client().get("/claims")
    found = samples(app)
    assert found["tokenguard_accepted_total", "us"] == 2
    assert found["tokenguard_refused_total", "", "malformed"] == 1
    assert found["tokenguard_refused_total", "", "token_missing"] == 1
    assert found["tokenguard_passed_over_total", "", "malformed"] == 1


def test_remembered_tokens_are_counted(make_app: MakeApp, metrics: ModuleType) -> None:
    app = watched(make_app, metrics)
    ask(app, "/claims", "/claims", "/claims")
    found = samples(app)
    names = ("tokenguard_cache_hits_total", "tokenguard_cache_misses_total")
    assert [found[name,] for name in names] == [2, 1]


def test_the_stores_operations_are_timed(make_app: MakeApp, metrics: ModuleType) -> None:
    app = watched(make_app, metrics, STORAGE_URI="memory://")
    assert ask(app, "/claims", "/claims") == [200, 200]
    found = samples(app)
    counts = [
        found["tokenguard_store_seconds_count", name] for name in ("standing", "next_instant")
    ]
    assert counts == [2, 1]
    assert found["tokenguard_store_seconds_sum", "standing"] > 0
    assert ("tokenguard_store_failures_total", "standing") not in found


def test_a_store_that_is_away_is_counted(make_app: MakeApp, metrics: ModuleType) -> None:
    app = watched(make_app, metrics, guard={"store": AwayStore()})
    assert ask(app, "/claims") == [503]
    found = samples(app)
    assert found["tokenguard_store_failures_total", "standing"] == 1
    assert found["tokenguard_refused_total", "us", "store_unavailable"] == 1


@pytest.fixture
def foreign_token(private_keys: dict[str, PrivateKey]) -> str:
    """A token of the other issuer, which need not be good: its key is looked up."""
    key = Key(private_keys["ES256"], kid="one")
    return signed(key, {"iss": ISSUER}, {"alg": "ES256", "kid": "one", "typ": "at+jwt"})


def watched_with(make_app: MakeApp, metrics: ModuleType, provider: Provider) -> Flask:
    entry = {"audience": "a", "jwks_url": JWKS_URL}
    return watched(make_app, metrics, guard={"fetch": provider}, ISSUERS={ISSUER: entry})


def test_the_instant_is_shown_at_which_keys_came(
    make_app: MakeApp,
    metrics: ModuleType,
    private_keys: dict[str, PrivateKey],
    foreign_token: str,
) -> None:
    app = watched_with(make_app, metrics, Provider(jwk_of(private_keys["ES256"])))
    ask(app, "/open")
    assert ("tokenguard_jwks_fetched_timestamp_seconds", ISSUER) not in samples(app)
    before = time.time()
    ask(app, "/claims", token=foreign_token)
    found = samples(app)
    assert before - 0.1 <= found["tokenguard_jwks_fetched_timestamp_seconds", ISSUER] <= time.time()
    assert found["tokenguard_jwks_failures", ISSUER] == 0


def test_keys_that_do_not_come_are_counted(
    make_app: MakeApp, metrics: ModuleType, foreign_token: str
) -> None:
    provider = Provider()
    provider.error = FetchError("away")
    app = watched_with(make_app, metrics, provider)
    assert ask(app, "/claims", token=foreign_token) == [503]
    found = samples(app)
    assert found["tokenguard_jwks_failures", ISSUER] == 1
    assert found["tokenguard_refused_total", ISSUER, "keys_unavailable"] == 1


def test_the_numbers_are_copied_now_and_then(make_app: MakeApp, metrics: ModuleType) -> None:
    guard = TokenGuard()
    app = make_app(guard)
    metrics.install(app, guard)
    ask(app, *["/claims"] * 3)
    assert samples(app)["tokenguard_cache_hits_total",] == 0
    assert guard.numbers().cache_hits == 2


def test_the_dashboard_shows_metrics_that_there_are(
    make_app: MakeApp,
    metrics: ModuleType,
    private_keys: dict[str, PrivateKey],
    foreign_token: str,
) -> None:
    provider = Provider(jwk_of(private_keys["ES256"]))
    entry = {"audience": "a", "jwks_url": JWKS_URL}
    guard = {"fetch": provider, "store": AwayStore()}
    app = watched(make_app, metrics, guard=guard, ISSUERS={ISSUER: entry})
    ask(app, "/claims", "/open", token="a.b.c")
    ask(app, "/claims", token=foreign_token)
    ask(app, "/claims")
    metrics.ACCEPTED.labels("us")  # A counter with labels begins with its first event.
    targets = [target for panel in json.loads(DASHBOARD)["panels"] for target in panel["targets"]]
    shown = {name for target in targets for name in re.findall(r"tokenguard_\w+", target["expr"])}
    assert shown - {name for name, *_ in samples(app)} == set()
    assert {each.removesuffix("_total").removesuffix("_bucket") for each in shown} == exported_by(
        metrics
    )


def exported_by(metrics: ModuleType) -> set[str]:
    """List the names of what the recipe counts, as it gives them."""
    metric_of = (each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase))
    return {family.name for metric in metric_of for family in metric.describe()}


def test_the_table_lists_what_is_exported(metrics: ModuleType) -> None:
    listed = set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE))
    listed = {name.removesuffix("_total") for name in listed}
    assert listed | {"tokenguard_cache_misses"} == exported_by(metrics)


def test_the_pages_app_is_watched(
    metrics: ModuleType, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setitem(sys.modules, "metrics", metrics)
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", secret)
    monkeypatch.setenv("FLASK_TOKENGUARD_STORAGE_URI", "memory://")
    app: Flask = run_block("app", APP).app
    ask(app, "/metrics")
    assert samples(app)["tokenguard_store_seconds_count", "standing"] == 1


WORKERS = """
import os
from metrics import *
from app import app
child = os.fork()
with app.app_context():
    from flask_tokenguard import issue_token
    token = issue_token("alice")
for _ in range(2):
    app.test_client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
class worker: pid = child
from gunicorn_conf import child_exit
child_exit(None, worker)
print(app.test_client().get("/metrics").text)
"""


def test_several_workers_are_counted_together(tmp_path: Path, secret: str) -> None:
    (tmp_path / "samples").mkdir()
    blocks = {"metrics": METRICS, "app": APP, "gunicorn_conf": GUNICORN, "workers": WORKERS}
    for name, code in blocks.items():
        (tmp_path / f"{name}.py").write_text(code)
    env = {"PROMETHEUS_MULTIPROC_DIR": "samples", "FLASK_TOKENGUARD_KEY": secret}
    result = subprocess.run(
        [sys.executable, "workers.py"],
        cwd=tmp_path,
        env=env | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert 'tokenguard_accepted_total{issuer=""} 4.0' in result.stdout
    assert "tokenguard_cache_misses_total 2.0" in result.stdout


# OpenTelemetry


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Where spans end up."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


@pytest.fixture
def tracing(spans: InMemorySpanExporter) -> ModuleType:  # noqa: ARG001 - the spans' provider
    """The page's `tracing.py`."""
    return run_block("tracing", TRACING)


@pytest.fixture
def traced(make_app: MakeApp, tracing: ModuleType) -> Flask:
    """An app that the recipe traces."""
    app = make_app(ISSUER="us")
    app.add_url_rule("/open", "open", lambda: "")
    tracing.install(app)
    return app


def attributes_of(spans: InMemorySpanExporter) -> dict[str, Any]:
    """Read our attributes of the one span."""
    (span,) = spans.get_finished_spans()
    found = (span.attributes or {}).items()
    return {name: value for name, value in found if name.startswith(("tokenguard.", "enduser."))}


def test_a_span_names_the_issuer_of_a_good_token(
    traced: Flask, spans: InMemorySpanExporter
) -> None:
    ask(traced, "/claims")
    assert attributes_of(spans) == {
        "tokenguard.outcome": "accepted",
        "tokenguard.issuer": "us",
    }


def test_a_span_names_the_subject_where_it_is_switched_on(
    traced: Flask, spans: InMemorySpanExporter
) -> None:
    traced.config["TRACE_SUBJECTS"] = True
    ask(traced, "/claims")
    assert attributes_of(spans)["enduser.id"] == "alice"


@pytest.mark.parametrize(("path", "outcome"), [("/claims", "refused"), ("/open", "passed over")])
def test_a_span_has_the_reason_of_a_refusal(
    traced: Flask, spans: InMemorySpanExporter, path: str, outcome: str
) -> None:
    ask(traced, path, token="a.b.c")
    assert attributes_of(spans) == {
        "tokenguard.outcome": outcome,
        "tokenguard.reason": "malformed",
        "tokenguard.issuer": "",
        "tokenguard.kid": "",
    }


@pytest.mark.parametrize("switched", [False, True])
def test_no_span_holds_a_token(traced: Flask, spans: InMemorySpanExporter, switched: bool) -> None:
    traced.config["TRACE_SUBJECTS"] = switched
    with traced.app_context():
        token = issue_token("alice")
    ask(traced, "/claims", "/open", "/metrics", token=token)
    written = "".join(span.to_json() for span in spans.get_finished_spans())
    assert token.rpartition(".")[2] not in written
    assert ("alice" in written) is switched


def spans_of_instrumented(app: Flask, spans: InMemorySpanExporter) -> tuple[ReadableSpan, ...]:
    FlaskInstrumentor().instrument_app(app)
    app.test_client().get("/claims", buffered=True)
    return spans.get_finished_spans()


def test_flasks_instrumentor_alone_sees_no_refusal(
    make_app: MakeApp, spans: InMemorySpanExporter
) -> None:
    assert spans_of_instrumented(make_app(), spans) == ()


def test_a_refusal_is_seen_beside_flasks_instrumentor(
    traced: Flask, spans: InMemorySpanExporter
) -> None:
    spans_of_instrumented(traced, spans)
    assert attributes_of(spans)["tokenguard.reason"] == "token_missing"


# The log


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the page's formatter writes."""
    logger = logging.getLogger("flask_tokenguard")
    level, written = logger.level, io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    block = run_block("log", LOG)
    yield written
    logger.removeHandler(block.handler)
    logger.setLevel(level)


@pytest.mark.parametrize(("path", "refused"), [("/claims", True), ("/open", False)])
def test_a_refusal_is_one_line_of_json(
    make_app: MakeApp, log: io.StringIO, path: str, refused: bool
) -> None:
    app = make_app(ISSUER="us")
    app.add_url_rule("/open", "open", lambda: "")
    ask(app, path, token="a.b.c")
    (line,) = log.getvalue().splitlines()
    fields = json.loads(line)
    assert fields.pop("message").startswith("token refused" if refused else "token passed over")
    assert fields == {
        "level": "INFO",
        "tokenguard_reason": "malformed",
        "tokenguard_refused": refused,
        "tokenguard_issuer": None,
        "tokenguard_kid": None,
        "tokenguard_endpoint": path.strip("/"),
    }
