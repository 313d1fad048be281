"""What stands above a guard: flask-smorest and APIFlask."""

from typing import Any

import pytest
from apiflask import APIFlask
from flask import Flask
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]  # has no types
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema, fields

from flask_tokenguard import public, token_required
from flask_tokenguard.testing import assert_challenge

from ..conftest import GuardApp, Headers
from ..support import View
from .support import CONFIG, routes


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
