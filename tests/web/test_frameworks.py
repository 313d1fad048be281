"""The same answers under every framework, and whatever other errors an app handles itself."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from apiflask import APIBlueprint, APIFlask
from flask import Blueprint, Flask, jsonify, make_response
from flask.testing import FlaskClient
from flask.views import MethodView
from flask.views import View as ClassView
from flask_restful import Api as RestfulApi
from flask_restful import Resource
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]  # has no types
from flask_smorest import Blueprint as SmorestBlueprint
from werkzeug.exceptions import HTTPException, Unauthorized

from flask_tokenguard import (
    InsufficientScope,
    InvalidToken,
    Rejected,
    TokenGuard,
    TokenGuardError,
    TokenMissing,
    Unavailable,
    VerifiedToken,
    token_required,
)
from flask_tokenguard.testing import assert_challenge, challenge_parameters

from .conftest import GuardApp, Headers, HeadersWith
from .support import View, foreign, refusal_of

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


@pytest.fixture(params=BUILDS, ids=_name)
def client(request: pytest.FixtureRequest, guard_app: GuardApp) -> FlaskClient:
    """A client of the same guarded view under each framework."""
    app = APIFlask(__name__) if "apiflask" in _name(request.param) else Flask(__name__)
    guard_app(app, REALM="notes")
    request.param(app)
    return app.test_client()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_missing_token_is_answered_the_same_everywhere(client: FlaskClient, method: str) -> None:
    response = client.open("/notes", method=method)
    assert_challenge(response)
    assert challenge_parameters(response) == {"realm": "notes"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_malformed_request_is_answered_the_same_everywhere(
    client: FlaskClient, method: str
) -> None:
    response = client.open("/notes", method=method, headers={"Authorization": "Bearer"})
    assert_challenge(response, error="invalid_request")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_bad_token_is_answered_the_same_everywhere(
    client: FlaskClient, stale_headers: Headers, method: str
) -> None:
    response = client.open("/notes", method=method, headers=stale_headers)
    assert_challenge(response, error="invalid_token")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_short_token_is_answered_the_same_everywhere(
    client: FlaskClient, headers: Headers, method: str
) -> None:
    response = client.open("/notes", method=method, headers=headers)
    assert_challenge(response, error="insufficient_scope")
    assert challenge_parameters(response)["scope"] == SCOPE


def test_a_refusal_has_our_body_everywhere(client: FlaskClient, headers: Headers) -> None:
    assert client.get("/notes").get_json()["error"] == "token_missing"
    assert client.get("/notes", headers=headers).get_json()["error"] == "insufficient_scope"


def test_a_good_token_is_served_everywhere(client: FlaskClient, headers_with: HeadersWith) -> None:
    headers = headers_with(scope=SCOPE)
    assert client.get("/notes", headers=headers).get_json() == {"served": True}
    assert client.get("/notes", headers=headers).get_json() == {"served": True}
    assert client.head("/notes", headers=headers).status_code == 200


# A refusal of `TokenGuard.verify` that the view does not catch


@pytest.fixture
def verifying_app(guard_app: GuardApp) -> Flask:
    """An app with views that verify a bad token themselves."""
    guard = TokenGuard()
    app: Flask = guard_app(Flask(__name__), guard)

    class Verifying(Resource):  # type: ignore[misc]  # flask-restful has no types
        def get(self) -> Any:
            return guard.verify("x").claims

    RestfulApi(app, serve_challenge_on_401=True).add_resource(Verifying, "/restful")
    app.add_url_rule("/function", "function", lambda: guard.verify("x").claims)
    return app


@pytest.mark.parametrize("path", ["/restful", "/function"])
def test_a_refusal_not_caught_by_a_view_is_answered_the_same(
    verifying_app: Flask, path: str
) -> None:
    assert_challenge(verifying_app.test_client().get(path), error="invalid_token")


# An app's handlers for other errors


def _bare(error: Exception) -> Any:
    return jsonify(message=str(error)), getattr(error, "code", 500)


async def _async_bare(error: Exception) -> Any:
    return jsonify(message=str(error)), getattr(error, "code", 500)


def _without_headers(error: Exception) -> Any:
    return make_response("an error page", getattr(error, "code", 500))


OTHER_ERRORS: list[Any] = [HTTPException, Exception, Unauthorized, 400, 401, 403, 503]


@pytest.mark.parametrize("handle", [_bare, _async_bare, _without_headers], ids=_name)
@pytest.mark.parametrize("on_blueprint", [False, True], ids=["app", "blueprint"])
@pytest.mark.parametrize("build", [_function, _function_under_a_foreign_decorator], ids=_name)
def test_handlers_of_an_app_for_other_errors_leave_our_answers(
    guard_app: GuardApp, headers: Headers, build: Any, on_blueprint: bool, handle: Any
) -> None:
    app = guard_app(Flask(__name__), REALM="notes")
    blueprint = Blueprint("notes", __name__)
    scaffold: Any = blueprint if on_blueprint else app
    for kind in OTHER_ERRORS:
        scaffold.register_error_handler(kind, handle)
    build(blueprint)
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert challenge_parameters(client.get("/notes")) == {"realm": "notes"}
    assert_challenge(
        client.get("/notes", headers={"Authorization": "Bearer"}), error="invalid_request"
    )
    assert_challenge(client.get("/notes", headers=headers), error="insufficient_scope")
    assert client.get("/notes", headers=headers).get_json()["error"] == "insufficient_scope"


@pytest.mark.parametrize("framework", [Flask, APIFlask])
def test_handlers_from_before_init_app_leave_our_answers_alone(
    guard_app: GuardApp, framework: type[Flask]
) -> None:
    app = framework(__name__)
    for kind in OTHER_ERRORS:
        app.register_error_handler(kind, _bare)
    guard_app(app)
    _function(app)
    assert_challenge(app.test_client().get("/notes"))


def test_an_apps_handlers_leave_an_outage_alone(guard_app: GuardApp, headers: Headers) -> None:
    app = guard_app(Flask(__name__), TokenGuard(validators=[_is_down]))
    app.register_error_handler(HTTPException, _bare)
    _function(app)
    response = app.test_client().get("/notes", headers=headers)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


def test_an_apps_handlers_keep_other_errors(guard_app: GuardApp) -> None:
    app = guard_app(Flask(__name__))
    app.register_error_handler(HTTPException, _without_headers)
    assert app.test_client().get("/nowhere").text == "an error page"


@pytest.mark.parametrize("trap", ["TRAP_HTTP_EXCEPTIONS", "TESTING", "PROPAGATE_EXCEPTIONS"])
def test_flasks_own_settings_leave_our_answers_alone(guard_app: GuardApp, trap: str) -> None:
    app = guard_app(Flask(__name__))
    app.config[trap] = True
    _function(app)
    assert_challenge(app.test_client().get("/notes"))


# An app's handlers for our errors


def _is_down(_: VerifiedToken) -> None:
    raise Unavailable


def _changed(error: Exception) -> Any:
    return {"changed": type(error).__name__}, 418


async def _async_changed(error: Exception) -> Any:
    return {"changed": type(error).__name__}, 418


@pytest.mark.parametrize("kind", [TokenMissing, Rejected, TokenGuardError])
@pytest.mark.parametrize("handle", [_changed, _async_changed], ids=_name)
@pytest.mark.parametrize("build", [_function, _function_under_a_foreign_decorator], ids=_name)
@pytest.mark.parametrize("when", ["before init_app", "after init_app", "blueprint"])
def test_an_apps_handler_for_our_class_changes_the_answer(
    guard_app: GuardApp, kind: type[Exception], handle: Any, build: Any, when: str
) -> None:
    app, blueprint = Flask(__name__), Blueprint("notes", __name__)
    registers = {"blueprint": blueprint.register_error_handler}
    register: Any = registers.get(when, app.register_error_handler)
    steps: list[Any] = [partial(guard_app, app), partial(register, kind, handle)]
    for step in reversed(steps) if when == "before init_app" else steps:
        step()
    build(blueprint)
    app.register_blueprint(blueprint)
    assert app.test_client().get("/notes").get_json() == {"changed": "TokenMissing"}


@pytest.mark.parametrize("kind", [Unavailable, TokenGuardError])
@pytest.mark.parametrize("first", [False, True], ids=["after init_app", "before init_app"])
def test_an_apps_handler_changes_the_answer_to_an_outage(
    guard_app: GuardApp, headers: Headers, kind: type[Exception], first: bool
) -> None:
    app, guard = Flask(__name__), TokenGuard(validators=[_is_down])
    steps: list[Any] = [
        partial(guard_app, app, guard),
        partial(app.register_error_handler, kind, _changed),
    ]
    for step in reversed(steps) if first else steps:
        step()
    _function(app)
    response = app.test_client().get("/notes", headers=headers)
    assert response.get_json() == {"changed": "Unavailable"}


def test_a_handler_for_one_of_our_classes_leaves_the_others(
    guard_app: GuardApp, headers: Headers
) -> None:
    app = guard_app(Flask(__name__))
    app.register_error_handler(InvalidToken, _changed)
    app.register_error_handler(InsufficientScope, _changed)
    _function(app)
    assert_challenge(app.test_client().get("/notes"))
    assert app.test_client().get("/notes", headers=headers).status_code == 418


def test_the_handler_for_the_nearest_class_is_asked(guard_app: GuardApp) -> None:
    app = guard_app(Flask(__name__))
    app.register_error_handler(TokenGuardError, lambda _: ("any of ours", 418))
    app.register_error_handler(Rejected, lambda _: ("rejected", 418))
    _function(app)
    assert app.test_client().get("/notes").text == "rejected"


def test_a_blueprints_handler_comes_before_the_apps(guard_app: GuardApp) -> None:
    app, blueprint = guard_app(Flask(__name__)), Blueprint("notes", __name__)
    app.register_error_handler(Rejected, lambda _: ("the app's", 418))
    blueprint.register_error_handler(Rejected, lambda _: ("the blueprint's", 418))
    blueprint.add_url_rule("/notes", view_func=_demanded())
    app.register_blueprint(blueprint)
    assert app.test_client().get("/notes").text == "the blueprint's"


def test_a_handler_may_add_to_our_answer(guard_app: GuardApp) -> None:
    app: Flask = guard_app(Flask(__name__), REALM="notes")

    @app.errorhandler(Rejected)
    def add(error: Rejected) -> Any:
        response = error.get_response()
        response.headers["X-Request"] = "7"
        return response

    _function(app)
    response = app.test_client().get("/notes")
    assert challenge_parameters(response) == {"realm": "notes"}
    assert response.headers["X-Request"] == "7"


def test_a_handler_that_passes_the_error_on_sends_our_answer(guard_app: GuardApp) -> None:
    app = guard_app(Flask(__name__))
    app.register_error_handler(Rejected, lambda error: error)
    _function(app)
    assert_challenge(app.test_client().get("/notes"))


def test_an_error_of_the_apps_own_is_answered_with_its_status(
    guard_app: GuardApp, headers: Headers
) -> None:
    class Paused(Rejected):
        code = 423
        error = "paused"
        description = "The tenant is paused"

    def is_paused(_: VerifiedToken) -> None:
        raise Paused

    app = guard_app(Flask(__name__), TokenGuard(validators=[is_paused]))
    app.register_error_handler(HTTPException, _bare)
    _function(app)
    response = app.test_client().get("/notes", headers=headers)
    assert refusal_of(response) == (423, "paused")
