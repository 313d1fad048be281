"""What stands above a guard: what the tests share."""

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import flask_restful
import flask_restx  # type: ignore[import-untyped]  # has no types
from apiflask import APIFlask
from click.testing import Result
from flask import Flask
from flask.views import MethodView
from flask.views import View as ClassView
from flask_caching import Cache
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]  # has no types
from flask_smorest import Blueprint as SmorestBlueprint

from flask_tokenguard import token_required
from flask_tokenguard.cli.commands import tokenguard

from ..conftest import GuardApp
from ..support import View, foreign, new_view

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
