"""`TokenGuard.error_response`: one callback that shapes every answer to a refusal, everywhere."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from apiflask import APIFlask
from flask import Flask, Response, jsonify, make_response, request
from flask.testing import FlaskClient
from flask.views import MethodView
from flask_restful import Api as RestfulApi
from flask_restful import Resource
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from flask_tokenguard import (
    InsufficientScope,
    InvalidToken,
    Refusal,
    Rejected,
    TokenGuard,
    TokenMissing,
    Unavailable,
    VerifiedToken,
    require_token,
    token_required,
)
from flask_tokenguard.testing import challenge_parameters

from ..support import challenge_of
from .conftest import GuardApp, Headers
from .frameworks.support import BUILDS

Shape = Callable[[Refusal], Any]
Guarded = Callable[[Shape], FlaskClient]
CHALLENGE = {"realm": "notes"}


def body(error: Refusal) -> Any:
    """Shape an answer as an API with conventions of its own does."""
    return {"message": type(error).__name__, "error": {"code": error.error}}


class Noting:
    """A callback that notes for what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Refusal] = []

    def __call__(self, error: Refusal) -> Any:
        self.asked.append(error)
        return body(error)


def name_of(build: Callable[..., Any]) -> str:
    """Name a build in a test's id."""
    return build.__name__.strip("_")


@pytest.fixture(params=BUILDS, ids=name_of)
def guarded(request: pytest.FixtureRequest, guard_app: GuardApp) -> Guarded:
    """Give the client of the same view under each framework, of an app with a callback."""

    def make(shape: Shape) -> FlaskClient:
        guard = TokenGuard()
        guard.error_response(shape)
        framework = APIFlask if "apiflask" in name_of(request.param) else Flask
        app: Flask = guard_app(framework(__name__), guard, REALM="notes")
        request.param(app)
        return app.test_client()

    return make


# The same in every framework


def test_a_body_goes_out_with_our_status_and_challenge(guarded: Guarded) -> None:
    response = guarded(body).get("/notes")
    assert response.get_json() == {"message": "TokenMissing", "error": {"code": "token_missing"}}
    assert (response.status_code, response.mimetype) == (401, "application/json")
    assert challenge_parameters(response) == CHALLENGE


def test_a_short_token_goes_out_with_its_status(guarded: Guarded, headers: Headers) -> None:
    response = guarded(body).get("/notes", headers=headers)
    assert (response.status_code, response.get_json()["message"]) == (403, "InsufficientScope")
    assert challenge_parameters(response)["scope"] == "notes:read"


def test_a_response_goes_out_as_it_is(guarded: Guarded) -> None:
    def page(_: Refusal) -> Response:
        response = make_response("<h1>Log in</h1>")
        response.set_cookie("came_from", "here")
        return response

    response = guarded(page).get("/notes", headers={"Accept": "application/json"})
    assert (response.status_code, response.text) == (401, "<h1>Log in</h1>")
    assert response.mimetype == "text/html"
    assert response.headers["Set-Cookie"].startswith("came_from=here")
    assert challenge_parameters(response) == CHALLENGE


@pytest.mark.parametrize(
    "returned",
    [
        ({"a": 1}, 418, {"WWW-Authenticate": 'Session login="/login"'}),
        ({"a": 1}, "418 I AM A TEAPOT", [("WWW-Authenticate", 'Session login="/login"')]),
        Response('{"a": 1}', 418, {"WWW-Authenticate": 'Session login="/login"'}),
    ],
    ids=["tuple", "text", "response"],
)
def test_the_callback_may_name_another_status_and_challenge(
    guarded: Guarded, returned: Any
) -> None:
    response = guarded(lambda _: returned).get("/notes")
    assert response.status_code == 418
    assert challenge_of(response) == 'Session login="/login"'


def test_the_callback_is_asked_once_for_an_error(guarded: Guarded, headers: Headers) -> None:
    noting = Noting()
    client = guarded(noting)
    client.get("/notes")
    client.get("/notes", headers=headers)
    assert [type(error) for error in noting.asked] == [TokenMissing, InsufficientScope]


def _raises(_: Refusal) -> Any:
    raise ValueError("hush")


def _returns_nothing(_: Refusal) -> None:
    return None


def _spoils_ours(error: Refusal) -> Any:
    error.get_response().status_code = 200
    raise Unavailable


@pytest.mark.parametrize(
    ("shape", "logged"),
    [
        (_raises, "the callback of error_response raised ValueError in"),
        (_returns_nothing, "the callback of error_response returned nothing"),
        (_spoils_ours, "the callback of error_response raised Unavailable in"),
        (lambda _: {1, 2}, "the callback of error_response returned a set, which cannot be sent"),
        (lambda _: {"a": object()}, "returned a dict, which cannot be sent: TypeError"),
    ],
    ids=["raises", "returns nothing", "spoils ours", "a set", "no JSON"],
)
def test_a_callback_that_fails_leaves_our_answer_and_is_logged(
    guarded: Guarded, caplog: pytest.LogCaptureFixture, shape: Shape, logged: str
) -> None:
    response = guarded(shape).get("/notes")
    assert response.get_json()["error"] == "token_missing"
    assert (response.status_code, challenge_parameters(response)) == (401, CHALLENGE)
    assert [logged in message for message in caplog.messages if "callback" in message] == [True]
    assert "hush" not in caplog.text


# What a view raises on its way


class _Refusing(MethodView):
    def get(self) -> Any:
        return require_token(scope="admin")


class _Raising(MethodView):
    def get(self) -> Any:
        raise InvalidToken("The tenant is gone")


def _plain(app: Flask, kind: type[MethodView]) -> None:
    app.add_url_rule("/notes", view_func=kind.as_view("notes"))


def _restful(app: Flask, kind: type[MethodView]) -> None:
    resource = type("Notes", (Resource,), {"get": lambda _: kind().get()})  # type: ignore[attr-defined] # each has one
    RestfulApi(app, serve_challenge_on_401=True).add_resource(resource, "/notes")


def _restx(app: Flask, kind: type[MethodView]) -> None:
    resource = type("Notes", (flask_restx.Resource,), {"get": lambda _: kind().get()})  # type: ignore[attr-defined] # each has one
    flask_restx.Api(app, serve_challenge_on_401=True).add_resource(resource, "/notes")


@pytest.mark.parametrize("register", [_plain, _restful, _restx], ids=name_of)
@pytest.mark.parametrize("kind", [_Refusing, _Raising])
def test_a_refusal_of_a_view_is_shaped_too(guard_app: GuardApp, kind: Any, register: Any) -> None:
    guard, noting = TokenGuard(), Noting()
    guard.error_response(noting)
    app: Flask = guard_app(Flask(__name__), guard, REALM="notes")
    register(app, kind)
    response = app.test_client().get("/notes")
    assert (response.status_code, challenge_parameters(response)["realm"]) == (401, "notes")
    assert [response.get_json()] == [body(error) for error in noting.asked]


def test_what_was_added_to_the_answer_stays_under_restx(guard_app: GuardApp, token: str) -> None:
    app: Flask = guard_app(Flask(__name__), TOKEN_LOCATIONS=["query"])
    _restx(app, _Refusing)
    response = app.test_client().get("/notes", query_string={"access_token": token})
    assert (response.status_code, response.headers["Cache-Control"]) == (403, "private")


def test_an_api_handler_of_restx_for_our_class_is_sent(guard_app: GuardApp) -> None:
    guard = TokenGuard()
    guard.error_response(body)
    app: Flask = guard_app(Flask(__name__), guard)
    api = flask_restx.Api(app)

    class Notes(flask_restx.Resource):  # type: ignore[misc]  # flask-restx has no types
        @token_required
        def get(self) -> Any:
            return {}

    @api.errorhandler(TokenMissing)  # type: ignore[untyped-decorator]  # flask-restx has no types
    def handle(error: TokenMissing) -> Any:
        return {"ours": error.get_response().get_json(), "message": "theirs"}, 418

    api.add_resource(Notes, "/notes")
    response = app.test_client().get("/notes")
    assert response.status_code == 418
    assert response.get_json()["message"] == "theirs"
    assert response.get_json()["ours"]["error"] == {"code": "token_missing"}


# Handlers of the app


@pytest.fixture
def handled_app(guard_app: GuardApp) -> Flask:
    """An app with a callback, a guarded view, and one that raises a refusal itself."""
    guard = TokenGuard()
    guard.error_response(body)
    app: Flask = guard_app(Flask(__name__), guard, REALM="notes")
    _plain(app, _Raising)
    app.add_url_rule("/guarded", "guarded", token_required(lambda: "served"))
    return app


@pytest.mark.parametrize("kind", [InvalidToken, Rejected])
@pytest.mark.parametrize("path", ["/notes", "/guarded"])
def test_a_handler_for_our_class_gets_what_the_callback_made(
    handled_app: Flask, stale_headers: Headers, kind: type[Rejected], path: str
) -> None:
    @handled_app.errorhandler(kind)
    def add(error: Refusal) -> Any:
        response = error.get_response()
        response.headers["X-Handled"] = "yes"
        return response

    response = handled_app.test_client().get(path, headers=stale_headers)
    assert response.get_json()["message"] == "InvalidToken"
    assert response.headers["X-Handled"] == "yes"
    assert challenge_parameters(response)["error"] == "invalid_token"


def test_a_handler_for_other_errors_leaves_the_callbacks_answer(handled_app: Flask) -> None:
    handled_app.register_error_handler(HTTPException, lambda _: ("theirs", 418))
    assert handled_app.test_client().get("/guarded").get_json()["message"] == "TokenMissing"


# Each kind of answer, each kind of callback


def _is_down(_: VerifiedToken) -> None:
    raise Unavailable(retry_after=7)


def test_an_outage_keeps_retry_after(guard_app: GuardApp, headers: Headers) -> None:
    guard = TokenGuard(validators=[_is_down])
    guard.error_response(body)
    app: Flask = guard_app(Flask(__name__), guard)
    app.add_url_rule("/", "view", token_required(lambda: "served"))
    response = app.test_client().get("/", headers=headers)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "7")
    assert response.get_json()["message"] == "Unavailable"
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.parametrize("path", ["/token", "/revoke"])
def test_the_answers_of_the_endpoints_are_shaped_too(guard_app: GuardApp, path: str) -> None:
    guard, noting = TokenGuard(), Noting()
    guard.error_response(noting)
    app: Flask = guard_app(Flask(__name__), guard, STORAGE_URI="memory://")
    app.register_blueprint(guard.token_endpoints())
    grant = {"grant_type": "refresh_token"}
    response = app.test_client().post(path, data=grant)
    assert (response.status_code, len(noting.asked)) == (400, 1)
    assert response.get_json() == {"message": "InvalidGrant", "error": {"code": "invalid_request"}}
    assert response.headers["Cache-Control"] == "no-store"
    assert "WWW-Authenticate" not in response.headers


def _ask(guard_app: GuardApp, shape: Any) -> TestResponse:
    guard = TokenGuard()
    assert guard.error_response(shape) is shape
    app: Flask = guard_app(Flask(__name__), guard, REALM="notes")
    app.add_url_rule("/", "view", token_required(lambda: "served"))
    return app.test_client().get("/")


async def _async_body(error: Refusal) -> Any:
    return body(error)


@pytest.mark.parametrize(
    "shape",
    [
        _async_body,
        lambda error: jsonify(body(error)),
        lambda error: (body(error), {"X-Own": "1"}),
        lambda error: (jsonify(body(error)), HTTPStatus.UNAUTHORIZED),
        lambda error: (body(error), None, {}),
    ],
    ids=["async", "response", "headers", "status", "no status"],
)
def test_the_callback_returns_what_a_view_may(guard_app: GuardApp, shape: Any) -> None:
    response = _ask(guard_app, shape)
    assert (response.status_code, response.get_json()["message"]) == (401, "TokenMissing")
    assert challenge_parameters(response) == CHALLENGE


@pytest.mark.parametrize("shape", [lambda error: error, lambda error: error.get_response()])
def test_the_callback_may_return_our_answer(guard_app: GuardApp, shape: Any) -> None:
    response = _ask(guard_app, shape)
    assert response.get_json()["error"] == "token_missing"
    assert challenge_parameters(response) == CHALLENGE


def test_a_status_of_200_is_sent_where_it_is_named(guard_app: GuardApp) -> None:
    assert _ask(guard_app, lambda _: ({"ok": False}, 200)).status_code == 200


def test_one_response_object_may_answer_for_ever(guard_app: GuardApp, token: str) -> None:
    guard, page = TokenGuard(), Response("no")
    guard.error_response(lambda _: page)
    app: Flask = guard_app(Flask(__name__), guard)
    app.add_url_rule("/", "view", token_required(scope="a")(lambda: "served"))
    client = app.test_client()
    assert client.get("/").status_code == 401
    assert client.get("/", headers={"Authorization": f"Bearer {token}"}).status_code == 403
    assert (page.status_code, "WWW-Authenticate" in page.headers) == (200, False)


def test_one_error_object_is_answered_anew_in_each_request(
    guard_app: GuardApp,
) -> None:
    guard, noting, one_error = TokenGuard(), Noting(), Rejected("The tenant is gone")
    guard.error_response(noting)
    app: Flask = guard_app(Flask(__name__), guard)

    @app.get("/")
    def view() -> Any:
        raise one_error

    client = app.test_client()
    assert [client.get("/").status_code for _ in range(2)] == [401, 401]
    assert noting.asked == [one_error, one_error]


def test_one_error_object_has_an_answer_in_each_open_request(guard_app: GuardApp) -> None:
    guard, one_error = TokenGuard(), Rejected("The tenant is gone")
    guard.error_response(lambda _: {"path": request.path})
    app: Flask = guard_app(Flask(__name__), guard)
    client = app.test_client()

    @app.get("/outer")
    @app.get("/inner")
    def view() -> Any:
        raise one_error

    @app.errorhandler(Rejected)
    def handle(error: Rejected) -> Any:
        if request.path == "/outer":
            client.get("/inner")
        return error.get_response()

    assert app.test_client().get("/outer").get_json() == {"path": "/outer"}


def test_a_handler_may_give_the_error_another_answer(handled_app: Flask) -> None:
    @handled_app.errorhandler(TokenMissing)
    def handle(error: TokenMissing) -> Any:
        error.response = Response("gone", 410)
        return error

    assert handled_app.test_client().get("/guarded").text == "gone"


def test_outside_a_request_nothing_is_asked(guard_app: GuardApp) -> None:
    guard, noting = TokenGuard(), Noting()
    guard.error_response(noting)
    app: Flask = guard_app(Flask(__name__), guard)
    with pytest.raises(InvalidToken) as caught, app.app_context():
        guard.verify("x")
    assert (noting.asked, caught.value.get_response().status_code) == ([], 401)


def test_an_answer_that_an_app_gave_its_error_stays(guard_app: GuardApp) -> None:
    app: Flask = guard_app(Flask(__name__))

    @app.get("/")
    def view() -> Any:
        error = Rejected()
        error.response = Response("gone", 410)
        raise error

    assert app.test_client().get("/").status_code == 410


def test_a_bare_app_answers_our_error_as_any_other() -> None:
    app = Flask(__name__)

    @app.get("/")
    def view() -> Any:
        raise InvalidToken

    response = app.test_client().get("/")
    assert (response.status_code, response.mimetype) == (401, "text/html")


def test_a_refusal_in_an_error_handler_is_answered(guard_app: GuardApp) -> None:
    app: Flask = guard_app(Flask(__name__), REALM="notes")
    app.register_error_handler(404, lambda _: require_token())
    assert challenge_parameters(app.test_client().get("/nowhere")) == CHALLENGE


def test_a_fault_of_the_app_is_no_refusal(guard_app: GuardApp) -> None:
    app: Flask = guard_app(Flask(__name__))
    app.add_url_rule("/", "view", lambda: str(1 / 0))
    logging.getLogger(app.name).disabled = True
    assert app.test_client().get("/").status_code == 500
