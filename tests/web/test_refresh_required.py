"""`refresh_required`: the answers of the token endpoint before a view, and the rotation in it."""

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, ClassVar

import flask_restful
import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from apiflask import APIFlask
from flask import Blueprint, Flask, g
from flask.testing import FlaskClient
from flask.views import MethodView
from marshmallow import Schema, fields
from werkzeug.test import TestResponse

from flask_tokenguard import (
    Claims,
    ConfigurationError,
    InvalidGrant,
    TokenGuard,
    Unavailable,
    current_token,
    issue_token_pair,
    public,
    refresh_required,
    refresh_token_pair,
    require_token,
    revoke_token,
    sessions_of,
    token_accepted,
    token_rejected,
    token_required,
)
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.jose import strict_json
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.verify.verifier import TokenVerifier
from flask_tokenguard.web.guards.marks import demands_on

from ..conftest import MakeApp
from ..support import bearer
from .conftest import GuardApp, Headers
from .support import PREFLIGHT, View, called_by_another, foreign, new_view

Pair = dict[str, Any]
Body = dict[str, Any]
Build = Callable[[Any], Any]
CONTRADICTION = "an access token and a refresh token|cannot demand"


def rotate() -> Any:
    """Rotate; bare, so that each use decorates a function of its own."""
    return dict(refresh_token_pair())


def new_rotation() -> View:
    """Make a marked view of its own."""

    def view() -> Any:
        return rotate()

    return refresh_required(view)


def catching_all(view: View) -> View:
    """Make a server error of whatever a view raises."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except Exception:  # noqa: BLE001 - as an app may do it
            return "caught", 500

    return wrapper


@pytest.fixture
def guard() -> TokenGuard:
    return TokenGuard()


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard) -> Flask:
    app = make_app(guard, STORAGE_URI="memory://", CLIENT_ID="web")
    app.register_blueprint(guard.token_endpoints(), url_prefix="/oauth")
    app.add_url_rule("/refresh", "refresh", catching_all(new_rotation()), methods=["POST"])
    return app


@pytest.fixture
def pair(app: Flask) -> Pair:
    return log_in(app)


def log_in(app: Flask) -> Pair:
    with app.app_context():
        return dict(issue_token_pair("alice", scope="read write"))


def body_of(pair: Pair, **parameters: Any) -> Body:
    return {"refresh_token": pair["refresh_token"], **parameters}


# What is served


@pytest.mark.parametrize("kind", ["data", "json"])
def test_the_view_rotates_the_token_that_was_verified(
    client: FlaskClient, pair: Pair, kind: str
) -> None:
    answer = client.post("/refresh", **{kind: body_of(pair, scope="read", client_id="web")})
    assert (answer.status_code, answer.get_json()["scope"]) == (200, "read")
    assert answer.headers["Cache-Control"] == "no-store"
    headers = bearer(answer.get_json()["access_token"])
    assert client.get("/claims", headers=headers).status_code == 200


def test_the_token_may_come_in_the_header(client: FlaskClient, pair: Pair) -> None:
    answer = client.post("/refresh", headers=bearer(pair["refresh_token"]))
    assert (answer.status_code, answer.get_json()["scope"]) == (200, "read write")


def test_parameters_may_stand_beside_a_token_in_the_header(client: FlaskClient, pair: Pair) -> None:
    headers = bearer(pair["refresh_token"])
    answer = client.post("/refresh", json={"scope": "read"}, headers=headers)
    assert answer.get_json()["scope"] == "read"


def test_a_header_that_is_no_location_is_not_looked_at(guard_app: GuardApp) -> None:
    app = guard_app(Flask(__name__), STORAGE_URI="memory://", TOKEN_LOCATIONS=["form"])
    app.add_url_rule("/refresh", "refresh", new_rotation(), methods=["POST"])
    headers = bearer(log_in(app)["refresh_token"])
    answer = app.test_client().post("/refresh", headers=headers)
    assert answer.get_json()["error_description"] == "There is no refresh_token"


@pytest.mark.parametrize("headers", [True, False], ids=["beside an access token", "alone"])
def test_nobody_is_logged_in_by_a_refresh_token(
    app: Flask, client: FlaskClient, pair: Pair, headers: bool
) -> None:
    @app.post("/who")
    @refresh_required
    def who() -> Any:
        return {"claims": g.claims, "token": bool(current_token)}

    credentials = bearer(pair["access_token"]) if headers else {}
    answer = client.post("/who", data=body_of(pair), headers=credentials)
    assert answer.get_json() == {"claims": None, "token": False}


@pytest.mark.parametrize("header", ["Bearer x", "Bearer"])
def test_a_bad_access_token_beside_it_does_no_harm(
    client: FlaskClient, pair: Pair, header: str
) -> None:
    received: list[object] = []

    def receive(_app: Flask, **_: object) -> None:
        received.append(_)

    with token_rejected.connected_to(receive), token_accepted.connected_to(receive):
        headers = {"Authorization": header}
        answer = client.post("/refresh", data=body_of(pair), headers=headers)
    assert (answer.status_code, received) == (200, [])


@pytest.mark.parametrize("kind", ["data", "json"])
def test_a_token_is_parsed_and_verified_once(
    client: FlaskClient, pair: Pair, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    parsed: list[bytes] = []
    verify, parse = TokenVerifier.verify, strict_json.parse_object

    def count(self: TokenVerifier, token: str) -> Any:
        verified.append(token)
        return verify(self, token)

    def count_bodies(octets: bytes) -> Any:
        parsed.append(octets)
        return parse(octets)

    monkeypatch.setattr(TokenVerifier, "verify", count)
    monkeypatch.setattr(strict_json, "parse_object", count_bodies)
    assert client.post("/refresh", **{kind: body_of(pair)}).status_code == 200
    assert verified == [pair["refresh_token"]]
    assert sum(b"refresh_token" in octets for octets in parsed) == (kind == "json")


def test_an_access_token_in_the_header_is_no_refresh_token(client: FlaskClient, pair: Pair) -> None:
    answer = client.post("/refresh", headers=bearer(pair["access_token"]))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")


def test_a_malformed_header_is_a_bad_request(client: FlaskClient) -> None:
    answer = client.post("/refresh", headers={"Authorization": "Bearer"})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_what_the_view_does_not_rotate_is_not_spent(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    app.add_url_rule("/idle", "idle", refresh_required(new_view()), methods=["POST"])
    assert [client.post("/idle", data=body_of(pair)).text for _ in range(2)] == ["served"] * 2
    assert client.post("/refresh", data=body_of(pair)).status_code == 200


def test_a_view_may_rotate_another_token_that_it_is_given(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    other = log_in(app)["refresh_token"]
    view = refresh_required(lambda: dict(refresh_token_pair(token=other)))
    app.add_url_rule("/other", "other", view, methods=["POST"])
    sid = current_sid(app, client.post("/other", data=body_of(pair)).get_json())
    assert sid == current_sid(app, {"access_token": other}, typ="refresh")


def current_sid(app: Flask, pair: Mapping[str, Any], *, typ: str = "access") -> str:
    parts = app.extensions["tokenguard"]
    verifier = parts.sessions if typ == "refresh" else parts.verifier
    sid: str = verifier.verify(pair["access_token"]).claims["sid"]
    return sid


# What is refused


REFUSED: list[Body] = [
    {},
    {"refresh_token": ""},
    {"refresh_token": "x"},
    {"refresh_token": "a.b.c"},
    {"refresh_token": "é"},
    {"scope": "more"},
    {"scope": '"'},
    {"client_id": "phone"},
    {"padding": "x" * 40_000},
]
ONLY_FORM: list[Body] = [{"refresh_token": ["a", "b"]}, {"scope": ["read", "read"]}]
ONLY_JSON: list[Body] = [{"refresh_token": 7}, {"refresh_token": None}, {"client_id": {}}]


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        *(("data", body) for body in REFUSED + ONLY_FORM),
        *(("json", body) for body in REFUSED + ONLY_JSON),
    ],
    ids=lambda given: str(given)[:40],
)
def test_a_refusal_is_that_of_the_token_endpoint(
    client: FlaskClient, pair: Pair, kind: str, parameters: Body
) -> None:
    body = {} if not parameters else body_of(pair) | parameters
    ours = client.post("/refresh", **{kind: body})
    theirs = client.post("/oauth/token", **{kind: body | {"grant_type": "refresh_token"}})
    assert ours.status_code == theirs.status_code != 200
    assert (ours.data, sorted(ours.headers)) == (theirs.data, sorted(theirs.headers))
    assert ours.headers["Cache-Control"] == "no-store"
    assert client.post("/refresh", data=body_of(pair)).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"refresh_token": "x", "refresh_token": "x"}'])
def test_json_that_is_malformed_is_an_invalid_request(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/refresh", data=body, content_type="application/json")
    assert refusal(answer) == (400, "invalid_request")


def test_an_access_token_is_no_refresh_token(client: FlaskClient, pair: Pair) -> None:
    answer = client.post("/refresh", data={"refresh_token": pair["access_token"]})
    assert refusal(answer) == (400, "invalid_grant")


@pytest.mark.parametrize("kind", ["query", "multipart"])
def test_a_refresh_token_elsewhere_is_not_looked_for(
    client: FlaskClient, pair: Pair, kind: str
) -> None:
    sent: Body = {"query_string": body_of(pair)}
    if kind == "multipart":
        sent = {"data": body_of(pair), "content_type": "multipart/form-data"}
    assert refusal(client.post("/refresh", **sent)) == (400, "invalid_request")


def test_a_get_brings_no_refresh_token(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/idle", "idle", refresh_required(new_view()))
    assert refusal(client.get("/idle")) == (400, "invalid_request")


def refusal(answer: TestResponse) -> tuple[int, str]:
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.get_json()["error"]


def test_a_user_who_is_gone_is_refused_before_the_view(
    app: Flask, guard: TokenGuard, client: FlaskClient, pair: Pair
) -> None:
    @guard.user_loader
    def load(_: Claims) -> None:
        return None

    assert refusal(client.post("/refresh", data=body_of(pair))) == (400, "invalid_grant")
    with app.app_context():
        assert sessions_of("alice") == []


def test_a_store_that_is_away_is_answered_with_503(
    make_app: MakeApp, guard: TokenGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(guard, STORAGE_URI="memory://")
    app.add_url_rule("/refresh", "refresh", catching_all(new_rotation()), methods=["POST"])
    pair = log_in(app)

    def fail(*_: object, **__: object) -> None:
        raise Unavailable

    monkeypatch.setattr(MemoryStore, "end_session", fail)
    guard.user_loader(lambda _: None)
    answer = app.test_client().post("/refresh", data=body_of(pair))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_refusal_is_reported_once(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Any] = []

    def receive(_app: Flask, *, error: Any, **_more: Any) -> None:
        errors.append(error)

    with token_rejected.connected_to(receive), caplog.at_level("INFO"):
        client.post("/refresh", data={"refresh_token": "x.y.z"})
    assert len(errors) == 1
    assert "x.y.z" not in caplog.text


def test_without_a_store_the_missing_setting_is_named(make_app: MakeApp) -> None:
    app = make_app()
    app.testing = True
    app.add_url_rule("/refresh", "refresh", new_rotation(), methods=["POST"])
    with pytest.raises(ConfigurationError, match="TOKENGUARD_STORAGE_URI"):
        app.test_client().post("/refresh")


def _rotate_and_catch() -> Any:
    try:
        return rotate()
    except Exception:  # noqa: BLE001 - as an app may do it
        return {"error": "caught"}, 500


def _rotate_and_fail() -> Any:
    try:
        return rotate()
    except Exception:  # noqa: BLE001 - as an app may do it
        raise LookupError from None


@pytest.mark.parametrize("view", [rotate, _rotate_and_catch, _rotate_and_fail])
@pytest.mark.parametrize("decorate", [catching_all, foreign])
def test_what_the_store_alone_knows_is_no_server_error_either(
    app: Flask, client: FlaskClient, pair: Pair, view: View, decorate: View
) -> None:
    view = decorate(refresh_required(called_by_another(view)))
    app.add_url_rule("/again", "again", view, methods=["POST"])
    with app.app_context():
        revoke_token(pair["refresh_token"])
    assert refusal(client.post("/again", data=body_of(pair))) == (400, "invalid_grant")


def test_a_token_that_was_spent_is_no_server_error_either(client: FlaskClient, pair: Pair) -> None:
    last = client.post("/refresh", data=body_of(pair)).get_json()
    assert client.post("/refresh", data=body_of(last)).status_code == 200
    answer = client.post("/refresh", data=body_of(pair))
    assert refusal(answer) == (400, "invalid_grant")
    assert "used before" in answer.get_json()["error_description"]


def test_a_store_that_goes_away_in_the_view_is_a_503(
    client: FlaskClient, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Unavailable

    monkeypatch.setattr(MemoryStore, "advance", fail)
    answer = client.post("/refresh", data=body_of(pair))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_view_may_answer_a_refusal_in_its_own_way(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    @app.post("/own")
    @refresh_required
    def own() -> Any:
        try:
            return rotate()
        except InvalidGrant:
            return "log in again", 401

    with app.app_context():
        revoke_token(pair["refresh_token"])
    answer = client.post("/own", data=body_of(pair))
    assert (answer.status_code, answer.text) == (401, "log in again")


def test_a_server_error_of_another_cause_stays_one(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    @app.post("/broken")
    @refresh_required
    def broken() -> Any:
        rotate()
        raise LookupError

    assert client.post("/broken", data=body_of(pair)).status_code == 500


# Wherever the mark is met


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
    assert refusal(client.post("/", json={})) == (400, "invalid_request")
    assert refusal(client.post("/", json={"refresh_token": "x"})) == (400, "invalid_grant")
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
    assert refusal(client.post("/calls")) == (400, "invalid_request")
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


# Guards


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
    assert refusal(client.post("/other", data=body_of(pair))) == (400, "invalid_grant")


def test_one_function_serves_the_apps_of_two_guards(make_app: MakeApp) -> None:
    view = new_rotation()
    for app in (make_app(STORAGE_URI="memory://") for _ in range(2)):
        app.add_url_rule("/refresh", "refresh", view, methods=["POST"])
        assert app.test_client().post("/refresh", data=body_of(log_in(app))).status_code == 200


# Contradictions


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
