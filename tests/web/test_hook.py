"""The hook that authenticates each request, and what views learn and call through it."""

import logging
from typing import Any

import pytest
from flask import Blueprint, Flask, current_app, g
from flask.testing import FlaskClient

from flask_tokenguard import (
    Authentication,
    Claims,
    ConfigurationError,
    InvalidToken,
    IssueError,
    TokenGuard,
    Unavailable,
    VerifiedToken,
    current_token,
    current_user,
    issue_token,
    require_token,
    token_accepted,
    token_issued,
    token_rejected,
    token_required,
)
from flask_tokenguard.testing import assert_challenge

from ..conftest import MakeApp
from ..support import bearer
from .conftest import GuardApp, Headers, HeadersWith
from .support import foreign, new_view, received

# First among the hooks


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


# Open routes


def _is_down(_: VerifiedToken) -> None:
    raise Unavailable("The directory is down")


@pytest.fixture
def open_client(make_app: MakeApp) -> FlaskClient:
    """A client of an app with an open route."""
    app = make_app()
    app.add_url_rule("/open", "open", lambda: {"claims": g.claims, "known": bool(current_token)})
    return app.test_client()


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
    app.add_url_rule("/", "caller", lambda: f"it said {guarded()}")
    assert_challenge(app.test_client().get("/", headers=stale_headers), error="invalid_token")


# current_token


def test_current_token_has_header_claims_and_location(
    make_app: MakeApp, headers: Headers, good_claims: dict[str, Any]
) -> None:
    app = make_app()

    @app.get("/")
    @token_required
    def view() -> Any:
        return {
            "header": current_token.header,
            "claims": current_token.claims,
            "where": current_token.location,
        }

    assert app.test_client().get("/", headers=headers).get_json() == {
        "header": {"alg": "HS256", "typ": "at+jwt"},
        "claims": good_claims,
        "where": "header",
    }


def test_an_authentication_begins_anonymous(make_app: MakeApp) -> None:
    parts = make_app().extensions["tokenguard"]
    anonymous = Authentication(parts, parts.locations)
    assert (anonymous.claims, anonymous.header, anonymous.error) == (None, None, None)


def test_g_claims_is_a_dict_with_typed_properties(
    make_app: MakeApp, headers_with: HeadersWith
) -> None:
    app = make_app()

    @app.get("/")
    @token_required
    def view() -> Any:
        return {**g.claims, "subject": g.claims.subject, "scopes": sorted(g.claims.scopes)}

    body = app.test_client().get("/", headers=headers_with(scope="b a")).get_json()
    assert (body["sub"], body["subject"], body["scopes"]) == ("alice", "alice", ["a", "b"])


# current_user


class _Users:
    """A user loader that counts; alice is there, nobody else."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def __call__(self, claims: Claims) -> str | None:
        self.asked.append(claims.subject)
        return "Alice" if claims.subject == "alice" else None


@pytest.fixture
def users() -> _Users:
    """Give the loader, to see whom it was asked for."""
    return _Users()


@pytest.fixture
def users_app(make_app: MakeApp, users: _Users) -> Flask:
    """An app with views that touch the user never, twice, or demand one."""
    guard = TokenGuard()
    app = make_app(guard)
    assert guard.user_loader(users) is users

    def twice() -> str:
        return f"{current_user} {current_user}"

    def demanded() -> str:
        return twice()

    def wrapped() -> str:
        return twice()

    def optional() -> str:
        return twice()

    def called() -> str:
        require_token()
        return twice()

    app.add_url_rule("/called", view_func=called)
    app.add_url_rule("/optional", view_func=token_required(optional=True)(optional))
    app.add_url_rule("/never", view_func=token_required(new_view()))
    app.add_url_rule("/twice", view_func=token_required(twice))
    app.add_url_rule("/open", "open", lambda: f"{current_user} {current_user}")
    app.add_url_rule("/demanded", view_func=token_required(user=True)(demanded))
    app.add_url_rule("/wrapped", view_func=foreign(token_required(user=True)(wrapped)))
    return app


def test_the_user_loader_is_not_asked_for_an_untouched_user(
    users_app: Flask, users: _Users, headers: Headers
) -> None:
    users_app.test_client().get("/never", headers=headers)
    assert users.asked == []


@pytest.mark.parametrize("path", ["/twice", "/open", "/demanded", "/wrapped"])
def test_the_user_loader_is_asked_once_a_request(
    users_app: Flask, users: _Users, headers: Headers, path: str
) -> None:
    client = users_app.test_client()
    assert client.get(path, headers=headers).text == "Alice Alice"
    assert client.get(path, headers=headers).text == "Alice Alice"
    assert users.asked == ["alice", "alice"]


@pytest.mark.parametrize("path", ["/twice", "/demanded", "/wrapped", "/optional", "/called"])
def test_a_user_who_is_gone_is_a_refused_token(
    users_app: Flask, headers_with: HeadersWith, path: str
) -> None:
    response = users_app.test_client().get(path, headers=headers_with(sub="bob"))
    assert_challenge(response, error="invalid_token")


def test_a_view_that_touches_no_user_serves_one_who_is_gone(
    users_app: Flask, headers_with: HeadersWith
) -> None:
    response = users_app.test_client().get("/never", headers=headers_with(sub="bob"))
    assert response.text == "served"


@pytest.mark.parametrize("claims", [{"sub": "bob"}, {"exp": 1}], ids=["gone", "stale"])
def test_an_open_route_has_no_user_where_the_token_is_not_good(
    users_app: Flask, headers_with: HeadersWith, claims: dict[str, Any]
) -> None:
    response = users_app.test_client().get("/open", headers=headers_with(**claims))
    assert (response.status_code, response.text) == (200, "None None")


def test_a_user_who_is_gone_is_asked_for_and_reported_once(
    users_app: Flask, users: _Users, headers_with: HeadersWith
) -> None:
    with received(token_rejected, users_app) as sent:
        users_app.test_client().get("/open", headers=headers_with(sub="bob"))
        users_app.test_client().get("/demanded", headers=headers_with(sub="bob"))
    assert users.asked == ["bob", "bob"]
    assert [(values["reason"], values["refused"]) for values in sent] == [
        ("user_gone", False),
        ("user_gone", True),
    ]


def test_a_check_that_touches_a_user_who_is_gone_refuses(
    users_app: Flask, headers_with: HeadersWith
) -> None:
    view = token_required(check=lambda _: current_user.title())(new_view())
    users_app.add_url_rule("/checked", "checked", view)
    response = users_app.test_client().get("/checked", headers=headers_with(sub="bob"))
    assert_challenge(response, error="invalid_token")


def test_nobody_is_the_user_where_there_is_no_request(users_app: Flask) -> None:
    with users_app.app_context():
        assert not current_user


def test_nobody_is_the_user_of_an_anonymous_request(users_app: Flask, users: _Users) -> None:
    assert users_app.test_client().get("/open").text == "None None"
    assert users.asked == []


def test_nobody_is_the_user_of_a_stale_token_on_an_open_route(
    users_app: Flask, users: _Users, stale_headers: Headers
) -> None:
    assert users_app.test_client().get("/open", headers=stale_headers).text == "None None"
    assert users.asked == []


@pytest.mark.parametrize("demand", [{}, {"user": True}], ids=["touched", "demanded"])
def test_a_user_without_a_loader_is_a_fault_of_the_deployment(
    make_app: MakeApp, headers: Headers, demand: dict[str, Any]
) -> None:
    app = make_app()
    app.testing = True
    app.add_url_rule("/", "view", token_required(**demand)(lambda: str(current_user)))
    with pytest.raises(ConfigurationError, match="user_loader"):
        app.test_client().get("/", headers=headers)


def test_a_user_loader_that_cannot_tell_is_503(make_app: MakeApp, headers: Headers) -> None:
    guard = TokenGuard()
    app = make_app(guard)

    @guard.user_loader
    def load(_: Claims) -> None:
        raise Unavailable("The directory is down")

    app.add_url_rule("/", view_func=token_required(user=True)(new_view()))
    app.add_url_rule("/open", "open", lambda: f"{current_user} {current_user}")
    assert app.test_client().get("/", headers=headers).status_code == 503
    assert app.test_client().get("/open", headers=headers).text == "None None"


def test_the_users_of_two_apps_of_one_guard_come_from_one_loader(
    make_app: MakeApp, headers: Headers
) -> None:
    guard = TokenGuard()
    apps = [make_app(guard), make_app(guard)]
    guard.user_loader(lambda claims: claims["sub"].title())
    for app in apps:
        app.add_url_rule("/", "view", token_required(user=True)(lambda: str(current_user)))
    answers = [app.test_client().get("/", headers=headers).text for app in apps]
    assert answers == ["Alice", "Alice"]


# issue_token, default_claims, TokenGuard.verify


def test_an_issued_token_is_accepted(make_app: MakeApp) -> None:
    app = make_app()
    with app.app_context():
        headers = bearer(issue_token("bob", scope="a b", claims={"role": "guest"}))
    claims = app.test_client().get("/claims", headers=headers).get_json()
    assert (claims["sub"], claims["scope"], claims["role"]) == ("bob", "a b", "guest")


def test_an_answer_with_a_token_in_it_is_stored_nowhere(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/login", "login", lambda: {"token": issue_token("bob")}, methods=["POST"])
    response = app.test_client().post("/login")
    assert response.headers.getlist("Cache-Control") == ["no-store"]
    assert response.headers.getlist("Pragma") == ["no-cache"]


def test_an_answer_with_a_token_replaces_the_views_cache_control(
    make_app: MakeApp,
) -> None:
    guard = TokenGuard()
    app = make_app(guard)

    @app.post("/login")
    def login() -> Any:
        response = current_app.response_class(guard.issue_token("bob"))
        response.headers["Cache-Control"] = "public, max-age=60"
        return response

    assert app.test_client().post("/login").headers.getlist("Cache-Control") == ["no-store"]


def test_an_answer_without_a_token_in_it_says_nothing_of_caches(open_client: FlaskClient) -> None:
    response = open_client.get("/open")
    assert "Cache-Control" not in response.headers
    assert "Pragma" not in response.headers


def test_a_token_that_could_not_be_issued_says_nothing_of_caches(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/", "view", lambda: issue_token(""))
    app.register_error_handler(IssueError, lambda _: "not issued")
    response = app.test_client().get("/")
    assert (response.text, response.headers.get("Cache-Control")) == ("not issued", None)


@pytest.fixture
def guard() -> TokenGuard:
    """Give the guard of an app with claims for every token."""
    guard = TokenGuard()
    guard.default_claims(lambda subject: {"role": "guest", "home": f"/{subject}"})
    return guard


def test_every_token_gets_the_default_claims(make_app: MakeApp, guard: TokenGuard) -> None:
    app = make_app(guard)
    with app.app_context():
        claims = guard.verify(issue_token("bob")).claims
    assert (claims["role"], claims["home"]) == ("guest", "/bob")


def test_claims_given_to_issue_token_come_before_the_defaults(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    app = make_app(guard)
    with app.app_context():
        claims = guard.verify(issue_token("bob", claims={"role": "admin"})).claims
    assert (claims["role"], claims["home"]) == ("admin", "/bob")


def test_reserved_names_are_no_default_claims(make_app: MakeApp) -> None:
    guard = TokenGuard()
    guard.default_claims(lambda _: {"scope": "admin"})
    app = make_app(guard)
    with app.app_context(), pytest.raises(IssueError, match="scope"):
        issue_token("bob")


def test_a_guard_needs_no_context(make_app: MakeApp, guard: TokenGuard) -> None:
    make_app(guard)
    with pytest.raises(InvalidToken):
        guard.verify("x")
    assert guard.verify(guard.issue_token("bob")).claims.subject == "bob"


def test_issuing_needs_a_guarded_app() -> None:
    with Flask("bare").app_context(), pytest.raises(ConfigurationError, match="bare"):
        issue_token("bob")


# Signals


def test_an_issued_token_is_signalled_with_its_claims(make_app: MakeApp) -> None:
    app = make_app()
    with received(token_issued, app) as sent, app.app_context():
        token = issue_token("bob", scope="a")
    assert [(list(values), values["claims"]["sub"]) for values in sent] == [(["claims"], "bob")]
    assert token not in repr(sent)


@pytest.mark.parametrize("path", ["/claims", "/open", "/wrapped"])
@pytest.mark.parametrize("places", [["header"], ["header", "form", "json"]], ids="+".join)
def test_an_accepted_token_is_signalled_once(
    make_app: MakeApp, headers: Headers, path: str, places: list[str]
) -> None:
    app = make_app(TOKEN_LOCATIONS=places)
    app.add_url_rule("/open", "open", new_view())
    app.add_url_rule("/wrapped", "wrapped", foreign(token_required(new_view())))
    with received(token_accepted, app) as sent:
        app.test_client().get(path, headers=headers)
    assert [values["token"].claims["sub"] for values in sent] == ["alice"]


@pytest.mark.parametrize("path", ["/claims", "/open", "/wrapped"])
@pytest.mark.parametrize("places", [["header"], ["header", "form", "json"]], ids="+".join)
def test_a_rejected_token_is_signalled_once_with_the_reason(
    make_app: MakeApp, stale_headers: Headers, path: str, places: list[str]
) -> None:
    app = make_app(TOKEN_LOCATIONS=places)
    app.add_url_rule("/open", "open", new_view())
    app.add_url_rule("/wrapped", "wrapped", foreign(token_required(new_view())))
    with received(token_rejected, app) as sent:
        app.test_client().get(path, headers=stale_headers)
    assert [(values["error"].claim, values["error"].description) for values in sent] == [
        ("exp", "The token has expired (exp)")
    ]


def test_a_short_token_is_signalled_as_accepted_and_as_rejected(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()
    app.add_url_rule("/", view_func=token_required(scope="a")(new_view()))
    with received(token_accepted, app) as accepted, received(token_rejected, app) as rejected:
        assert_challenge(app.test_client().get("/", headers=headers), error="insufficient_scope")
    assert [values["token"].claims["sub"] for values in accepted] == ["alice"]
    assert [values["error"].missing for values in rejected] == [("a",)]


def test_an_outage_is_signalled(make_app: MakeApp, headers: Headers) -> None:
    app = make_app(TokenGuard(validators=[_is_down]))
    with received(token_rejected, app) as sent:
        app.test_client().get("/claims", headers=headers)
    assert [type(values["error"]) for values in sent] == [Unavailable]


@pytest.mark.parametrize("value", ["", "Basic YTpi"])
def test_an_anonymous_request_is_no_rejected_token(open_client: FlaskClient, value: str) -> None:
    with received(token_rejected, open_client.application) as sent:
        open_client.get("/open", headers={"Authorization": value})
    assert sent == []


def test_a_signal_never_carries_the_token(make_app: MakeApp, headers_with: HeadersWith) -> None:
    app, stale, good = make_app(), headers_with(exp=1), headers_with()
    with received(token_rejected, app) as rejected, received(token_accepted, app) as accepted:
        app.test_client().get("/claims", headers=stale)
        app.test_client().get("/claims", headers=good)
    error, token = rejected[0]["error"], accepted[0]["token"]
    shown = f"{error!r} {error} {vars(error)} {token!r} {token.header} {token.claims}"
    assert "eyJ" not in shown


def test_a_kept_refusal_holds_no_frame_of_ours(make_app: MakeApp, stale_headers: Headers) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", new_view())
    with received(token_rejected, app) as sent:
        app.test_client().get("/open", headers=stale_headers)
    error = sent[0]["error"]
    assert (error.__traceback__, error.__context__) == (None, None)


# The logger


@pytest.mark.parametrize("path", ["/claims", "/open"])
@pytest.mark.parametrize(
    "token", ["hush.hush.hush", "hush", "hush hush", "aHVzaA.aHVzaA.hush", '"hush"', "hush" * 4000]
)
def test_the_logger_never_prints_a_token(
    open_client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str, token: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        open_client.get(path, headers=bearer(token))
    assert [record.name for record in caplog.records] == ["flask_tokenguard"]
    assert "hush" not in caplog.text


def test_the_logger_never_prints_a_token_that_was_signed_rightly(
    open_client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    headers: Headers,
    stale_headers: Headers,
) -> None:
    with caplog.at_level(logging.DEBUG):
        open_client.get("/claims", headers=headers)
        open_client.get("/claims", headers=stale_headers)
    assert "The token has expired" in caplog.text
    assert "eyJ" not in caplog.text
    assert "alice" not in caplog.text


def test_issuing_logs_no_token(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app()
    with caplog.at_level(logging.DEBUG), app.app_context():
        issue_token("bob")
    assert "eyJ" not in caplog.text


# Once a request


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
