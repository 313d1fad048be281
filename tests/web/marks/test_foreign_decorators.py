"""What the hook and the wrapper see of a demand: foreign decorators."""

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import token_required
from flask_tokenguard.testing import assert_challenge

from ..conftest import Headers, HeadersWith
from ..support import View, foreign, new_view
from .support import REACHED, _refused_by_hook, _refused_by_wrapper


def test_a_demand_under_a_foreign_decorator_is_met_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers, stale_headers: Headers
) -> None:
    app.add_url_rule("/", view_func=foreign(token_required(new_view())))
    assert _refused_by_hook(client)
    assert_challenge(client.get("/", headers=stale_headers), error="invalid_token")
    assert client.get("/", headers=headers).text == "served"


def test_a_demand_over_a_foreign_decorator_is_met_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    app.add_url_rule("/", view_func=token_required(foreign(new_view())))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_demand_between_foreign_decorators_is_met_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    app.add_url_rule("/", view_func=foreign(token_required(foreign(new_view()))))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_copy_of_what_wraps_leaves_is_followed(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    def with_an_answer_of_its_own(view: View) -> View:
        replacement = new_view("the decorator's own answer")
        replacement.__dict__.update(foreign(view).__dict__)
        return replacement

    app.add_url_rule("/", view_func=with_an_answer_of_its_own(token_required(new_view())))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "the decorator's own answer"


def test_a_mark_alone_that_was_copied_is_void(app: Flask, client: FlaskClient) -> None:
    replacement = new_view()
    replacement.__dict__.update(token_required(new_view()).__dict__)
    del replacement.__wrapped__  # type: ignore[attr-defined]  # copied
    app.add_url_rule("/", view_func=replacement)
    assert client.get("/").text == "served"


def test_a_decorator_without_wraps_is_seen_by_the_wrapper_alone(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    guarded = token_required(new_view())

    @app.get("/")
    def view() -> Any:
        return guarded()

    assert _refused_by_wrapper(client)
    assert client.get("/", headers=headers).text == "served"


@pytest.mark.parametrize("times", [1, 3])
def test_a_guard_above_others_above_the_route_protects(
    app: Flask, client: FlaskClient, headers: Headers, times: int
) -> None:
    view = app.get("/")(new_view())
    for _ in range(times):
        view = foreign(view)
    token_required(view)
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_guard_above_a_callable_above_the_route_protects(app: Flask, client: FlaskClient) -> None:
    token_required(lru_cache(app.get("/")(new_view())))
    assert _refused_by_hook(client)


def test_two_guards_above_the_route_both_protect(
    app: Flask, client: FlaskClient, headers_with: HeadersWith
) -> None:
    token_required(scope="b")(token_required(scope="a")(app.get("/")(new_view())))
    assert_challenge(client.get("/", headers=headers_with(scope="a")), error="insufficient_scope")
    assert_challenge(client.get("/", headers=headers_with(scope="b")), error="insufficient_scope")
    assert client.get("/", headers=headers_with(scope="a b")).text == "served"


def test_a_guard_above_the_route_of_a_guarded_view_protects(
    app: Flask, client: FlaskClient, headers_with: HeadersWith
) -> None:
    token_required(scope="b")(foreign(app.get("/")(token_required(scope="a")(new_view()))))
    assert_challenge(client.get("/", headers=headers_with(scope="a")), error="insufficient_scope")
    assert client.get("/", headers=headers_with(scope="a b")).text == "served"


@pytest.mark.parametrize("between", [lambda view: view, foreign], ids=["directly", "foreign"])
def test_wrappers_of_one_guarded_function_share_no_demand(
    app: Flask, client: FlaskClient, headers_with: HeadersWith, between: Callable[[View], View]
) -> None:
    guarded = token_required(new_view())
    app.add_url_rule("/a", "a", token_required(scope="a")(between(guarded)))
    app.add_url_rule("/b", "b", token_required(scope="b")(between(guarded)))
    app.add_url_rule("/", "foreign", foreign(guarded))
    headers = headers_with(scope="a")
    assert client.get("/a", headers=headers).text == "served"
    assert_challenge(client.get("/b", headers=headers), error="insufficient_scope")
    assert client.get("/", headers=headers).text == "served"


def test_one_function_on_two_routes_has_each_routes_own_demands(
    app: Flask, client: FlaskClient, headers_with: HeadersWith
) -> None:
    view = new_view()
    app.add_url_rule("/a", "a", foreign(token_required(scope="a")(view)))
    app.add_url_rule("/b", "b", foreign(token_required(scope="b")(view)))
    app.add_url_rule("/open", "open", foreign(view))
    headers = headers_with(scope="a")
    assert client.get("/a", headers=headers).text == "served"
    assert_challenge(client.get("/b", headers=headers), error="insufficient_scope")
    assert client.get("/open").text == "served"


@pytest.mark.parametrize(("scope", "status"), [(None, 401), ("", 403), ("a", 200)])
def test_an_optional_token_beside_a_demanded_one_is_demanded(
    app: Flask, client: FlaskClient, headers_with: HeadersWith, scope: str | None, status: int
) -> None:
    view = token_required(optional=True)(foreign(token_required(scope="a")(new_view())))
    app.add_url_rule("/", view_func=view)
    headers = {} if scope is None else headers_with(scope=scope)
    response = client.get("/", headers=headers)
    assert response.status_code == status
    assert (response.headers["X-Hook"] == REACHED) == (status == 200)


def test_a_decorator_may_leave_the_view_bare_on_purpose(app: Flask, client: FlaskClient) -> None:
    guarded = token_required(new_view())
    app.add_url_rule("/", view_func=foreign(inspect.unwrap(guarded)))
    assert client.get("/").text == "served"


def test_a_marked_function_is_guarded_where_it_is_unwrapped(
    app: Flask, client: FlaskClient
) -> None:
    app.add_url_rule("/", view_func=inspect.unwrap(foreign(token_required(new_view()))))
    assert _refused_by_hook(client)


def test_an_endpoint_without_a_view_is_still_the_apps_own_fault(app: Flask) -> None:
    app.add_url_rule("/", "nothing")
    app.testing = True
    with pytest.raises(KeyError, match="nothing"):
        app.test_client().get("/")
