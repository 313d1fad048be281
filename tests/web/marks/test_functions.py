"""What the hook and the wrapper see of a demand: functions."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import token_required
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.web.guards import marks
from flask_tokenguard.web.guards.demands import ANY_TOKEN, Demand

from ..conftest import Headers, HeadersWith
from ..support import View, foreign, new_view
from .support import REACHED, _refused_by_hook


def test_a_mark_below_the_route_is_seen_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    @app.get("/")
    @token_required
    def view() -> str:
        return "served"

    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_mark_above_the_route_is_seen_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    @token_required
    @app.get("/")
    def view() -> str:
        return "served"

    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_mark_between_two_routes_guards_both(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    @app.get("/above")
    @token_required
    @app.get("/below", endpoint="below")
    def view() -> str:
        return "served"

    assert _refused_by_hook(client, "/above")
    assert _refused_by_hook(client, "/below")
    assert client.get("/above", headers=headers).text == "served"
    assert client.get("/below", headers=headers).text == "served"


def test_one_function_on_two_routes_is_guarded_on_both(app: Flask, client: FlaskClient) -> None:
    @app.get("/one")
    @app.get("/two")
    @token_required
    def view() -> str:
        return "served"

    assert _refused_by_hook(client, "/one")
    assert _refused_by_hook(client, "/two")


def test_two_wrappers_of_one_function_demand_each_its_own(
    app: Flask, client: FlaskClient, headers_with: HeadersWith
) -> None:
    view = new_view()
    app.add_url_rule("/a", "a", token_required(scope="a")(view))
    app.add_url_rule("/b", "b", token_required(scope="b")(view))
    headers = headers_with(scope="a")
    assert client.get("/a", headers=headers).text == "served"
    assert_challenge(client.get("/b", headers=headers), error="insufficient_scope")


def test_a_function_registered_bare_demands_all_of_its_marks(
    app: Flask, client: FlaskClient, headers_with: HeadersWith
) -> None:
    view = new_view()
    token_required(scope="a")(view)
    token_required(scope="b")(view)
    app.add_url_rule("/", view_func=view)
    assert_challenge(client.get("/", headers=headers_with(scope="a")), error="insufficient_scope")
    assert client.get("/", headers=headers_with(scope="a b")).text == "served"


@pytest.mark.parametrize(("scope", "status"), [("a", 403), ("b", 403), ("", 403), ("a b", 200)])
@pytest.mark.parametrize("between", [lambda view: view, foreign], ids=["directly", "foreign"])
def test_the_demands_of_stacked_decorators_must_all_be_met(
    app: Flask,
    client: FlaskClient,
    headers_with: HeadersWith,
    between: Callable[[View], View],
    scope: str,
    status: int,
) -> None:
    stacked = token_required(scope="a")(between(token_required(scope="b")(new_view())))
    app.add_url_rule("/", view_func=stacked)
    assert client.get("/", headers=headers_with(scope=scope)).status_code == status


def test_the_hook_sees_the_demands_of_stacked_wrappers(
    app: Flask, client: FlaskClient, headers_with: HeadersWith
) -> None:
    stacked = token_required(token_required(token_required(scope="a")(new_view())))
    app.add_url_rule("/", view_func=stacked)
    response = client.get("/", headers=headers_with(scope="b"))
    assert_challenge(response, error="insufficient_scope")
    assert response.headers["X-Hook"] != REACHED


def test_two_threads_that_decorate_one_function_both_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view = new_view()
    together, find = threading.Barrier(2), marks._mark_of

    def find_together(thing: object) -> marks.Mark | None:
        found = find(thing)
        with suppress(threading.BrokenBarrierError):
            together.wait(0.2)
        return found

    monkeypatch.setattr(marks, "_mark_of", find_together)
    demands = [ANY_TOKEN, Demand.of(scope="a")]
    with ThreadPoolExecutor(2) as threads:
        [*threads.map(marks.mark_below, [view] * 2, demands)]
    assert {*marks.demands_on(view, "GET").demands} == {*demands}
