"""A CORS preflight carries no credentials (Fetch section 3.3.5) and is answered before the view."""

from functools import update_wrapper
from typing import Any, ClassVar

import flask
import flask_restful
import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from flask.views import MethodView
from flask_caching import Cache
from flask_cors import CORS, cross_origin

from flask_tokenguard import token_required
from flask_tokenguard.testing import assert_challenge

from ..conftest import MakeApp
from .conftest import GuardApp, Headers
from .flask_3_2 import Flask32
from .support import PREFLIGHT, View, called_by_another, foreign, new_view

ORIGIN = {"Origin": PREFLIGHT["Origin"]}
BOTH = ["GET", "OPTIONS"]


@pytest.fixture(params=[Flask, Flask32], ids=["installed", "3.2"])
def client(guard_app: GuardApp, request: pytest.FixtureRequest) -> FlaskClient:
    """A client of an app whose views answer OPTIONS themselves, of both signatures of Flask."""
    app: Flask = guard_app(request.param(__name__))
    demands: dict[str, Any] = {
        "guarded": token_required,
        "scoped": token_required(scope="a"),
        "optional": token_required(optional=True),
        "wrapped": lambda view: foreign(token_required(view)),
        "called": lambda view: called_by_another(token_required(view)),
        "open": lambda view: view,
    }
    for name, decorate in demands.items():
        view = decorate(lambda: f"the view's answer to {flask.request.method}")
        app.add_url_rule(f"/{name}", name, view, methods=BOTH)
    app.add_url_rule("/automatic", "automatic", token_required(new_view()))
    app.add_url_rule("/automatic", "deleting", token_required(new_view()), methods=["DELETE"])
    return app.test_client()


@pytest.mark.parametrize("path", ["/guarded", "/scoped", "/optional", "/automatic", "/wrapped"])
def test_a_preflight_gets_flasks_default_answer(client: FlaskClient, path: str) -> None:
    response = client.options(path, headers=PREFLIGHT)
    assert (response.status_code, response.data) == (200, b"")
    assert {"GET", "OPTIONS"} <= set(response.allow)
    assert "WWW-Authenticate" not in response.headers


def test_a_preflight_names_the_methods_of_all_views_of_the_url(client: FlaskClient) -> None:
    response = client.options("/automatic", headers=PREFLIGHT)
    assert set(response.allow) == {"DELETE", "GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("path", ["/guarded", "/scoped", "/optional", "/wrapped"])
def test_a_preflight_never_reaches_the_view(client: FlaskClient, path: str) -> None:
    response = client.options(path, headers=PREFLIGHT)
    assert "the view's answer" not in response.text


def test_a_preflight_to_a_wrapper_gets_flasks_default_answer(
    client: FlaskClient,
) -> None:
    response = client.options("/called", headers=PREFLIGHT)
    assert (response.status_code, response.data) == (200, b"")


def test_a_preflight_never_reaches_the_view_even_with_a_token(
    client: FlaskClient, headers: Headers, stale_headers: Headers
) -> None:
    assert client.options("/guarded", headers=PREFLIGHT | headers).data == b""
    assert client.options("/guarded", headers=PREFLIGHT | stale_headers).data == b""


def test_an_open_view_answers_its_preflight_itself(client: FlaskClient) -> None:
    response = client.options("/open", headers=PREFLIGHT)
    assert response.text == "the view's answer to OPTIONS"


@pytest.mark.parametrize(
    "sent",
    [{}, ORIGIN, {"Access-Control-Request-Method": "GET"}],
    ids=["plain", "origin", "method"],
)
@pytest.mark.parametrize("path", ["/guarded", "/wrapped", "/automatic", "/called"])
def test_a_plain_options_request_is_guarded_as_any_other(
    client: FlaskClient, headers: Headers, path: str, sent: Headers
) -> None:
    assert_challenge(client.options(path, headers=sent))
    assert client.options(path, headers=sent | headers).status_code == 200


def test_a_plain_options_request_with_a_token_reaches_the_view(
    client: FlaskClient, headers: Headers
) -> None:
    response = client.options("/guarded", headers=headers)
    assert response.text == "the view's answer to OPTIONS"


def test_the_headers_of_a_preflight_open_no_other_method(client: FlaskClient) -> None:
    assert_challenge(client.get("/guarded", headers=PREFLIGHT))


def test_a_preflight_never_reaches_a_guarded_method_of_a_class(make_app: MakeApp) -> None:
    class Notes(MethodView):
        @token_required
        def options(self) -> str:
            return "the view's answer"

    app = make_app()
    app.add_url_rule("/", view_func=Notes.as_view("notes"))
    assert app.test_client().options("/", headers=PREFLIGHT).data == b""


# flask-cors


@pytest.fixture
def cors_app(make_app: MakeApp) -> Flask:
    """A guarded app that browsers of other origins may call."""
    app = make_app()
    CORS(app)
    return app


@pytest.mark.parametrize("framework", [flask_restful, flask_restx])
@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PUT"])
def test_no_method_that_a_resource_lacks_is_a_server_error(
    guard_app: GuardApp, framework: Any, method: str
) -> None:
    class Notes(framework.Resource):  # type: ignore[misc]  # has no types
        method_decorators: ClassVar[list[View]] = [token_required]

        def post(self) -> str:
            return "served"

    app: Flask = guard_app(Flask(__name__))
    framework.Api(app).add_resource(Notes, "/notes")
    answer = app.test_client().open("/notes", method=method, headers=PREFLIGHT)
    assert answer.status_code == (200 if method == "OPTIONS" else 405)


def test_app_wide_cors_answers_a_preflight_of_a_guarded_view(cors_app: Flask) -> None:
    asked = PREFLIGHT | {"Access-Control-Request-Headers": "Authorization"}
    response = cors_app.test_client().options("/claims", headers=asked)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] in {"*", PREFLIGHT["Origin"]}
    assert response.headers["Access-Control-Allow-Headers"] == "Authorization"


def test_app_wide_cors_lets_a_browser_read_a_refusal(
    cors_app: Flask, stale_headers: Headers
) -> None:
    response = cors_app.test_client().get("/claims", headers=ORIGIN | stale_headers)
    assert_challenge(response, error="invalid_token")
    assert response.headers["Access-Control-Allow-Origin"] in {"*", PREFLIGHT["Origin"]}


@pytest.fixture
def cross_origin_client(make_app: MakeApp) -> FlaskClient:
    """A client of an app with a view for other origins, decorated in the order that works."""
    app = make_app()

    @app.get("/")
    @cross_origin()
    @token_required
    def view() -> str:
        return "served"

    return app.test_client()


def test_cross_origin_above_answers_a_preflight(cross_origin_client: FlaskClient) -> None:
    response = cross_origin_client.options("/", headers=PREFLIGHT)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] in {"*", PREFLIGHT["Origin"]}
    assert "served" not in response.text


def test_cross_origin_above_leaves_the_view_guarded(
    cross_origin_client: FlaskClient, headers: Headers
) -> None:
    response = cross_origin_client.get("/", headers=headers | ORIGIN)
    assert_challenge(cross_origin_client.get("/", headers=ORIGIN))
    assert response.text == "served"
    assert response.headers["Access-Control-Allow-Origin"] in {"*", PREFLIGHT["Origin"]}


def test_a_cache_above_cross_origin_gives_nothing_to_a_preflight(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()
    app.config["CACHE_TYPE"] = "SimpleCache"
    view = Cache(app).cached(60)(cross_origin()(token_required(new_view("a secret"))))
    app.add_url_rule("/", view_func=view)
    client = app.test_client()
    assert client.get("/", headers=headers).text == "a secret"
    response = client.options("/", headers=PREFLIGHT)
    assert (response.status_code, response.data) == (200, b"")
    assert {"GET", "OPTIONS"} <= set(response.allow)


def test_cross_origin_beside_app_wide_cors_names_an_origin_once(cors_app: Flask) -> None:
    view = cross_origin(origins=PREFLIGHT["Origin"])(token_required(new_view()))
    cors_app.add_url_rule("/", view_func=view)
    response = cors_app.test_client().options("/", headers=PREFLIGHT)
    assert response.headers.getlist("Access-Control-Allow-Origin") == [PREFLIGHT["Origin"]]


def test_an_answer_that_a_decorator_keeps_is_not_changed(make_app: MakeApp) -> None:
    kept = Response("kept", 201, headers={"X-Kept": "yes"})

    def with_kept_answer(view: View) -> View:
        wrapper = foreign(view)
        wrapper.provide_automatic_options = False  # type: ignore[attr-defined]  # Flask reads it
        return update_wrapper(lambda: kept, wrapper)

    app = make_app()
    view = with_kept_answer(token_required(new_view()))
    app.add_url_rule("/", view_func=view, methods=BOTH)
    response = app.test_client().options("/", headers=PREFLIGHT)
    assert (response.status_code, response.data, "X-Kept" in response.headers) == (200, b"", False)
    assert (kept.status_code, kept.data, kept.headers["X-Kept"]) == (201, b"kept", "yes")
