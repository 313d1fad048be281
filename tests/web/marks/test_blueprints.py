"""What the hook and the wrapper see of a demand: blueprints and async views."""

from typing import ClassVar

from flask import Blueprint, Flask, g
from flask.testing import FlaskClient
from flask.views import MethodView
from flask_restful import Api as RestfulApi
from flask_restful import Resource

from flask_tokenguard import Claims, token_required
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.web.guards.marks import demands_on

from ..conftest import Headers
from ..support import View, new_view
from .support import _refused_by_hook, _refused_by_wrapper


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
