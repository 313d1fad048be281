"""`refresh_required`: wherever the mark is met, guards, contradictions."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import flask_restful
import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from apiflask import APIFlask
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from flask.views import MethodView
from marshmallow import Schema, fields

from flask_tokenguard import (
    TokenGuard,
    public,
    refresh_required,
    require_token,
    token_required,
)
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.web.guards.marks import demands_on

from ...conftest import MakeApp
from ...support import bearer
from ..conftest import GuardApp, Headers
from ..support import PREFLIGHT, View, called_by_another, foreign, grant_error_of, new_view
from .support import Pair, body_of, catching_all, log_in, new_rotation, rotate

Build = Callable[[Any], Any]
CONTRADICTION = "an access token and a refresh token|cannot demand"


def _function(app: Flask) -> None:
    app.add_url_rule("/", view_func=new_rotation(), endpoint="one", methods=["POST"])


def _below_others(app: Flask) -> None:
    view = catching_all(foreign(new_rotation()))
    app.add_url_rule("/", view_func=view, endpoint="one", methods=["POST"])


def _above_the_route(app: Flask) -> None:
    @refresh_required
    @app.post("/")
    @foreign
    def one() -> Any:
        return rotate()


def _twice(app: Flask) -> None:
    view = refresh_required(foreign(new_rotation()))
    app.add_url_rule("/", view_func=view, endpoint="one", methods=["POST"])


def _async_function(app: Flask) -> None:
    @app.post("/")
    @refresh_required
    async def one() -> Any:
        return rotate()


def _blueprint(app: Flask) -> None:
    blueprint = Blueprint("api", __name__)
    blueprint.add_url_rule("/", view_func=new_rotation(), endpoint="one", methods=["POST"])
    app.register_blueprint(blueprint)


def _method_view(app: Flask) -> None:
    class Tokens(MethodView):
        @catching_all
        @refresh_required
        def post(self) -> Any:
            return rotate()

    app.add_url_rule("/", view_func=Tokens.as_view("one"))


def _class_with_decorators(app: Flask) -> None:
    class Tokens(MethodView):
        decorators: ClassVar[list[View]] = [refresh_required, catching_all]

        def post(self) -> Any:
            return rotate()

    app.add_url_rule("/", view_func=Tokens.as_view("one"))


def _resource(framework: Any, app: Flask) -> None:
    class Tokens(framework.Resource):  # type: ignore[misc]  # has no types
        @refresh_required
        def post(self) -> Any:
            return rotate()

    framework.Api(app, catch_all_404s=True).add_resource(Tokens, "/")


def _method_decorators(framework: Any, app: Flask) -> None:
    class Tokens(framework.Resource):  # type: ignore[misc]  # has no types
        method_decorators: ClassVar[list[View]] = [refresh_required, catching_all]

        def post(self) -> Any:
            return rotate()

    framework.Api(app).add_resource(Tokens, "/")


def _apiflask(app: Any) -> None:
    class Schemed(Schema):
        refresh_token = fields.String(required=True)

    def one(json_data: Any) -> Any:
        assert json_data.keys() == {"refresh_token"}
        return rotate()

    app.post("/")(app.input(Schemed)(refresh_required(one)))


BUILDS: dict[str, Build] = {
    "function": _function,
    "below others": _below_others,
    "above the route": _above_the_route,
    "twice": _twice,
    "async": _async_function,
    "blueprint": _blueprint,
    "method view": _method_view,
    "class with decorators": _class_with_decorators,
    "flask-restful": partial(_resource, flask_restful),
    "flask-restful, method_decorators": partial(_method_decorators, flask_restful),
    "flask-restx": partial(_resource, flask_restx),
    "flask-restx, method_decorators": partial(_method_decorators, flask_restx),
    "APIFlask": _apiflask,
}
in_every_way = pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
in_both_modes = pytest.mark.parametrize("protect", ["marked", "all"])


def build_app(build: Build, guard_app: GuardApp, **settings: Any) -> Flask:
    app = APIFlask(__name__) if build is _apiflask else Flask(__name__)
    guard_app(app, STORAGE_URI="memory://", **settings)
    build(app)
    return app


@in_every_way
@in_both_modes
def test_the_mark_is_met_everywhere(build: Build, guard_app: GuardApp, protect: str) -> None:
    app = build_app(build, guard_app, PROTECT=protect)
    client = app.test_client()
    assert grant_error_of(client.post("/", json={})) == (400, "invalid_request")
    assert grant_error_of(client.post("/", json={"refresh_token": "x"})) == (400, "invalid_grant")
    assert client.post("/", json=body_of(log_in(app))).get_json()["token_type"] == "Bearer"


@in_every_way
@in_both_modes
def test_routes_list_that_a_refresh_token_is_demanded(
    build: Build, guard_app: GuardApp, protect: str
) -> None:
    app = build_app(build, guard_app, PROTECT=protect)
    run = partial(app.test_cli_runner().invoke, tokenguard)
    lines = run(["routes", "--strict"]).output.splitlines()
    assert any("POST" in line and "a refresh token" in line for line in lines)
    assert '"demands": [{"refresh_token": true}]' in run(["routes", "--json"]).output


@in_every_way
def test_a_preflight_reaches_no_view(build: Build, guard_app: GuardApp) -> None:
    client = build_app(build, guard_app).test_client()
    answer = client.options("/", headers=PREFLIGHT)
    assert (answer.status_code, answer.data) == (200, b"")


def test_doctor_counts_such_a_view_as_decided_about(client: FlaskClient) -> None:
    output = client.application.test_cli_runner().invoke(tokenguard, ["doctor"]).output
    assert "refresh" not in output


def test_a_view_that_another_calls_demands_the_token_too(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    view = called_by_another(new_rotation())
    app.add_url_rule("/calls", "calls", view, methods=["POST"])
    assert grant_error_of(client.post("/calls")) == (400, "invalid_request")
    assert client.post("/calls", data=body_of(pair)).status_code == 200


def test_a_preflight_of_a_view_that_another_calls_reaches_it_not(app: Flask) -> None:
    view = called_by_another(new_rotation())
    app.add_url_rule("/calls", "calls", view, methods=["POST", "OPTIONS"])
    assert app.test_client().options("/calls", headers=PREFLIGHT).data == b""


def test_an_access_token_cannot_be_demanded_in_it(make_app: MakeApp, headers: Headers) -> None:
    app = make_app(STORAGE_URI="memory://", TOKEN_LOCATIONS=["header", "form"])
    view = refresh_required(called_by_another(require_token))
    app.add_url_rule("/both", "both", view, methods=["POST"])
    pair = log_in(app)
    body = body_of(pair, access_token=pair["access_token"])
    assert_challenge(app.test_client().post("/both", data=body, headers=headers))


def test_a_subclassed_guard_rotates_what_was_demanded(make_app: MakeApp) -> None:
    class Guard(TokenGuard):
        def refresh_token_pair(self, **options: Any) -> Any:
            return super().refresh_token_pair(**{"origin": "subclass"} | options)

    guard = Guard()
    app = make_app(guard, STORAGE_URI="memory://")
    view = refresh_required(lambda: dict(guard.refresh_token_pair()))
    app.add_url_rule("/refresh", "refresh", view, methods=["POST"])
    assert app.test_client().post("/refresh", data=body_of(log_in(app))).status_code == 200
    assert guard.sessions_of("alice")[0].origin == "subclass"


def test_another_apps_guard_does_not_take_what_this_one_verified(
    app: Flask, client: FlaskClient, pair: Pair, make_app: MakeApp
) -> None:
    other = TokenGuard()
    make_app(other, STORAGE_URI="memory://", KEY="k3-" + "9fQ_x7" * 8)
    view = refresh_required(lambda: dict(other.refresh_token_pair()))
    app.add_url_rule("/other", "other", view, methods=["POST"])
    assert grant_error_of(client.post("/other", data=body_of(pair))) == (400, "invalid_grant")


def test_one_function_serves_the_apps_of_two_guards(make_app: MakeApp) -> None:
    view = new_rotation()
    for app in (make_app(STORAGE_URI="memory://") for _ in range(2)):
        app.add_url_rule("/refresh", "refresh", view, methods=["POST"])
        assert app.test_client().post("/refresh", data=body_of(log_in(app))).status_code == 200


@pytest.mark.parametrize("between", [lambda view: view, foreign], ids=["directly", "foreign"])
@pytest.mark.parametrize(
    ("above", "below"),
    [
        (refresh_required, token_required),
        (token_required, refresh_required),
        (token_required(optional=True), refresh_required),
        (refresh_required, public),
        (public, refresh_required),
    ],
)
def test_a_contradiction_on_one_view_is_an_error_at_import(
    above: View, below: View, between: View
) -> None:
    with pytest.raises(TypeError):
        above(between(below(new_view())))


def test_two_routes_of_one_function_may_demand_one_token_each(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    view = new_view()
    app.add_url_rule("/a", "a", token_required(view), methods=["POST"])
    app.add_url_rule("/b", "b", refresh_required(view), methods=["POST"])
    assert client.post("/a", headers=bearer(pair["access_token"])).text == "served"
    assert client.post("/b", data=body_of(pair)).text == "served"


def test_a_function_that_is_registered_bare_cannot_demand_both() -> None:
    view = new_view()
    token_required(view)
    refresh_required(view)
    with pytest.raises(TypeError, match=CONTRADICTION):
        demands_on(view, "POST")


def test_a_class_and_its_method_cannot_demand_both(app: Flask, client: FlaskClient) -> None:
    class Tokens(MethodView):
        decorators: ClassVar[list[View]] = [token_required]

        @refresh_required
        def post(self) -> Any:
            return rotate()

    app.add_url_rule("/both", view_func=Tokens.as_view("both"))
    assert client.post("/both", data=body_of(log_in(app))).status_code == 500
    result = app.test_cli_runner().invoke(tokenguard, ["routes"])
    assert (result.exit_code, "a refresh token" in result.output) == (2, True)


@pytest.mark.parametrize("view", [MethodView, None, 7], ids=repr)
def test_what_is_no_view_is_refused(view: Any) -> None:
    with pytest.raises(TypeError):
        refresh_required(view)
