"""Views that name where their token may be, in place of where the setting names."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import flask_restful
import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from apiflask import APIFlask
from flask import Flask, g
from flask.testing import FlaskClient
from flask.views import MethodView
from werkzeug.test import TestResponse

from flask_tokenguard import (
    TokenGuard,
    current_token,
    issue_token_pair,
    public,
    refresh_required,
    refresh_token_pair,
    require_token,
    token_rejected,
    token_required,
)
from flask_tokenguard.cli.commands import tokenguard

from ..conftest import MakeApp
from ..support import bearer
from .conftest import GuardApp, Headers
from .support import (
    MALFORMED,
    MISSING,
    View,
    called_by_another,
    foreign,
    new_view,
    received,
    refusal_of,
)

SAME = {"Sec-Fetch-Site": "same-origin"}
CROSS = {"Sec-Fetch-Site": "cross-site"}
Decorate = Callable[[View], View]


def show() -> Any:
    """Return where the token was found, and whose it is."""
    return {
        "where": current_token.location if current_token else None,
        "sub": g.claims and g.claims["sub"],
    }


def add(app: Flask, path: str, *decorators: Decorate) -> None:
    view: View = partial(show)
    for decorate in decorators:
        view = decorate(view)
    app.add_url_rule(path, path, view, methods=["GET", "POST"])


QUERY = ["query:jwt"]


def with_views(app: Flask) -> Flask:
    add(app, "/plain", token_required)
    add(app, "/query", token_required(locations=QUERY))
    add(app, "/optional", token_required(optional=True, locations=QUERY))
    add(app, "/cookie", token_required(locations="cookie:ticket"))
    add(app, "/usual", token_required(locations=["cookie"]))
    add(app, "/json", token_required(locations=["json:token"]))
    add(app, "/both", token_required(locations=["header", "query:jwt"]))
    add(app, "/below", token_required(locations=QUERY), foreign)
    add(app, "/hidden", token_required(locations=QUERY), called_by_another)
    add(app, "/stacked", token_required(locations=QUERY), token_required(scope="a"))
    add(app, "/open")

    @app.post("/call")
    def call() -> Any:
        require_token(locations=["json:token"])
        return show()

    @app.get("/called")
    @token_required
    def called() -> Any:
        require_token(locations=QUERY)
        return show()

    return app


@pytest.fixture(params=["marked", "all"])
def client(make_app: MakeApp, request: pytest.FixtureRequest) -> FlaskClient:
    settings = {"PROTECT": request.param, "PUBLIC_ENDPOINTS": ["/open", "call", "/hidden"]}
    return with_views(make_app(**settings)).test_client(use_cookies=False)


def where(answer: TestResponse) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.get_json()["where"]


@pytest.mark.parametrize("path", ["/query", "/optional", "/both", "/below", "/hidden"])
def test_a_view_takes_its_token_where_it_names(client: FlaskClient, token: str, path: str) -> None:
    for _ in range(2):
        answer = client.get(f"{path}?jwt={token}")
        assert answer.get_json() == {"where": "query:jwt", "sub": "alice"}


@pytest.mark.parametrize("path", ["/query", "/cookie", "/json", "/below"])
def test_a_view_takes_no_token_elsewhere(client: FlaskClient, headers: Headers, path: str) -> None:
    assert refusal_of(client.get(path, headers=headers)) == MISSING


def test_a_token_elsewhere_is_none_where_one_is_optional(
    client: FlaskClient, headers: Headers
) -> None:
    answer = client.get("/optional", headers=headers)
    assert answer.get_json() == {"where": None, "sub": None}


def test_another_view_takes_no_token_there(client: FlaskClient, token: str) -> None:
    assert refusal_of(client.get(f"/plain?jwt={token}")) == MISSING


def test_a_header_counts_for_nothing_where_it_is_not_named(client: FlaskClient, token: str) -> None:
    assert where(client.get(f"/query?jwt={token}", headers=bearer("stale"))) == "query:jwt"


def test_two_named_places_hold_one_token(client: FlaskClient, token: str) -> None:
    answer = client.get(f"/both?jwt={token}", headers=bearer(token))
    assert refusal_of(answer) == MALFORMED


def test_a_demand_that_names_none_takes_the_place_of_the_other(
    client: FlaskClient, headers_with: Callable[..., Headers]
) -> None:
    token = headers_with(scope="a")["Authorization"].removeprefix("Bearer ")
    assert where(client.get(f"/stacked?jwt={token}")) == "query:jwt"


@pytest.mark.parametrize("path", ["/cookie", "/usual"])
def test_a_cookie_that_only_a_view_names_is_under_the_check(
    client: FlaskClient, token: str, path: str
) -> None:
    sent = {"Cookie": f"ticket={token}; __Host-access_token={token}"}
    assert where(client.get(path, headers=sent | CROSS)).startswith("cookie")
    assert where(client.post(path, headers=sent | SAME)).startswith("cookie")
    for headers in (sent | CROSS, sent):
        answer = client.post(path, headers=headers)
        assert (answer.status_code, answer.get_json()["error"]) == (403, "cross_site")


def test_a_name_that_browsers_drop_is_a_fault_once_it_is_read(make_app: MakeApp) -> None:
    app = with_views(make_app(COOKIE_DOMAIN="app.example"))
    app.testing = True
    with pytest.raises(Exception, match="without TOKENGUARD_COOKIE_DOMAIN"):
        app.test_client().get("/usual")


def test_a_call_takes_a_token_where_it_names(client: FlaskClient, token: str) -> None:
    answer = client.post("/call", json={"token": token})
    assert answer.get_json() == {"where": "json:token", "sub": "alice"}
    assert refusal_of(client.post("/call")) == MISSING


def test_a_call_takes_no_token_beside_a_malformed_header(client: FlaskClient, token: str) -> None:
    answer = client.post("/call", json={"token": token}, headers={"Authorization": "Bearer"})
    assert refusal_of(answer) == MALFORMED


def test_two_calls_may_name_the_same_place(make_app: MakeApp, token: str) -> None:
    app = make_app()

    @app.get("/twice")
    def twice() -> Any:
        return [require_token(locations=QUERY).subject for _ in range(2)]

    assert app.test_client().get(f"/twice?jwt={token}").get_json() == ["alice", "alice"]


def test_a_call_takes_no_token_that_was_found_elsewhere(
    client: FlaskClient, headers: Headers, token: str
) -> None:
    with received(token_rejected, client.application) as rejected:
        assert refusal_of(client.post("/call", headers=headers)) == MISSING
        assert refusal_of(client.get("/hidden", headers=headers)) == MISSING
    assert {refused["error"].detail for refused in rejected} == {
        "a token came in header, and is wanted in json:token",
        "a token came in header, and is wanted in query:jwt",
    }
    assert refusal_of(client.get(f"/called?jwt={token}", headers=headers)) == MALFORMED


def test_a_call_in_a_hook_before_ours_looks_where_it_names(make_app: MakeApp, token: str) -> None:
    app = with_views(make_app())
    app.before_request_funcs[None].insert(0, lambda: require_token(locations=QUERY) and None)
    assert where(app.test_client().get(f"/query?jwt={token}")) == "query:jwt"


def test_a_plain_call_takes_the_token_that_was_found(make_app: MakeApp, token: str) -> None:
    app = make_app(TOKEN_LOCATIONS=["header", "form"])

    @app.post("/ticket")
    @token_required(locations=QUERY)
    def ticket() -> Any:
        return require_token().subject

    answer = app.test_client().post(f"/ticket?jwt={token}", data={"access_token": "other"})
    assert answer.text == "alice"


def test_a_class_of_views_names_places_for_each_method(make_app: MakeApp, token: str) -> None:
    app = make_app()

    class Files(MethodView):
        decorators: ClassVar[list[Decorate]] = [token_required]

        @token_required(locations=QUERY)
        def get(self) -> Any:
            return show()

        def post(self) -> Any:
            return show()

    app.add_url_rule("/files", view_func=Files.as_view("files"))
    client = app.test_client()
    assert where(client.get(f"/files?jwt={token}")) == "query:jwt"
    assert where(client.post("/files", headers=bearer(token))) == "header"
    assert refusal_of(client.post(f"/files?jwt={token}")) == MISSING


def guarded_get(base: type) -> Any:
    """Make a class view of a framework whose GET names a place."""

    class Files(base):  # type: ignore[misc] # of any framework
        @token_required(locations=QUERY)
        def get(self) -> Any:
            return show()

    return Files


def in_a_list(base: type) -> Any:
    """Make one that names it in a list of decorators."""

    class Files(base):  # type: ignore[misc] # of any framework
        method_decorators = (token_required(locations=QUERY),)

        def get(self) -> Any:
            return show()

    return Files


def add_restful(app: Flask, make: Callable[[type], Any]) -> None:
    flask_restful.Api(app).add_resource(make(flask_restful.Resource), "/files")


def add_restx(app: Flask, make: Callable[[type], Any]) -> None:
    flask_restx.Api(app).add_resource(make(flask_restx.Resource), "/files")


@pytest.mark.parametrize("make", [guarded_get, in_a_list])
@pytest.mark.parametrize("add_to", [add_restful, add_restx])
def test_resources_name_places(
    make_app: MakeApp,
    token: str,
    headers: Headers,
    make: Callable[[type], Any],
    add_to: Callable[..., None],
) -> None:
    app = make_app()
    add_to(app, make)
    client = app.test_client()
    assert where(client.get(f"/files?jwt={token}")) == "query:jwt"
    assert client.get("/files", headers=headers).status_code == 401


def test_an_apiflask_view_names_places(guard_app: GuardApp, token: str, headers: Headers) -> None:
    app = guard_app(APIFlask(__name__))
    add(app, "/files", token_required(locations=QUERY), app.doc(summary="Files"))
    client = app.test_client()
    assert where(client.get(f"/files?jwt={token}")) == "query:jwt"
    assert client.get("/files", headers=headers).status_code == 401


def test_a_view_names_its_places_once(make_app: MakeApp) -> None:
    app = make_app()
    with pytest.raises(TypeError, match="in different locations; name them once"):
        add(app, "/twice", token_required(locations=QUERY), token_required(locations=["query"]))


def test_a_class_and_its_method_name_their_places_once(make_app: MakeApp) -> None:
    app = make_app()
    app.testing = True

    class Files(MethodView):
        decorators: ClassVar[list[Decorate]] = [token_required(locations=["query"])]

        @token_required(locations=QUERY)
        def get(self) -> Any:
            return show()

    app.add_url_rule("/twice", view_func=Files.as_view("twice"))
    with pytest.raises(TypeError, match="in different locations; name them once"):
        app.test_client().get("/twice")


@pytest.mark.parametrize("decorate", [token_required, require_token, refresh_required])
@pytest.mark.parametrize(
    ("locations", "fault"),
    [
        ("cookies", 'locations holds "cookies", which is no place of a token; write cookie'),
        ([], "locations must be a list of texts"),
        (7, "locations is a number where text is wanted"),
        ([7], "locations is a number where text is wanted"),
        (["header", "header"], "each place once"),
    ],
)
def test_a_place_that_is_none_is_named_with_a_remedy(
    decorate: Callable[..., Any], locations: object, fault: str
) -> None:
    with pytest.raises(TypeError, match=fault):
        decorate(locations=locations)


# What a type checker would find.
demand_untyped: Any = token_required
refresh_untyped: Any = refresh_required


@pytest.mark.parametrize("name", ["location", "token_location"])
def test_another_word_for_places_gets_a_hint(name: str) -> None:
    with pytest.raises(TypeError, match=r"write locations=\["):
        demand_untyped(**{name: "cookie"})


# Refresh tokens


def refreshing(make_app: MakeApp, *decorators: Any, **settings: Any) -> Flask:
    app = make_app(STORAGE_URI="memory://", **settings)
    for number, decorate in enumerate(decorators):
        view: View = lambda: dict(refresh_token_pair())  # noqa: E731 - each of its own
        app.add_url_rule(f"/{number}", f"{number}", decorate(view), methods=["POST"])
    app.add_url_rule("/call", "call", lambda: dict(refresh_token_pair()), methods=["POST"])
    app.register_blueprint(app.extensions["guard"].token_endpoints())
    return app


def in_cookie(token: str) -> dict[str, Any]:
    return {"headers": {"Cookie": f"__Host-refresh_token={token}"} | SAME}


def pair_of(app: Flask) -> Any:
    with app.app_context():
        return issue_token_pair("alice")


@pytest.mark.parametrize("path", ["/0", "/call"])
@pytest.mark.parametrize(
    ("entry", "send"),
    [
        ("header", lambda token: {"headers": bearer(token)}),
        ("header:X-Auth-Token", lambda token: {"headers": {"X-Auth-Token": token}}),
        (
            "header:Authorization:Token",
            lambda token: {"headers": {"Authorization": f"Token {token}"}},
        ),
        ("query:jwt", lambda token: {"query_string": {"jwt": token}}),
        ("query", lambda token: {"query_string": {"refresh_token": token}}),
        ("form:token", lambda token: {"data": {"token": token}}),
        ("json:token", lambda token: {"json": {"token": token}}),
        ("form:token", lambda token: {"data": {"refresh_token": token, "token": "access"}}),
        ("query:jwt", lambda token: {"json": {"refresh_token": token}}),
        ("cookie", in_cookie),
        ("cookie:a", in_cookie),
    ],
)
def test_a_refresh_token_is_found_where_the_setting_names(
    make_app: MakeApp, path: str, entry: str, send: Callable[[str], dict[str, Any]]
) -> None:
    app = refreshing(make_app, refresh_required, TOKEN_LOCATIONS=[entry])
    client = app.test_client(use_cookies=False)
    sent = send(pair_of(app)["refresh_token"])
    assert client.post(path, **sent).get_json()["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("entry", "send"),
    [
        ("query:jwt", lambda token: {"headers": bearer(token)}),
        ("cookie:a", lambda token: {"headers": {"Cookie": f"a={token}"} | SAME}),
        ("header", lambda token: {"query_string": {"refresh_token": token}}),
    ],
)
def test_a_refresh_token_elsewhere_is_none(
    make_app: MakeApp, entry: str, send: Callable[[str], dict[str, Any]]
) -> None:
    app = refreshing(make_app, refresh_required, TOKEN_LOCATIONS=[entry])
    client = app.test_client(use_cookies=False)
    answer = client.post("/0", **send(pair_of(app)["refresh_token"]))
    assert answer.get_json()["error_description"] == "There is no refresh_token"


@pytest.mark.parametrize("path", ["/0", "/call"])
def test_a_refresh_token_in_a_header_counts_before_a_cookie(make_app: MakeApp, path: str) -> None:
    app = refreshing(make_app, refresh_required, TOKEN_LOCATIONS=["header", "cookie"])
    headers = bearer(pair_of(app)["refresh_token"]) | {"Cookie": "__Host-refresh_token=stale"}
    assert app.test_client(use_cookies=False).post(path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/0", "/call"])
def test_an_access_token_in_a_header_lets_the_cookie_refresh(make_app: MakeApp, path: str) -> None:
    app = refreshing(make_app, refresh_required, TOKEN_LOCATIONS=["header", "cookie"])
    client, pair = app.test_client(use_cookies=False), pair_of(app)
    headers = bearer(pair["access_token"]) | in_cookie(pair["refresh_token"])["headers"]
    assert client.post(path, headers=headers | CROSS).status_code == 403
    assert client.post(path, headers=headers).status_code == 200


def test_a_view_takes_its_refresh_token_where_it_names(make_app: MakeApp) -> None:
    app = refreshing(make_app, refresh_required(locations=["header:X-Refresh"]))
    client, token = app.test_client(), pair_of(app)["refresh_token"]
    assert client.post("/0", json={"refresh_token": token}).status_code == 400
    assert client.post("/0", headers={"X-Refresh": token}).status_code == 200


@pytest.mark.parametrize(("entry", "name"), [("cookie", "__Host-refresh_token"), ("cookie:a", "a")])
def test_a_refresh_cookie_named_by_a_view_alone_is_checked(
    make_app: MakeApp, entry: str, name: str
) -> None:
    app = refreshing(make_app, refresh_required(locations=["cookie:new", entry]))
    client = app.test_client(use_cookies=False)
    headers = {"Cookie": f"{name}={pair_of(app)['refresh_token']}"}
    assert client.post("/0", headers=headers | CROSS).status_code == 403
    assert client.post("/0", headers=headers).status_code == 403
    assert client.post("/0", headers=headers | SAME).status_code == 200


def test_the_refresh_cookie_that_is_named_first_counts(make_app: MakeApp) -> None:
    app = refreshing(make_app, refresh_required(locations=["cookie:new", "cookie:old"]))
    headers = {"Cookie": f"old=stale; new={pair_of(app)['refresh_token']}"} | SAME
    assert app.test_client(use_cookies=False).post("/0", headers=headers).status_code == 200


def test_two_refresh_tokens_are_a_bad_request(make_app: MakeApp) -> None:
    app = refreshing(make_app, refresh_required(locations=["form", "query"]))
    token = pair_of(app)["refresh_token"]
    answer = app.test_client().post(f"/0?refresh_token={token}", data={"refresh_token": token})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_a_view_that_names_places_for_refresh_is_shown_with_them(make_app: MakeApp) -> None:
    app = refreshing(make_app, refresh_required(locations=["cookie", "header:X-Refresh"]))
    add(app, "/query", token_required(locations=QUERY))
    runner = app.test_cli_runner()
    shown = runner.invoke(tokenguard, ["routes"]).stdout
    assert "a refresh token, in cookie or header:X-Refresh" in shown
    assert "a token, in query:jwt" in shown
    rows = json.loads(runner.invoke(tokenguard, ["routes", "--json"]).stdout)
    demands = {row["rule"]: row["demands"] for row in rows}
    assert demands["/0"] == [{"refresh_token": True, "locations": ["cookie", "header:X-Refresh"]}]
    assert demands["/query"] == [{"locations": ["query:jwt"]}]


@pytest.mark.parametrize(
    "misuse",
    [
        lambda: refresh_untyped(new_view(), new_view()),
        lambda: refresh_untyped(new_view(), locations="header"),
        lambda: refresh_untyped(scope="a"),
        lambda: refresh_untyped(location="header"),
        lambda: refresh_untyped("header"),
        lambda: refresh_untyped(locations="header")(public(new_view())),
    ],
)
def test_refresh_required_takes_a_view_or_places(misuse: Callable[[], Any]) -> None:
    with pytest.raises(TypeError):
        misuse()


def test_the_app_s_own_function_may_find_a_refresh_token(make_app: MakeApp) -> None:
    guard = TokenGuard(locations=lambda request: request.headers.get("X-Refresh"))
    app = make_app(guard, STORAGE_URI="memory://")
    app.add_url_rule(
        "/", view_func=refresh_required(lambda: dict(refresh_token_pair())), methods=["POST"]
    )
    client, headers = app.test_client(), {"X-Refresh": pair_of(app)["refresh_token"]}
    assert client.post("/", headers=headers | CROSS).status_code == 403
    assert client.post("/", headers=headers | SAME).status_code == 200
