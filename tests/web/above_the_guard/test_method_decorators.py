"""What stands above a guard: flask-restful and flask-restx: `method_decorators`."""

from typing import Any

import flask_restful
import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from flask import Flask
from flask.views import MethodView

from flask_tokenguard import public
from flask_tokenguard.testing import assert_challenge

from ..conftest import GuardApp, HeadersWith
from ..support import foreign
from .support import SCOPE, guarded, routes

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
