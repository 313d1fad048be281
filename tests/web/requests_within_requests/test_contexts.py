"""Requests inside requests: contexts that outlive the view, contexts without the hook."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import (
    Flask,
    copy_current_request_context,
    g,
    stream_with_context,
)

from flask_tokenguard import (
    Claims,
    ConfigurationError,
    TokenGuard,
    TokenMissing,
    current_token,
    current_user,
    token_required,
)
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ..conftest import Headers
from ..support import new_view
from .support import _known, _who


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
    app.add_url_rule("/", "caller", lambda: f"it answered {inner()}")
    assert_challenge(app.test_client().get("/", headers=headers), error="insufficient_scope")
