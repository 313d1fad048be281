"""The hook that authenticates each request: first among the hooks, open routes, once a request."""

from typing import Any

import pytest
from flask import Blueprint, Flask, g
from flask.testing import FlaskClient

from flask_tokenguard import (
    Claims,
    TokenGuard,
    VerifiedToken,
    current_user,
    token_required,
)
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ..conftest import GuardApp, Headers
from ..support import foreign, new_view
from .support import _is_down, _Users


def test_the_hook_runs_before_hooks_from_before_init_app(
    guard_app: GuardApp, headers: Headers
) -> None:
    app, seen = Flask(__name__), []
    app.before_request(lambda: seen.append(g.claims["sub"]))
    guard_app(app)
    app.add_url_rule("/", view_func=token_required(new_view()))
    app.test_client().get("/", headers=headers)
    assert seen == ["alice"]


def test_the_hook_runs_before_those_of_blueprints(make_app: MakeApp, headers: Headers) -> None:
    app, blueprint, seen = make_app(), Blueprint("notes", __name__), []
    blueprint.before_app_request(lambda: seen.append(g.claims["sub"]))
    blueprint.before_request(lambda: seen.append(g.claims["jti"]))
    blueprint.add_url_rule("/", view_func=new_view())
    app.register_blueprint(blueprint)
    app.test_client().get("/", headers=headers)
    assert seen == ["alice", "1"]


def test_a_refused_request_runs_no_hook_of_the_app(guard_app: GuardApp) -> None:
    app, seen = Flask(__name__), []
    app.before_request(lambda: seen.append("before init_app"))
    guard_app(app)
    app.before_request(lambda: seen.append("after init_app"))
    app.add_url_rule("/", view_func=token_required(new_view()))
    assert_challenge(app.test_client().get("/"))
    assert seen == []


def test_an_open_route_knows_a_good_token(open_client: FlaskClient, headers: Headers) -> None:
    response = open_client.get("/open", headers=headers)
    assert response.get_json()["claims"]["sub"] == "alice"


def test_an_open_route_is_served_without_a_token(open_client: FlaskClient) -> None:
    assert open_client.get("/open").get_json() == {"claims": None, "known": False}


@pytest.mark.parametrize("value", ["Bearer x", "Bearer", "Bearer a b", "Basic YTpi"])
def test_an_open_route_ignores_what_is_no_token(open_client: FlaskClient, value: str) -> None:
    response = open_client.get("/open", headers={"Authorization": value})
    assert response.get_json() == {"claims": None, "known": False}


def test_only_an_open_route_ignores_a_stale_token(
    open_client: FlaskClient, stale_headers: Headers
) -> None:
    response = open_client.get("/open", headers=stale_headers)
    assert response.get_json() == {"claims": None, "known": False}
    assert_challenge(open_client.get("/claims", headers=stale_headers), error="invalid_token")


def test_only_an_open_route_ignores_an_outage(make_app: MakeApp, headers: Headers) -> None:
    app = make_app(TokenGuard(validators=[_is_down]))
    app.add_url_rule("/open", "open", lambda: {"claims": g.claims})
    app.add_url_rule("/optional", "optional", token_required(optional=True)(new_view()))
    client = app.test_client()
    assert client.get("/open", headers=headers).get_json() == {"claims": None}
    assert client.get("/claims", headers=headers).status_code == 503
    assert client.get("/optional", headers=headers).status_code == 503


def test_a_kept_refusal_is_raised_wherever_a_demand_is_met_later(
    make_app: MakeApp, stale_headers: Headers
) -> None:
    app, guarded = make_app(), token_required(new_view())
    app.add_url_rule("/", "caller", lambda: f"it answered {guarded()}")
    assert_challenge(app.test_client().get("/", headers=stale_headers), error="invalid_token")


def test_a_token_is_verified_once_a_request(make_app: MakeApp, headers: Headers) -> None:
    verified: list[str | None] = []

    def count(token: VerifiedToken) -> None:
        verified.append(token.claims.subject)

    app = make_app(TokenGuard(validators=[count]), TOKEN_LOCATIONS=["header", "form"])
    app.add_url_rule("/", view_func=foreign(token_required(new_view())))
    app.test_client().get("/", headers=headers)
    assert verified == ["alice"]


@pytest.mark.parametrize("decorate", [lambda view: view, foreign], ids=["hook", "wrapper"])
def test_check_and_user_loader_run_once_for_a_demand_met_twice(
    make_app: MakeApp, users: _Users, headers: Headers, decorate: Any
) -> None:
    guard, checked = TokenGuard(), []
    app = make_app(guard, TOKEN_LOCATIONS=["header", "form"])
    guard.user_loader(users)

    def check(claims: Claims) -> bool:
        checked.append(claims.subject)
        return True

    demand = token_required(check=check, user=True)
    app.add_url_rule("/", view_func=decorate(demand(demand(new_view()))))
    assert app.test_client().get("/", headers=headers).text == "served"
    assert (checked, users.asked) == (["alice"], ["alice"])


def test_a_user_touched_by_a_hook_is_not_loaded_again(
    make_app: MakeApp, users: _Users, headers: Headers
) -> None:
    guard = TokenGuard()
    app = make_app(guard, TOKEN_LOCATIONS=["header", "form"])
    guard.user_loader(users)
    app.before_request(lambda: None if current_user == "Alice" else "nobody")
    app.add_url_rule("/", view_func=foreign(token_required(user=True)(new_view())))
    assert app.test_client().get("/", headers=headers).text == "served"
    assert users.asked == ["alice"]
