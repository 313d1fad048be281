"""What stands above a guard, such as a cache, a limiter or a schema, never answers before it."""

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import flask_restful
import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from apiflask import APIFlask
from click.testing import Result
from flask import Flask, g, request
from flask.views import MethodView
from flask.views import View as ClassView
from flask_caching import Cache
from flask_limiter import Limiter
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]  # has no types
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema, fields

from flask_tokenguard import Claims, TokenGuard, public, require_token, token_required
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.testing import assert_challenge

from .conftest import GuardApp, Headers, HeadersWith
from .support import MISSING, PREFLIGHT, View, foreign, new_view, refusal_of

SCOPE = "notes:read"
CONFIG = {
    "CACHE_TYPE": "SimpleCache",
    "API_TITLE": "Notes",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.2",
}
guarded = token_required(scope=SCOPE)
Build = Callable[[Flask, Cache], Any]


def routes(app: Flask, *options: str) -> Result:
    """Run `flask tokenguard routes`."""
    return app.test_cli_runner().invoke(tokenguard, ["routes", *options])


# Flask-Caching, wherever it stands


class _Notes:
    @guarded
    def show(self) -> str:
        return "served"

    @guarded
    def __call__(self) -> str:
        return "served"


def _function(app: Flask, cache: Cache) -> None:
    app.add_url_rule("/notes", view_func=cache.cached(60)(guarded(new_view())))


def _memoized_function(app: Flask, cache: Cache) -> None:
    app.add_url_rule("/notes", view_func=cache.memoize(60)(guarded(new_view())))


def _function_far_below(app: Flask, cache: Cache) -> None:
    view = foreign(cache.cached(60)(foreign(guarded(foreign(new_view())))))
    app.add_url_rule("/notes", view_func=view)


def _async_function(app: Flask, cache: Cache) -> None:
    async def view() -> str:
        return "served"

    app.add_url_rule("/notes", view_func=cache.cached(60)(guarded(view)))


def _bound_method(app: Flask, cache: Cache) -> None:
    app.add_url_rule("/notes", view_func=cache.cached(60)(_Notes().show))


def _guarded_bound_method(app: Flask, cache: Cache) -> None:
    method = _Notes().show.__wrapped__.__get__(1)  # type: ignore[attr-defined]  # functools.wraps
    app.add_url_rule("/notes", view_func=cache.cached(60)(guarded(method)))


def _callable_object(app: Flask, cache: Cache) -> None:
    view = functools.update_wrapper(functools.partial(_Notes()), new_view())
    app.add_url_rule("/notes", view_func=cache.cached(60)(view))


def _partial(app: Flask, cache: Cache) -> None:
    @guarded
    def echo(body: str) -> str:
        return body

    view = functools.update_wrapper(functools.partial(echo, "served"), new_view())
    app.add_url_rule("/notes", view_func=cache.cached(60)(view))


def _class_with_decorators(app: Flask, cache: Cache) -> None:
    class Notes(MethodView):
        decorators: ClassVar[list[View]] = [guarded, cache.cached(60)]

        def get(self) -> str:
            return "served"

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))


def _cached_method(app: Flask, cache: Cache) -> None:
    class Notes(MethodView):
        @cache.cached(60)
        @guarded
        def get(self) -> str:
            return "served"

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))


def _cached_static_method(app: Flask, cache: Cache) -> None:
    class Notes(MethodView):
        @staticmethod
        @cache.cached(60)
        @guarded
        def get() -> str:
            return "served"

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))


def _cached_partial_method(app: Flask, cache: Cache) -> None:
    class Notes(MethodView):
        @cache.cached(60)
        @guarded
        def show(self, body: str) -> str:
            return body

        get = functools.partialmethod(show, "served")

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))


def _cached_dispatch_request(app: Flask, cache: Cache) -> None:
    class Notes(ClassView):
        @cache.cached(60)
        @guarded
        def dispatch_request(self) -> str:
            return "served"

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))


def _class_view_under_a_function(app: Flask, cache: Cache) -> None:
    class Notes(MethodView):
        @guarded
        def get(self) -> str:
            return "served"

    view: Any = cache.cached(60)(Notes.as_view("notes"))
    del view.view_class  # As a decorator that copies no attributes.
    app.add_url_rule("/notes", "notes", view)


def _restful(app: Flask, cache: Cache) -> None:
    class Notes(flask_restful.Resource):  # type: ignore[misc]  # has no types
        method_decorators: ClassVar[list[View]] = [guarded, cache.cached(60)]

        def get(self) -> str:
            return "served"

    flask_restful.Api(app).add_resource(Notes, "/notes")


def _restful_by_method(app: Flask, cache: Cache) -> None:
    class Notes(flask_restful.Resource):  # type: ignore[misc]  # has no types
        method_decorators: ClassVar[dict[str, Any]] = {"get": (guarded, cache.cached(60))}

        def get(self) -> str:
            return "served"

    flask_restful.Api(app).add_resource(Notes, "/notes")


def _restful_method(app: Flask, cache: Cache) -> None:
    class Notes(flask_restful.Resource):  # type: ignore[misc]  # has no types
        @cache.cached(60)
        @guarded
        def get(self) -> str:
            return "served"

    flask_restful.Api(app).add_resource(Notes, "/notes")


def _restx(app: Flask, cache: Cache) -> None:
    class Notes(flask_restx.Resource):  # type: ignore[misc]  # has no types
        method_decorators: ClassVar[list[View]] = [guarded, cache.cached(60)]

        def get(self) -> str:
            return "served"

    flask_restx.Api(app).add_resource(Notes, "/notes")


def _restx_with_api_decorators(app: Flask, cache: Cache) -> None:
    class Notes(flask_restx.Resource):  # type: ignore[misc]  # has no types
        def get(self) -> str:
            return "served"

    api = flask_restx.Api(app, decorators=[guarded, cache.cached(60)])
    api.add_resource(Notes, "/notes")


def _smorest(app: Flask, cache: Cache) -> None:
    blueprint = SmorestBlueprint("notes", __name__)
    view = blueprint.response(200)(cache.cached(60)(guarded(new_view())))
    blueprint.route("/notes")(view)
    SmorestApi(app).register_blueprint(blueprint)


def _apiflask(app: Any, cache: Cache) -> None:
    app.get("/notes")(app.output({})(cache.cached(60)(guarded(new_view("{}")))))


BUILDS: list[Build] = [
    _function,
    _memoized_function,
    _function_far_below,
    _async_function,
    _bound_method,
    _guarded_bound_method,
    _callable_object,
    _partial,
    _class_with_decorators,
    _cached_method,
    _cached_static_method,
    _cached_partial_method,
    _cached_dispatch_request,
    _class_view_under_a_function,
    _restful,
    _restful_by_method,
    _restful_method,
    _restx,
    _restx_with_api_decorators,
    _smorest,
    _apiflask,
]


def _app_of(build: Build, guard_app: GuardApp, **settings: Any) -> Flask:
    app = APIFlask(__name__) if build is _apiflask else Flask(__name__)
    app.config.update(CONFIG)
    guard_app(app, **settings)
    build(app, Cache(app))
    return app


@pytest.fixture(params=BUILDS, ids=lambda build: build.__name__.strip("_"))
def build(request: pytest.FixtureRequest) -> Build:
    """A way to put a cache above a guard."""
    return request.param  # type: ignore[no-any-return]  # pytest's param is Any


@pytest.fixture(params=["marked", "all"])
def app(request: pytest.FixtureRequest, build: Build, guard_app: GuardApp) -> Flask:
    """An app with a cached and guarded view, whatever else it protects."""
    return _app_of(build, guard_app, PROTECT=request.param)


@pytest.fixture
def plain_app(guard_app: GuardApp) -> Flask:
    """A guarded app without views, ready for every extension."""
    app = Flask(__name__)
    app.config.update(CONFIG)
    return guard_app(app)  # type: ignore[no-any-return]  # the fixture's type is loose


def test_a_cached_answer_is_given_to_good_tokens_alone(
    app: Flask, headers: Headers, stale_headers: Headers, headers_with: HeadersWith
) -> None:
    client = app.test_client()
    assert client.get("/notes", headers=headers_with(scope=SCOPE)).status_code == 200
    assert_challenge(client.get("/notes"))
    assert_challenge(client.get("/notes", headers=stale_headers), error="invalid_token")
    assert_challenge(client.get("/notes", headers=headers), error="insufficient_scope")
    assert_challenge(client.head("/notes"))


def test_a_refusal_is_cached_for_nobody(app: Flask, headers_with: HeadersWith) -> None:
    client = app.test_client()
    assert_challenge(client.get("/notes"))
    assert client.get("/notes", headers=headers_with(scope=SCOPE)).status_code == 200


def test_routes_lists_what_is_demanded_below(build: Build, guard_app: GuardApp) -> None:
    result = routes(_app_of(build, guard_app))
    row = next(line for line in result.stdout.splitlines() if " /notes " in line)
    assert row.endswith(f"a token, scope {SCOPE}")


def test_a_preflight_is_answered_by_no_cache(plain_app: Flask, headers_with: HeadersWith) -> None:
    view = Cache(plain_app).cached(60)(guarded(new_view()))
    plain_app.add_url_rule("/notes", view_func=view, methods=["GET", "OPTIONS"])
    client, headers = plain_app.test_client(), headers_with(scope=SCOPE)
    assert client.get("/notes", headers=headers).text == "served"
    assert client.options("/notes", headers=PREFLIGHT).data == b""
    assert client.get("/notes", headers=headers).text == "served"


# Flask-Limiter


def test_refused_requests_use_up_no_limit(plain_app: Flask, headers: Headers) -> None:
    limiter = Limiter(lambda: "everybody", app=plain_app, storage_uri="memory://")
    view = limiter.limit("1 per hour")(token_required(new_view()))
    plain_app.add_url_rule("/notes", view_func=view)
    client = plain_app.test_client()
    assert [refusal_of(client.get("/notes")) for _ in range(2)] == [MISSING, MISSING]
    assert client.get("/notes", headers=headers).text == "served"
    assert client.get("/notes", headers=headers).status_code == 429


# flask-smorest and APIFlask


class _Body(Schema):
    number = fields.Int(required=True)


def _new_echo() -> View:
    def echo(body: Any) -> Any:
        return body

    return echo


def _smorest_with_body(app: Any, decorate: View) -> None:
    blueprint = SmorestBlueprint("notes", __name__)
    view = blueprint.arguments(_Body)(blueprint.response(200)(decorate(_new_echo())))
    blueprint.route("/notes", methods=["POST"])(view)
    SmorestApi(app).register_blueprint(blueprint)


def _apiflask_with_body(app: Any, decorate: View) -> None:
    view = app.input(_Body, arg_name="body")(app.output({})(decorate(_new_echo())))
    app.post("/notes")(view)


SCHEMAS = [_smorest_with_body, _apiflask_with_body]
each_schema = pytest.mark.parametrize("build", SCHEMAS, ids=["flask-smorest", "APIFlask"])


def _app_with_body(build: Any, decorate: View, guard_app: GuardApp, **settings: Any) -> Flask:
    app = APIFlask(__name__) if build is _apiflask_with_body else Flask(__name__)
    app.config.update(CONFIG)
    guard_app(app, **settings)
    build(app, decorate)
    return app


@each_schema
def test_a_bad_body_is_answered_to_good_tokens_alone(
    build: Any, guard_app: GuardApp, headers: Headers
) -> None:
    client = _app_with_body(build, token_required, guard_app).test_client()
    assert_challenge(client.post("/notes", json={}))
    assert client.post("/notes", json={}, headers=headers).status_code == 422
    assert client.post("/notes", json={"number": 1}, headers=headers).status_code == 200


@each_schema
def test_public_beneath_a_schema_opens(build: Any, guard_app: GuardApp) -> None:
    app = _app_with_body(build, public, guard_app, PROTECT="all")
    assert app.test_client().post("/notes", json={"number": 1}).status_code == 200
    assert "POST" in next(line for line in routes(app).stdout.splitlines() if "public" in line)


# flask-restful and flask-restx: `method_decorators`


FRAMEWORKS = [flask_restful, flask_restx]
each_framework = pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda found: found.__name__)


def _add_resource(app: Flask, framework: Any, method_decorators: Any) -> None:
    def get(_: Any) -> Any:
        return {"served": True}

    members = {"get": get, "method_decorators": method_decorators}
    resource = type("Notes", (framework.Resource,), members)
    framework.Api(app).add_resource(resource, "/notes")


@pytest.mark.parametrize(
    ("framework", "decorators"),
    [
        (flask_restful, [public]),
        (flask_restful, {"get": [foreign, public]}),
        (flask_restx, [public, foreign]),
        (flask_restx, (public,)),
    ],
    ids=["restful list", "restful dict", "restx list", "restx tuple"],
)
def test_public_in_method_decorators_opens(
    guard_app: GuardApp, framework: Any, decorators: Any
) -> None:
    app = guard_app(Flask(__name__), PROTECT="all")
    _add_resource(app, framework, decorators)
    assert app.test_client().get("/notes").get_json() == {"served": True}


@each_framework
@pytest.mark.parametrize("decorators", [[public, guarded], [guarded, public]], ids=["pg", "gp"])
def test_public_beside_token_required_on_methods_serves_nobody(
    guard_app: GuardApp, headers_with: HeadersWith, framework: Any, decorators: Any
) -> None:
    app = guard_app(Flask(__name__))
    _add_resource(app, framework, decorators)
    response = app.test_client().get("/notes", headers=headers_with(scope=SCOPE))
    assert response.status_code == 500
    assert "public" in routes(app).stderr
    assert routes(app, "--strict").exit_code != 0


def test_head_has_the_decorators_of_the_get_that_it_runs(
    plain_app: Flask, headers_with: HeadersWith
) -> None:
    _add_resource(plain_app, flask_restful, {"get": [guarded]})
    client = plain_app.test_client()
    assert_challenge(client.head("/notes"))
    assert client.head("/notes", headers=headers_with(scope=SCOPE)).status_code == 200


def test_head_has_the_decorators_that_are_its_own(plain_app: Flask) -> None:
    _add_resource(plain_app, flask_restful, {"get": [guarded], "head": []})
    assert plain_app.test_client().head("/notes").status_code == 200


@pytest.mark.parametrize("decorators", [None, 7, "get", {"get": None}, property(lambda _: [])])
def test_what_is_no_list_of_decorators_demands_nothing(plain_app: Flask, decorators: Any) -> None:
    class Notes(MethodView):
        method_decorators = decorators

        def get(self) -> str:
            return "served"

    plain_app.add_url_rule("/notes", view_func=Notes.as_view("notes"))
    assert plain_app.test_client().get("/notes").text == "served"


# What changed for apps


def test_a_check_runs_before_the_decorators_above_its_guard(
    plain_app: Flask, headers: Headers
) -> None:
    tenants: list[str] = []

    def check(_: Claims) -> bool:
        tenants.append(g.get("tenant", "not known yet"))
        return True

    def with_tenant(view: View) -> View:
        @functools.wraps(view)
        def wrapper() -> Any:
            g.tenant = "ada's"
            return view()

        return wrapper

    view = with_tenant(token_required(check=check)(new_view()))
    plain_app.add_url_rule("/notes", view_func=view)
    assert plain_app.test_client().get("/notes", headers=headers).text == "served"
    assert tenants == ["not known yet"]


def test_a_user_loader_runs_before_decorators_above_its_guard(
    guard_app: GuardApp, headers: Headers
) -> None:
    order: list[str] = []
    guard = TokenGuard()

    @guard.user_loader
    def load(claims: Claims) -> Any:
        order.append("loader")
        return claims.subject

    def decorator(view: View) -> View:
        @functools.wraps(view)
        def wrapper() -> Any:
            order.append("decorator")
            return view()

        return wrapper

    app = guard_app(Flask(__name__), guard)
    app.add_url_rule("/notes", view_func=decorator(token_required(user=True)(new_view())))
    app.test_client().get("/notes", headers=headers)
    assert order == ["loader", "decorator"]


API_KEY = {"X-Api-Key": "k"}


def test_an_api_key_is_no_way_around_a_guarded_function(plain_app: Flask) -> None:
    def key_or_token(view: View) -> View:
        @functools.wraps(view)
        def wrapper() -> Any:
            has_key = "X-Api-Key" in request.headers
            return view.__wrapped__() if has_key else view()  # type: ignore[attr-defined]  # wraps

        return wrapper

    plain_app.add_url_rule("/notes", view_func=key_or_token(token_required(new_view())))
    assert_challenge(plain_app.test_client().get("/notes", headers=API_KEY))


def test_a_decorator_for_a_key_or_a_token_calls_require_token(
    plain_app: Flask, headers: Headers
) -> None:
    def key_or_token(view: View) -> View:
        @functools.wraps(view)
        def wrapper() -> Any:
            if "X-Api-Key" not in request.headers:
                require_token()
            return view()

        return wrapper

    plain_app.add_url_rule("/notes", view_func=key_or_token(new_view()))
    client = plain_app.test_client()
    assert client.get("/notes", headers=API_KEY).text == "served"
    assert client.get("/notes", headers=headers).text == "served"
    assert_challenge(client.get("/notes"))
