"""The same answers under every framework: what the tests share."""

from collections.abc import Callable
from typing import Any, ClassVar

import flask_restx  # type: ignore[import-untyped]  # has no types
from apiflask import APIBlueprint
from flask import Blueprint, Flask
from flask.views import MethodView
from flask.views import View as ClassView
from flask_restful import Api as RestfulApi
from flask_restful import Resource
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]  # has no types
from flask_smorest import Blueprint as SmorestBlueprint

from flask_tokenguard import (
    token_required,
)

from ..support import View, foreign

Build = Callable[[Flask], None]
SCOPE = "notes:read"
SMOREST = {"API_TITLE": "Notes", "API_VERSION": "v1", "OPENAPI_VERSION": "3.0.2"}


def _view() -> Any:
    return {"served": True}


def _demanded() -> View:
    """Make a view of its own that demands the scope."""

    def view() -> Any:
        return {"served": True}

    return token_required(scope=SCOPE)(view)


class _Method(MethodView):
    @token_required(scope=SCOPE)
    def get(self) -> Any:
        return {"served": True}


class _Resource(Resource):  # type: ignore[misc]  # flask-restful has no types
    @token_required(scope=SCOPE)
    def get(self) -> Any:
        return {"served": True}


class _ResourceWithDecorators(Resource):  # type: ignore[misc]  # flask-restful has no types
    method_decorators: ClassVar[list[View]] = [token_required(scope=SCOPE)]

    def get(self) -> Any:
        return {"served": True}


class _ResourceWithDecoratorsByMethod(Resource):  # type: ignore[misc]  # has no types
    method_decorators: ClassVar[dict[str, list[View]]] = {
        "get": [foreign, token_required(scope=SCOPE)],
        "head": [foreign, token_required(scope=SCOPE)],  # flask-restful falls back to no other key
    }

    def get(self) -> Any:
        return {"served": True}


def _function(app: Flask) -> None:
    app.add_url_rule("/notes", view_func=_demanded())


def _function_under_a_foreign_decorator(app: Flask) -> None:
    app.add_url_rule("/notes", view_func=foreign(_demanded()))


def _async_function(app: Flask) -> None:
    @app.get("/notes")
    @token_required(scope=SCOPE)
    async def notes() -> Any:
        return {"served": True}


def _method_view(app: Flask) -> None:
    app.add_url_rule("/notes", view_func=_Method.as_view("notes"))


def _async_method_view(app: Flask) -> None:
    class Notes(MethodView):
        @token_required(scope=SCOPE)
        async def get(self) -> Any:
            return {"served": True}

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))


def _class_view(app: Flask) -> None:
    class Notes(ClassView):
        decorators: ClassVar[list[View]] = [token_required(scope=SCOPE)]

        def dispatch_request(self) -> Any:
            return {"served": True}

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))


def _nested_blueprints(app: Flask) -> None:
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.add_url_rule("/notes", view_func=_demanded())
    outer.register_blueprint(inner)
    app.register_blueprint(outer)


def _restful(app: Flask) -> None:
    RestfulApi(app, catch_all_404s=True).add_resource(_Resource, "/notes")


def _restful_with_its_own_challenge(app: Flask) -> None:
    RestfulApi(app, serve_challenge_on_401=True).add_resource(_Resource, "/notes")


def _restful_with_decorators(app: Flask) -> None:
    RestfulApi(app).add_resource(_ResourceWithDecorators, "/notes")


def _restful_with_decorators_by_method(app: Flask) -> None:
    RestfulApi(app).add_resource(_ResourceWithDecoratorsByMethod, "/notes")


def _restful_with_api_decorators(app: Flask) -> None:
    class Open(Resource):  # type: ignore[misc]  # flask-restful has no types
        def get(self) -> Any:
            return {"served": True}

    api = RestfulApi(app, decorators=[token_required(scope=SCOPE)])
    api.add_resource(Open, "/notes")


def _restful_with_errors_of_its_own(app: Flask) -> None:
    errors = {name: {"message": "no", "status": 418} for name in ("TokenMissing", "InvalidToken")}
    RestfulApi(app, errors=errors).add_resource(_Resource, "/notes")


def _restful_on_a_blueprint(app: Flask) -> None:
    blueprint = Blueprint("api", __name__)
    RestfulApi(blueprint).add_resource(_Resource, "/notes")
    app.register_blueprint(blueprint)


def _restx(app: Flask) -> None:
    class Notes(flask_restx.Resource):  # type: ignore[misc]  # flask-restx has no types
        @token_required(scope=SCOPE)
        def get(self) -> Any:
            return {"served": True}

    flask_restx.Api(app).add_resource(Notes, "/notes")


def _restx_with_decorators(app: Flask) -> None:
    class Notes(flask_restx.Resource):  # type: ignore[misc]  # flask-restx has no types
        method_decorators: ClassVar[list[View]] = [foreign, token_required(scope=SCOPE), foreign]

        def get(self) -> Any:
            return {"served": True}

    flask_restx.Api(app).add_resource(Notes, "/notes")


def _restx_with_api_decorators(app: Flask) -> None:
    class Notes(flask_restx.Resource):  # type: ignore[misc]  # flask-restx has no types
        def get(self) -> Any:
            return {"served": True}

    api = flask_restx.Api(app, decorators=[token_required(scope=SCOPE)])
    api.add_resource(Notes, "/notes")


def _smorest(app: Flask) -> None:
    app.config.update(SMOREST)
    blueprint = SmorestBlueprint("notes", __name__)
    blueprint.route("/notes")(_Method)
    SmorestApi(app).register_blueprint(blueprint)


def _smorest_function(app: Flask) -> None:
    app.config.update(SMOREST)
    blueprint = SmorestBlueprint("notes", __name__)
    view = blueprint.response(200)(_demanded())
    blueprint.route("/notes")(view)
    SmorestApi(app).register_blueprint(blueprint)


def _smorest_function_marked_above(app: Flask) -> None:
    app.config.update(SMOREST)
    blueprint = SmorestBlueprint("notes", __name__)
    view = token_required(scope=SCOPE)(blueprint.response(200)(_view))
    blueprint.route("/notes", endpoint="notes")(view)
    SmorestApi(app).register_blueprint(blueprint)


def _apiflask(app: Flask) -> None:
    blueprint = APIBlueprint("api", __name__)
    blueprint.get("/notes")(blueprint.output({})(_demanded()))
    app.register_blueprint(blueprint)


def _apiflask_method_view(app: Flask) -> None:
    blueprint = APIBlueprint("api", __name__)
    blueprint.add_url_rule("/notes", view_func=_Method.as_view("notes"))
    app.register_blueprint(blueprint)


BUILDS = [
    _function,
    _function_under_a_foreign_decorator,
    _async_function,
    _method_view,
    _async_method_view,
    _class_view,
    _nested_blueprints,
    _restful,
    _restful_with_its_own_challenge,
    _restful_with_decorators,
    _restful_with_decorators_by_method,
    _restful_with_api_decorators,
    _restful_with_errors_of_its_own,
    _restful_on_a_blueprint,
    _restx,
    _restx_with_decorators,
    _restx_with_api_decorators,
    _smorest,
    _smorest_function,
    _smorest_function_marked_above,
    _apiflask,
    _apiflask_method_view,
]


def _name(build: Callable[..., Any]) -> str:
    return build.__name__.strip("_")
