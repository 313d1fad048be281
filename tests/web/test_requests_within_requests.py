"""Requests inside requests, several apps, and contexts that outlive the hook or come without it."""

import threading
from collections.abc import Callable, Iterator
from secrets import token_urlsafe
from typing import Any, cast

import pytest
from flask import (
    Flask,
    copy_current_request_context,
    g,
    request,
    stream_with_context,
)
from werkzeug.wrappers import Response as WsgiResponse

from flask_tokenguard import (
    Claims,
    ConfigurationError,
    TokenGuard,
    TokenMissing,
    current_token,
    current_user,
    issue_token,
    token_required,
)
from flask_tokenguard.testing import assert_challenge

from ..conftest import MakeApp
from ..support import bearer
from .conftest import GuardApp, Headers, HeadersWith
from .support import foreign, new_view

Call = Callable[[Flask, Headers], WsgiResponse]


def _by_test_client(app: Flask, headers: Headers) -> WsgiResponse:
    return app.test_client().get("/inner", headers=headers)


def _by_environ(environ: dict[str, Any], app: Flask, headers: Headers) -> WsgiResponse:
    sent = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    kept = {"PATH_INFO": environ["PATH_INFO"], "HTTP_AUTHORIZATION": environ["HTTP_AUTHORIZATION"]}
    environ.update({"PATH_INFO": "/inner", "HTTP_AUTHORIZATION": ""} | sent)
    try:
        return WsgiResponse.from_app(app, environ, buffered=True)
    finally:
        environ.update(kept)


def _by_the_same_environ(app: Flask, headers: Headers) -> WsgiResponse:
    return _by_environ(request.environ, app, headers)


def _by_a_copied_environ(app: Flask, headers: Headers) -> WsgiResponse:
    return _by_environ(request.environ.copy(), app, headers)


ways = pytest.mark.parametrize(
    "call",
    [_by_test_client, _by_the_same_environ, _by_a_copied_environ],
    ids=["test client", "same environ", "copied environ"],
)


def _known() -> str | None:
    claims = current_token.claims if current_token else None
    return claims["sub"] if claims else None


def _who() -> Any:
    shown = g.get("claims", {"sub": "g has no claims"})
    return {"shown": shown and shown["sub"], "known": _known()}


def _with_inner_views(app: Flask) -> Flask:
    app.add_url_rule("/inner", "inner", _who)
    return app


@pytest.fixture(params=["same app", "another app"])
def apps(request: pytest.FixtureRequest, make_app: MakeApp) -> tuple[Flask, Flask]:
    """Give an outer app and the one that its views call, which may be the same."""
    outer = _with_inner_views(make_app())
    other = _with_inner_views(make_app())
    return outer, {"same app": outer, "another app": other}[request.param]


@ways
@pytest.mark.parametrize(
    ("inner_sub", "shown"), [("bob", "bob"), (None, None)], ids=["bob", "nobody"]
)
def test_a_request_inside_a_request_has_its_own_token_alone(
    apps: tuple[Flask, Flask],
    headers_with: HeadersWith,
    call: Call,
    inner_sub: str | None,
    shown: str | None,
) -> None:
    outer, inner = apps
    inner_headers = headers_with(sub=inner_sub) if inner_sub else {}

    @outer.get("/outer")
    @token_required
    def view() -> Any:
        return {"inner": call(inner, inner_headers).get_json()}

    response = outer.test_client().get("/outer", headers=headers_with(sub="alice"))
    assert response.get_json() == {"inner": {"shown": shown, "known": shown}}


@ways
def test_what_a_request_was_known_to_be_is_put_back(
    apps: tuple[Flask, Flask], headers_with: HeadersWith, call: Call
) -> None:
    outer, inner = apps

    @outer.get("/outer")
    @token_required
    def view() -> Any:
        before = _who()
        call(inner, headers_with(sub="bob"))
        return {"before": before, "after": _who()}

    alice = {"shown": "alice", "known": "alice"}
    response = outer.test_client().get("/outer", headers=headers_with(sub="alice"))
    assert response.get_json() == {"before": alice, "after": alice}


@ways
def test_a_refused_request_inside_puts_back_what_was_known_too(
    apps: tuple[Flask, Flask], headers: Headers, stale_headers: Headers, call: Call
) -> None:
    outer, inner = apps
    inner.view_functions["inner"] = token_required(new_view())

    @outer.get("/outer")
    @token_required
    def view() -> Any:
        return {"status": call(inner, stale_headers).status_code} | _who()

    response = outer.test_client().get("/outer", headers=headers)
    assert response.get_json() == {"status": 401, "shown": "alice", "known": "alice"}


@ways
def test_a_demand_met_by_the_outer_request_is_open_for_the_inner(
    apps: tuple[Flask, Flask], headers_with: HeadersWith, call: Call
) -> None:
    outer, inner = apps
    demand = token_required(scope="a")
    inner.view_functions["inner"] = foreign(demand(new_view()))

    @outer.get("/outer")
    @demand
    def view() -> Any:
        return {"status": call(inner, headers_with()).status_code}

    response = outer.test_client().get("/outer", headers=headers_with(scope="a"))
    assert response.get_json() == {"status": 403}


@ways
def test_an_anonymous_request_stays_so_after_one_with_a_token(
    apps: tuple[Flask, Flask], headers: Headers, call: Call
) -> None:
    outer, inner = apps

    @outer.get("/outer")
    def view() -> Any:
        return {"inner": call(inner, headers).get_json()} | _who()

    response = outer.test_client().get("/outer", headers={"Authorization": ""})
    alice = {"shown": "alice", "known": "alice"}
    assert response.get_json() == {"inner": alice, "shown": None, "known": None}


@pytest.mark.parametrize("path", ["/inner", "/nowhere"])
def test_a_request_to_an_app_without_a_guard_changes_nothing(
    make_app: MakeApp, headers: Headers, path: str
) -> None:
    app, bare = make_app(), Flask("bare")
    bare.add_url_rule("/inner", view_func=new_view())

    @app.get("/outer")
    @token_required
    def view() -> Any:
        WsgiResponse.from_app(bare, request.environ | {"PATH_INFO": path}, buffered=True)
        WsgiResponse.from_app(bare, request.environ, buffered=True)
        return _who()

    response = app.test_client().get("/outer", headers=headers)
    assert response.get_json() == {"shown": "alice", "known": "alice"}


def test_an_inner_request_ended_before_the_hook_changes_nothing(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()

    @app.get("/outer")
    @token_required
    def view() -> Any:
        with app.request_context(request.environ):
            pass
        return _who()

    response = app.test_client().get("/outer", headers=headers)
    assert response.get_json() == {"shown": "alice", "known": "alice"}


def test_three_requests_inside_each_other_are_told_apart(
    make_app: MakeApp, headers_with: HeadersWith
) -> None:
    app = make_app()
    tokens = {3: headers_with(sub="c"), 2: headers_with(sub="b"), 1: headers_with(sub="a")}

    @app.get("/<int:depth>")
    @token_required
    def view(depth: int) -> Any:
        before = _who()["shown"]
        inner = app.test_client().get(f"/{depth - 1}", headers=tokens.get(depth - 1))
        return [before, *(inner.get_json() if inner.status_code == 200 else []), _who()["known"]]

    response = app.test_client().get("/3", headers=tokens[3])
    assert response.get_json() == ["c", "b", "a", "a", "b", "c"]


# What an app may do to g


@pytest.mark.parametrize("value", [None, {}, {"sub": "root", "scope": "admin", "role": "admin"}])
def test_what_an_app_assigns_to_g_changes_no_decision(
    make_app: MakeApp, headers: Headers, value: Any
) -> None:
    app = make_app()

    @app.before_request
    def forge() -> None:
        g.claims = value

    app.add_url_rule("/", "view", foreign(token_required(scope="admin")(new_view())))
    client = app.test_client()
    assert_challenge(client.get("/"))
    assert_challenge(client.get("/", headers=headers), error="insufficient_scope")


def test_what_an_app_assigns_to_g_makes_nobody_a_user(make_app: MakeApp) -> None:
    guard = TokenGuard()
    app = make_app(guard)
    guard.user_loader(lambda claims: claims["sub"])

    @app.get("/")
    def view() -> Any:
        g.claims = Claims(sub="root")
        return {"user": current_user or None, "token": bool(current_token)}

    assert app.test_client().get("/").get_json() == {"user": None, "token": False}


def test_claims_changed_by_a_view_are_as_signed_in_the_next(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()

    @app.get("/")
    @token_required
    def view() -> Any:
        seen = g.claims.get("role")
        g.claims["role"] = "admin"
        return {"seen": seen}

    client = app.test_client()
    client.get("/", headers=headers)
    assert client.get("/", headers=headers).get_json() == {"seen": None}


# Contexts that outlive the view


def test_a_streamed_answer_still_knows_its_token(make_app: MakeApp, headers: Headers) -> None:
    app = make_app()

    @app.get("/")
    @token_required
    def view() -> Any:
        @stream_with_context
        def lines() -> Iterator[str]:
            yield f"{_who()['shown']} "
            yield f"{_who()['known']}"

        return lines()  # type: ignore[call-arg]  # Flask's types miss the decorator

    assert app.test_client().get("/", headers=headers).text == "alice alice"


def _in_a_thread(function: Callable[[], Any]) -> Any:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def _at_once(function: Callable[[], Any]) -> Any:
    return function()


@pytest.mark.parametrize("run", [_in_a_thread, _at_once])
def test_a_copied_context_knows_the_token(
    make_app: MakeApp, headers: Headers, run: Callable[[Callable[[], Any]], Any]
) -> None:
    app = make_app()

    @app.get("/")
    @token_required
    def view() -> Any:
        return {"known": run(copy_current_request_context(_known))}

    assert app.test_client().get("/", headers=headers).get_json() == {"known": "alice"}


@pytest.mark.parametrize("run", [_in_a_thread, _at_once])
def test_a_copied_context_leaves_the_request_as_it_was(
    make_app: MakeApp, headers: Headers, run: Callable[[Callable[[], Any]], Any]
) -> None:
    app = make_app()

    @app.get("/")
    @token_required
    def view() -> Any:
        run(copy_current_request_context(_known))
        return _who()

    response = app.test_client().get("/", headers=headers)
    assert response.get_json() == {"shown": "alice", "known": "alice"}


def test_a_copied_context_asks_for_the_user_once(make_app: MakeApp, headers: Headers) -> None:
    guard = TokenGuard()
    app, asked = make_app(guard), []

    @guard.user_loader
    def load(claims: Claims) -> str:
        asked.append(claims["sub"])
        return "Alice"

    @app.get("/")
    @token_required(user=True)
    def view() -> str:
        _in_a_thread(copy_current_request_context(lambda: str(current_user)))
        return str(current_user)

    assert app.test_client().get("/", headers=headers).text == "Alice"
    assert asked == ["alice"]


def test_asking_before_the_hook_hides_nothing_of_the_outer(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()
    asked: list[object] = []
    app.url_value_preprocessor(lambda *_: asked.append(current_token.claims))
    with app.app_context():
        g.claims = "the app's own"
        assert app.test_client().get("/claims", headers=headers).status_code == 200
        assert g.claims == "the app's own"


# Contexts without the hook


def test_a_view_in_a_test_request_context_is_guarded(make_app: MakeApp) -> None:
    app, view = make_app(), token_required(new_view())
    with app.test_request_context(), pytest.raises(TokenMissing):
        view()


def test_a_view_in_a_test_request_context_takes_its_token(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()

    @token_required
    def view() -> Any:
        return _who()

    with app.test_request_context(headers=headers):
        assert view() == {"shown": "alice", "known": "alice"}


def test_current_token_needs_no_hook(make_app: MakeApp, headers: Headers) -> None:
    app = make_app()
    with app.test_request_context(headers=headers):
        assert _known() == "alice"
    with app.test_request_context():
        assert _known() is None


def test_a_context_for_a_used_environ_verifies_its_token_anew(
    make_app: MakeApp, headers: Headers, stale_headers: Headers
) -> None:
    app = make_app()
    with app.test_request_context(headers=headers) as context:
        assert current_token
        environ = context.request.environ
    environ["HTTP_AUTHORIZATION"] = stale_headers["Authorization"]
    with app.request_context(environ):
        assert not current_token


def test_a_demand_in_an_app_without_a_guard_is_a_config_fault() -> None:
    view = token_required(new_view())
    with Flask("bare").test_request_context(), pytest.raises(ConfigurationError, match="bare"):
        view()


def test_a_view_that_calls_a_guarded_function_meets_its_demand(
    make_app: MakeApp, headers: Headers
) -> None:
    app, inner = make_app(), token_required(scope="a")(new_view())
    app.add_url_rule("/", "caller", lambda: f"it said {inner()}")
    assert_challenge(app.test_client().get("/", headers=headers), error="insufficient_scope")


# Several apps


@pytest.fixture
def guard() -> TokenGuard:
    """One guard for several apps."""
    return TokenGuard()


def test_one_guard_serves_apps_with_keys_of_their_own(make_app: MakeApp, guard: TokenGuard) -> None:
    one, two = make_app(guard), make_app(guard, KEY=token_urlsafe(64))
    with one.app_context():
        headers = bearer(issue_token("alice"))
    assert one.test_client().get("/claims", headers=headers).status_code == 200
    assert_challenge(two.test_client().get("/claims", headers=headers), error="invalid_token")


def test_one_guard_of_two_apps_uses_the_current_ones_keys(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    one, two = make_app(guard), make_app(guard, KEY=token_urlsafe(64))
    with one.app_context():
        token = guard.issue_token("alice")
        assert guard.verify(token).claims["sub"] == "alice"
    with two.app_context(), pytest.raises(Exception, match="signature"):
        guard.verify(token)


@pytest.mark.parametrize("count", [0, 2])
def test_a_guard_of_no_app_or_several_asks_for_a_context(
    make_app: MakeApp, guard: TokenGuard, count: int
) -> None:
    apps = [make_app(guard) for _ in range(count)]
    with pytest.raises(RuntimeError, match=f"serves {len(apps)} apps"):
        guard.issue_token("alice")


def test_a_guard_of_one_app_needs_no_context(make_app: MakeApp, guard: TokenGuard) -> None:
    app = make_app(guard)
    token = guard.issue_token("alice")
    assert guard.verify(token).claims.subject == "alice"
    assert app.test_client().get("/claims", headers=bearer(token)).status_code == 200


def test_a_guard_of_one_app_serves_it_in_anothers_context(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    app = make_app(guard)
    with Flask("bare").app_context():
        token = guard.issue_token("alice")
    assert app.test_client().get("/claims", headers=bearer(token)).status_code == 200


# Teardown


@pytest.mark.parametrize("sent", [True, False], ids=["token", "anonymous"])
def test_a_request_leaves_nothing_behind(make_app: MakeApp, headers: Headers, sent: bool) -> None:
    app = make_app()
    with app.app_context():
        g.claims = "the app's own"
        app.test_client().get("/claims", headers=headers if sent else {})
        assert g.claims == "the app's own"


def test_a_request_does_not_see_the_claims_of_one_before_it(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()
    app.add_url_rule("/open", "open", lambda: repr(g.claims))
    with app.app_context():
        app.test_client().get("/claims", headers=headers)
        assert app.test_client().get("/open").text == "None"


def test_the_apps_own_teardown_still_knows_who_asked(make_app: MakeApp, headers: Headers) -> None:
    app, known = make_app(), []
    app.teardown_request(lambda _: known.append(_who()["known"]))
    app.test_client().get("/claims", headers=headers)
    assert known == ["alice"]


def test_a_view_that_fails_puts_the_claims_around_it_back(
    make_app: MakeApp, headers: Headers
) -> None:
    app = make_app()
    app.add_url_rule("/", "failing", token_required(lambda: str(1 / 0)))
    with app.app_context():
        g.claims = "the app's own"
        assert app.test_client().get("/", headers=headers).status_code == 500
        assert g.claims == "the app's own"


def test_a_context_without_a_request_ends_quietly_after_others(
    guard_app: GuardApp, headers: Headers
) -> None:
    app: Flask = _with_inner_views(guard_app(Flask(__name__)))
    with app.app_context():
        g.claims = "of the context"
        assert app.test_client().get("/inner", headers=headers).status_code == 200
        with app.test_request_context():
            # Flask 3.2 gives a request a `g` of its own.
            shown = cast(Any, g)._get_current_object()
            shown.claims = "of a job"
        assert shown.claims == "of a job"
