"""`require_token`: what the decorator demands, asked for by a call."""

from typing import Any

import pytest
from flask import Blueprint, Flask, jsonify, request
from flask.testing import FlaskClient

from flask_tokenguard import Claims, TokenGuard, TokenMissing, require_token
from flask_tokenguard.testing import assert_challenge

from ..conftest import MakeApp
from .conftest import GuardApp, Headers, HeadersWith
from .support import PREFLIGHT, new_view


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app with an open route whose view requires a token with a scope itself."""
    app = make_app()

    @app.route("/", methods=["GET", "OPTIONS"])
    def view() -> Any:
        claims = require_token(scope="a")
        return jsonify(kind=type(claims).__name__, sub=claims.subject)

    return app


def test_it_returns_the_claims(client: FlaskClient, headers_with: HeadersWith) -> None:
    response = client.get("/", headers=headers_with(scope="a"))
    assert response.get_json() == {"kind": "Claims", "sub": "alice"}


def test_it_refuses_as_the_decorator_does(
    client: FlaskClient, headers: Headers, stale_headers: Headers
) -> None:
    assert_challenge(client.get("/"))
    assert_challenge(client.get("/", headers={"Authorization": "Bearer"}), error="invalid_request")
    assert_challenge(client.get("/", headers=stale_headers), error="invalid_token")
    assert_challenge(client.get("/", headers=headers), error="insufficient_scope")


def test_a_preflight_is_no_exception(client: FlaskClient) -> None:
    assert_challenge(client.options("/", headers=PREFLIGHT))


@pytest.mark.parametrize(
    ("demanded", "status"),
    [
        ({}, 200),
        ({"any_scope": "a b"}, 200),
        ({"any_scope": "b c"}, 403),
        ({"role": "admin"}, 403),
        ({"claims": {"tier": "gold"}}, 200),
        ({"claims": {"tier": "tin"}}, 403),
        ({"check": lambda claims: claims.subject == "alice"}, 200),
        ({"check": lambda claims: claims.subject == "bob"}, 403),
        ({"issuers": "https://issuer.example"}, 403),
        ({"max_age": 60}, 401),
        ({"user": True}, 200),
        ({"optional": True, "scope": "b"}, 403),
    ],
)
def test_it_takes_every_demand_of_the_decorator(
    guard_app: GuardApp, headers_with: HeadersWith, demanded: dict[str, Any], status: int
) -> None:
    guard = TokenGuard()
    guard.user_loader(lambda claims: claims.subject)
    app = guard_app(Flask(__name__), guard)
    app.add_url_rule("/", "view", lambda: require_token(**demanded))
    headers = headers_with(scope="a", tier="gold")
    assert app.test_client().get("/", headers=headers).status_code == status


def test_what_demands_nothing_is_an_error(make_app: MakeApp, headers: Headers) -> None:
    app = make_app()
    with app.test_request_context(headers=headers), pytest.raises(TypeError, match="scope"):
        require_token(scope="")


def test_an_optional_token_that_is_not_there_is_none(
    make_app: MakeApp, headers: Headers, stale_headers: Headers
) -> None:
    app = make_app()
    app.add_url_rule("/", "view", lambda: {"claims": require_token(optional=True)})
    client = app.test_client()
    assert client.get("/").get_json() == {"claims": None}
    assert client.get("/", headers=headers).get_json()["claims"]["sub"] == "alice"
    assert_challenge(client.get("/", headers=stale_headers), error="invalid_token")


def test_it_raises_where_the_caller_may_catch_it(make_app: MakeApp) -> None:
    with make_app().test_request_context(), pytest.raises(TokenMissing):
        require_token()


def test_it_guards_a_blueprint_from_its_before_request(make_app: MakeApp, headers: Headers) -> None:
    app, blueprint = make_app(), Blueprint("notes", __name__)

    @blueprint.before_request
    def guard() -> None:
        if request.method != "OPTIONS":
            require_token()

    blueprint.add_url_rule("/", view_func=new_view())
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert_challenge(client.get("/"))
    assert client.get("/", headers=headers).text == "served"
    assert client.options("/", headers=PREFLIGHT).status_code == 200


def test_it_works_in_an_async_view(make_app: MakeApp, headers: Headers) -> None:
    app = make_app()

    @app.get("/")
    async def view() -> dict[str, Any]:
        return require_token()

    assert_challenge(app.test_client().get("/"))
    assert app.test_client().get("/", headers=headers).get_json()["sub"] == "alice"


def test_it_reads_the_body_where_that_is_a_location(make_app: MakeApp, token: str) -> None:
    app = make_app(TOKEN_LOCATIONS=["form"])
    app.add_url_rule("/", "view", require_token, methods=["POST"])
    response = app.test_client().post("/", data={"access_token": token})
    assert response.get_json()["sub"] == "alice"


def test_a_check_is_asked_at_every_call(make_app: MakeApp, headers: Headers) -> None:
    asked: list[str | None] = []

    def check(claims: Claims) -> bool:
        asked.append(claims.subject)
        return True

    with make_app().test_request_context(headers=headers):
        require_token(check=check)
        require_token(check=check)
    assert asked == ["alice", "alice"]
