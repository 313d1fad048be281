"""The recipe for answers as they were: in every framework, beside the real flask-jwt-extended."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from apiflask import APIFlask
from flask import Flask
from flask.testing import FlaskClient
from flask.views import MethodView
from flask_jwt_extended import get_jti
from flask_restful import Api as RestfulApi
from flask_restful import Resource
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]  # has no types
from flask_smorest import Blueprint as SmorestBlueprint

from flask_tokenguard import (
    CrossSiteRequest,
    InvalidRequest,
    TokenGuard,
    refresh_required,
    refresh_token_pair,
    token_required,
)
from flask_tokenguard.cli.commands import tokenguard

from ..support import SettableClock, bearer
from ..web.former import FormerApp
from .test_migrating import SHAPE, run

SECRET = "jR4vX0s9mQ2wL7tB1nK8yF3dH6pC5zGa"
# What a client may send, made by the app as it was.
REQUESTS: dict[str, Callable[[FormerApp], dict[str, str]]] = {
    "none": lambda _: {},
    "bare": lambda _: {"Authorization": "Bearer"},
    "broken": lambda _: bearer("a.b.c"),
    "forged": lambda _: bearer(FormerApp(SECRET[::-1]).access()),
    "stale": lambda old: bearer(old.access(expires_delta=timedelta(seconds=-60))),
    "refresh": lambda old: bearer(old.refresh()),
    "for others": lambda old: bearer(old.access(additional_claims={"aud": "b"})),
    "revoked": lambda old: bearer(_revoked(old)),
    "early": lambda old: bearer(old.access(additional_claims={"nbf": 4_000_000_000})),
    "good": lambda old: bearer(old.access()),
}


def _revoked(old: FormerApp) -> str:
    token = old.access()
    old.revoked.add(_id_of(old, token))
    return token


def _id_of(old: FormerApp, token: str) -> str:
    with old.app.app_context():
        return str(get_jti(token))


@token_required
def _method(_: Any) -> Any:
    return {"served": True}


def _plain(app: Flask) -> None:
    app.add_url_rule("/claims", "claims", token_required(lambda: {"served": True}))


def _restful(app: Flask) -> None:
    resource = type("Claims", (Resource,), {"get": _method})
    RestfulApi(app).add_resource(resource, "/claims")


def _restx(app: Flask) -> None:
    resource = type("Claims", (flask_restx.Resource,), {"get": _method})
    flask_restx.Api(app).add_resource(resource, "/claims")


def _smorest(app: Flask) -> None:
    app.config.update(API_TITLE="Notes", API_VERSION="v1", OPENAPI_VERSION="3.0.2")
    blueprint = SmorestBlueprint("claims", __name__)
    view = type("Claims", (MethodView,), {"get": _method})
    blueprint.route("/claims")(view)
    SmorestApi(app).register_blueprint(blueprint)


def _apiflask(app: Flask) -> None:
    assert isinstance(app, APIFlask)
    app.get("/claims")(app.output({})(token_required(lambda: {"served": True})))


def _name(build: Callable[..., Any]) -> str:
    return build.__name__.strip("_")


@pytest.fixture
def old() -> FormerApp:
    """The app as it was."""
    return FormerApp(SECRET, DECODE_AUDIENCE="a", ENCODE_AUDIENCE="a")


def moved(build: Callable[[Flask], None], old: FormerApp, clock: SettableClock) -> FlaskClient:
    """Make the app as it is, under a framework, with the recipe of the page."""
    guard = TokenGuard(clock=clock)
    app = (APIFlask if build is _apiflask else Flask)("moved")
    app.config.update(
        TOKENGUARD_KEY=SECRET,
        TOKENGUARD_STORAGE_URI="memory://",
        TOKENGUARD_FORMER_TOKENS={
            "profile": "flask-jwt-extended",
            "key": SECRET,
            "audience": "a",
            "until": time.strftime("%Y-%m-%d", time.gmtime(clock.now + 86_400)),
        },
    )
    guard.former_token_revoked(lambda claims: claims.id in old.revoked)
    run(SHAPE, guard=guard, CrossSiteRequest=CrossSiteRequest, InvalidRequest=InvalidRequest)
    guard.init_app(app)
    build(app)
    app.test_cli_runner().invoke(tokenguard, ["import-revoked", "-"], input="")
    view = refresh_required(lambda: dict(refresh_token_pair()))
    app.add_url_rule("/refresh", "refresh", view, methods=["GET"])
    return app.test_client()


def answers(client: FlaskClient, headers: dict[str, str], path: str) -> tuple[int, list[str]]:
    """Return the status, and the names in the body where it is a refusal."""
    answer = client.get(path, headers=headers)
    status = answer.status_code
    return status, [] if status == 200 else [*answer.get_json()]


@pytest.mark.parametrize("build", [_plain, _restful, _restx, _smorest, _apiflask], ids=_name)
@pytest.mark.parametrize("sent", REQUESTS)
def test_an_answer_is_as_it_was(
    old: FormerApp, clock: SettableClock, build: Callable[[Flask], None], sent: str
) -> None:
    headers = REQUESTS[sent](old)
    before = answers(old.app.test_client(), headers, "/claims")
    assert answers(moved(build, old, clock), headers, "/claims") == before


@pytest.mark.parametrize("sent", sorted(REQUESTS.keys() - {"bare", "good", "refresh"}))
def test_an_answer_to_a_refresh_is_as_it_was(
    old: FormerApp, clock: SettableClock, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each token is a refresh token here.
    monkeypatch.setattr(FormerApp, "access", FormerApp.refresh)
    headers = REQUESTS[sent](old)
    before = answers(old.app.test_client(), headers, "/refresh")
    assert answers(moved(_plain, old, clock), headers, "/refresh") == before
    assert before[0] in (401, 422)


def test_an_access_token_is_refused_where_one_refreshes(
    old: FormerApp, clock: SettableClock
) -> None:
    headers = bearer(old.access())
    before = answers(old.app.test_client(), headers, "/refresh")
    assert answers(moved(_plain, old, clock), headers, "/refresh") == before == (422, ["msg"])


def test_a_request_of_another_site_is_a_401(old: FormerApp, clock: SettableClock) -> None:
    client = moved(_plain, old, clock)

    def refuse() -> Any:
        raise CrossSiteRequest

    client.application.add_url_rule("/forged", "forged", refuse)
    assert answers(client, {}, "/forged") == (401, ["msg"])
