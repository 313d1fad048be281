"""The same answers under every framework: an app's handlers, for our errors and for others."""

from functools import partial
from typing import Any

import pytest
from apiflask import APIFlask
from flask import Blueprint, Flask, jsonify, make_response
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
)
from flask_tokenguard.testing import assert_challenge, challenge_parameters

from ..conftest import GuardApp, Headers
from ..support import refusal_of
from .support import _demanded, _function, _function_under_a_foreign_decorator, _name


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
