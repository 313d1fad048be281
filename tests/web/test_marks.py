"""What the hook and the wrapper see of a demand, wherever the decorator stands."""

import inspect
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask, g
from flask.testing import FlaskClient
from flask.views import MethodView
from flask.views import View as ClassView
from flask_restful import Api as RestfulApi
from flask_restful import Resource

from flask_tokenguard import Claims, token_required
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.web.guards.marks import demands_on

from ..conftest import MakeApp
from .conftest import Headers, HeadersWith
from .support import MISSING, View, foreign, new_view, refusal_of

REACHED = "reached"


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app whose own hook notes in an answer's header that the request came that far."""
    app = make_app()

    @app.before_request
    def note() -> None:
        g.reached = REACHED

    @app.after_request
    def tell(response: Any) -> Any:
        response.headers["X-Hook"] = g.get("reached", "not reached")
        return response

    return app


def _refused_by_hook(client: FlaskClient, path: str = "/", method: str = "GET") -> bool:
    response = client.open(path, method=method)
    return refusal_of(response) == MISSING and response.headers["X-Hook"] != REACHED


def _refused_by_wrapper(client: FlaskClient, path: str = "/", method: str = "GET") -> bool:
    response = client.open(path, method=method)
    return refusal_of(response) == MISSING and response.headers["X-Hook"] == REACHED


# Functions


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


# Foreign decorators


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


# What is no plain function


class _Notes:
    def show(self) -> str:
        return "served"

    def __call__(self) -> str:
        return "served"


async def _show_later() -> str:
    return "served"


@pytest.mark.parametrize(
    "view",
    [_Notes().show, _Notes(), partial(new_view()), partial(_show_later), _Notes.show.__get__(1)],
    ids=["bound method", "callable object", "partial", "async partial", "method of another object"],
)
def test_what_is_no_plain_function_is_wrapped(
    app: Flask, client: FlaskClient, headers: Headers, view: View
) -> None:
    app.add_url_rule("/", "view", token_required(view))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


@pytest.mark.parametrize(
    "view",
    [_Notes().show, _Notes(), partial(new_view())],
    ids=["bound method", "callable object", "partial"],
)
def test_what_is_no_plain_function_is_not_marked(
    app: Flask, client: FlaskClient, view: View
) -> None:
    token_required(view)
    app.add_url_rule("/", "view", view)
    assert client.get("/").text == "served"


class _GuardedNotes:
    @token_required
    def show(self) -> str:
        return "served"

    __call__ = show


@pytest.mark.parametrize(
    "view",
    [
        _GuardedNotes().show,
        _GuardedNotes(),
        partial(token_required(new_view())),
        staticmethod(token_required(new_view())),
        lru_cache(token_required(new_view())),
    ],
    ids=["bound method", "callable object", "partial", "static method", "cached function"],
)
def test_what_leads_to_a_guarded_function_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers, view: View
) -> None:
    app.add_url_rule("/", "view", view)
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


# Class views


class _Guarded(MethodView):
    @token_required
    def get(self) -> str:
        return "served"

    def post(self) -> str:
        return "served"


def test_a_method_of_a_class_view_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    app.add_url_rule("/", view_func=_Guarded.as_view("notes"))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_method_without_a_mark_stays_open_beside_a_marked_one(
    app: Flask, client: FlaskClient
) -> None:
    app.add_url_rule("/", view_func=_Guarded.as_view("notes"))
    assert client.post("/").text == "served"


def test_head_falls_back_to_get_and_its_demand(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    app.add_url_rule("/", view_func=_Guarded.as_view("notes"))
    assert _refused_by_hook(client, method="HEAD")
    assert client.head("/", headers=headers).status_code == 200


def test_head_has_its_own_demand_where_there_is_such_a_method(
    app: Flask, client: FlaskClient
) -> None:
    class WithHead(_Guarded):
        def head(self) -> str:
            return ""

    app.add_url_rule("/", view_func=WithHead.as_view("notes"))
    assert client.head("/").status_code == 200
    assert _refused_by_hook(client)


def test_an_inherited_method_keeps_its_demand(app: Flask, client: FlaskClient) -> None:
    class Derived(_Guarded):
        init_every_request = False

    app.add_url_rule("/", view_func=Derived.as_view("notes"))
    assert _refused_by_hook(client)


def test_an_overriding_method_has_only_its_own_demand(app: Flask, client: FlaskClient) -> None:
    class Opened(_Guarded):
        def get(self) -> str:
            return "open"

    app.add_url_rule("/", view_func=Opened.as_view("notes"))
    assert client.get("/").text == "open"


def test_the_decorators_of_a_class_view_guard_all_its_methods(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    class Notes(MethodView):
        decorators: ClassVar[list[View]] = [token_required]

        def get(self) -> str:
            return "served"

        post = get

    app.add_url_rule("/", view_func=Notes.as_view("notes"))
    assert _refused_by_hook(client)
    assert _refused_by_hook(client, method="POST")
    assert client.post("/", headers=headers).text == "served"


@pytest.mark.parametrize(("scope", "status"), [("a", 403), ("b", 403), ("a b", 200)])
def test_the_demands_of_class_and_method_must_both_be_met(
    app: Flask, client: FlaskClient, headers_with: HeadersWith, scope: str, status: int
) -> None:
    class Notes(MethodView):
        decorators: ClassVar[list[View]] = [token_required(scope="a")]

        @token_required(scope="b")
        def get(self) -> str:
            return "served"

    app.add_url_rule("/", view_func=Notes.as_view("notes"))
    response = client.get("/", headers=headers_with(scope=scope))
    assert response.status_code == status
    assert (response.headers["X-Hook"] == REACHED) == (status == 200)


def test_dispatch_request_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    class Notes(ClassView):
        @token_required
        def dispatch_request(self) -> str:
            return "served"

    app.add_url_rule("/", view_func=Notes.as_view("notes"))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_class_view_decorated_as_a_view_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    class Notes(MethodView):
        def get(self) -> str:
            return "served"

    view: View = Notes.as_view("notes")
    app.add_url_rule("/", view_func=token_required(view))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_method_is_guarded_under_a_decorator_of_its_class(
    app: Flask, client: FlaskClient
) -> None:
    class Notes(_Guarded):
        decorators: ClassVar[list[View]] = [foreign]

    app.add_url_rule("/", view_func=Notes.as_view("notes"))
    assert _refused_by_hook(client)


def test_a_class_view_inside_another_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    class Outer(ClassView):
        decorators: ClassVar[list[View]] = [lambda _: foreign(_Guarded.as_view("inner"))]

    app.add_url_rule("/", view_func=Outer.as_view("outer"))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


# Blueprints and async views


def test_a_view_of_a_nested_blueprint_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.add_url_rule("/notes", view_func=token_required(new_view()))
    outer.register_blueprint(inner, url_prefix="/inner")
    app.register_blueprint(outer, url_prefix="/outer")
    assert _refused_by_hook(client, "/outer/inner/notes")
    assert client.get("/outer/inner/notes", headers=headers).text == "served"


def test_a_blueprints_own_hook_runs_after_ours(app: Flask, client: FlaskClient) -> None:
    blueprint = Blueprint("notes", __name__)
    blueprint.before_request(lambda: "the hook's own answer")
    blueprint.add_url_rule("/", view_func=token_required(new_view()))
    app.register_blueprint(blueprint)
    assert_challenge(client.get("/"))


def test_an_async_view_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    @app.get("/")
    @token_required
    async def view() -> str:
        return f"served to {g.claims['sub']}"

    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served to alice"


def test_an_async_method_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    class Notes(MethodView):
        @token_required
        async def get(self) -> str:
            return "served"

    app.add_url_rule("/", view_func=Notes.as_view("notes"))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


def test_an_async_view_called_directly_is_guarded(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    @token_required
    async def view() -> str:
        return "served"

    @app.get("/")
    async def caller() -> str:
        return await view()

    assert _refused_by_wrapper(client)
    assert client.get("/", headers=headers).text == "served"


def test_a_check_seen_by_hook_and_wrapper_is_asked_once(
    app: Flask, client: FlaskClient, headers: Headers
) -> None:
    asked: list[str | None] = []

    def check(claims: Claims) -> bool:
        asked.append(claims.subject)
        return True

    app.add_url_rule("/", view_func=token_required(check=check)(new_view()))
    client.get("/", headers=headers)
    assert asked == ["alice"]


def test_a_function_decorated_at_every_request_has_one_demand(app: Flask, headers: Headers) -> None:
    class Notes(Resource):  # type: ignore[misc]  # flask-restful has no types
        method_decorators: ClassVar[list[View]] = [token_required]

        @staticmethod
        def get() -> str:
            return "served"

    RestfulApi(app).add_resource(Notes, "/", endpoint="notes")
    for _ in range(3):
        assert app.test_client().get("/", headers=headers).status_code == 200
    assert len(demands_on(app.view_functions["notes"], "GET").demands) <= 1
