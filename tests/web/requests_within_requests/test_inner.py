"""Requests inside requests: each has a token of its own."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import (
    Flask,
    request,
)
from werkzeug.wrappers import Response as WsgiResponse

from flask_tokenguard import (
    token_required,
)

from ...conftest import MakeApp
from ..conftest import Headers, HeadersWith
from ..support import foreign, new_view
from .support import _who

Call = Callable[[Flask, Headers], WsgiResponse]


def _by_test_client(app: Flask, headers: Headers) -> WsgiResponse:
    return app.test_client().get("/inner", headers=headers)


def _by_environ(environ: dict[str, Any], app: Flask, headers: Headers) -> WsgiResponse:
    sent = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    kept = {"PATH_INFO": environ["PATH_INFO"], "HTTP_AUTHORIZATION": environ["HTTP_AUTHORIZATION"]}
    environ.update({"PATH_INFO": "/inner", "HTTP_AUTHORIZATION": ""} | sent)
    try:
        return WsgiResponse.from_app(app, environ, buffered=True)
    finally:
        environ.update(kept)


def _by_the_same_environ(app: Flask, headers: Headers) -> WsgiResponse:
    return _by_environ(request.environ, app, headers)


def _by_a_copied_environ(app: Flask, headers: Headers) -> WsgiResponse:
    return _by_environ(request.environ.copy(), app, headers)


ways = pytest.mark.parametrize(
    "call",
    [_by_test_client, _by_the_same_environ, _by_a_copied_environ],
    ids=["test client", "same environ", "copied environ"],
)


@ways
@pytest.mark.parametrize(
    ("inner_sub", "shown"), [("bob", "bob"), (None, None)], ids=["bob", "nobody"]
)
def test_a_request_inside_a_request_has_its_own_token_alone(
    apps: tuple[Flask, Flask],
    headers_with: HeadersWith,
    call: Call,
    inner_sub: str | None,
    shown: str | None,
) -> None:
    outer, inner = apps
    inner_headers = headers_with(sub=inner_sub) if inner_sub else {}

    @outer.get("/outer")
    @token_required
    def view() -> Any:
        return {"inner": call(inner, inner_headers).get_json()}

    response = outer.test_client().get("/outer", headers=headers_with(sub="alice"))
    assert response.get_json() == {"inner": {"shown": shown, "known": shown}}


@ways
def test_what_a_request_was_known_to_be_is_put_back(
    apps: tuple[Flask, Flask], headers_with: HeadersWith, call: Call
) -> None:
    outer, inner = apps

    @outer.get("/outer")
    @token_required
    def view() -> Any:
        before = _who()
        call(inner, headers_with(sub="bob"))
        return {"before": before, "after": _who()}

    alice = {"shown": "alice", "known": "alice"}
    response = outer.test_client().get("/outer", headers=headers_with(sub="alice"))
    assert response.get_json() == {"before": alice, "after": alice}


@ways
def test_a_refused_request_inside_puts_back_what_was_known_too(
    apps: tuple[Flask, Flask], headers: Headers, stale_headers: Headers, call: Call
) -> None:
    outer, inner = apps
    inner.view_functions["inner"] = token_required(new_view())

    @outer.get("/outer")
    @token_required
    def view() -> Any:
        return {"status": call(inner, stale_headers).status_code} | _who()

    response = outer.test_client().get("/outer", headers=headers)
    assert response.get_json() == {"status": 401, "shown": "alice", "known": "alice"}


@ways
def test_a_demand_met_by_the_outer_request_is_open_for_the_inner(
    apps: tuple[Flask, Flask], headers_with: HeadersWith, call: Call
) -> None:
    outer, inner = apps
    demand = token_required(scope="a")
    inner.view_functions["inner"] = foreign(demand(new_view()))

    @outer.get("/outer")
    @demand
    def view() -> Any:
        return {"status": call(inner, headers_with()).status_code}

    response = outer.test_client().get("/outer", headers=headers_with(scope="a"))
    assert response.get_json() == {"status": 403}


@ways
def test_an_anonymous_request_stays_so_after_one_with_a_token(
    apps: tuple[Flask, Flask], headers: Headers, call: Call
) -> None:
    outer, inner = apps

    @outer.get("/outer")
    def view() -> Any:
        return {"inner": call(inner, headers).get_json()} | _who()

    response = outer.test_client().get("/outer", headers={"Authorization": ""})
    alice = {"shown": "alice", "known": "alice"}
    assert response.get_json() == {"inner": alice, "shown": None, "known": None}


@pytest.mark.parametrize("path", ["/inner", "/nowhere"])
def test_a_request_to_an_app_without_a_guard_changes_nothing(
    make_app: MakeApp, headers: Headers, path: str
) -> None:
    app, bare = make_app(), Flask("bare")
    bare.add_url_rule("/inner", view_func=new_view())

    @app.get("/outer")
    @token_required
    def view() -> Any:
        WsgiResponse.from_app(bare, request.environ | {"PATH_INFO": path}, buffered=True)
        WsgiResponse.from_app(bare, request.environ, buffered=True)
        return _who()

    response = app.test_client().get("/outer", headers=headers)
    assert response.get_json() == {"shown": "alice", "known": "alice"}


def test_an_inner_request_ended_before_the_hook_changes_nothing(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()

    @app.get("/outer")
    @token_required
    def view() -> Any:
        with app.request_context(request.environ):
            pass
        return _who()

    response = app.test_client().get("/outer", headers=headers)
    assert response.get_json() == {"shown": "alice", "known": "alice"}


def test_three_requests_inside_each_other_are_told_apart(
    make_app: MakeApp, headers_with: HeadersWith
) -> None:
    app = make_app()
    tokens = {3: headers_with(sub="c"), 2: headers_with(sub="b"), 1: headers_with(sub="a")}

    @app.get("/<int:depth>")
    @token_required
    def view(depth: int) -> Any:
        before = _who()["shown"]
        inner = app.test_client().get(f"/{depth - 1}", headers=tokens.get(depth - 1))
        return [before, *(inner.get_json() if inner.status_code == 200 else []), _who()["known"]]

    response = app.test_client().get("/3", headers=tokens[3])
    assert response.get_json() == ["c", "b", "a", "a", "b", "c"]
