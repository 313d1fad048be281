"""Requests inside requests: several apps, teardown."""

from secrets import token_urlsafe
from typing import Any, cast

import pytest
from flask import (
    Flask,
    g,
)

from flask_tokenguard import (
    TokenGuard,
    issue_token,
    token_required,
)
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ...support import bearer
from ..conftest import GuardApp, Headers
from .support import _known, _who, _with_inner_views


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


@pytest.mark.parametrize(
    "demand",
    [token_required, token_required(check=lambda _: True), token_required(locations="header")],
    ids=["bare", "more", "locations"],
)
def test_a_token_of_one_app_opens_nothing_of_another(
    make_app: MakeApp, headers: Headers, demand: Any
) -> None:
    app, other = make_app(), make_app(KEY=token_urlsafe(64))
    inner = demand(lambda: "served")

    @token_required
    def view() -> Any:
        with other.app_context():
            return inner()

    app.add_url_rule("/inner", "inner", view)
    assert_challenge(app.test_client().get("/inner", headers=headers))


def test_a_token_of_one_app_is_not_shown_by_another(make_app: MakeApp, headers: Headers) -> None:
    app, other = make_app(), make_app(KEY=token_urlsafe(64))

    def view() -> Any:
        with other.app_context():
            inner = _known()
        return {"inner": inner, "outer": _known()}

    app.add_url_rule("/inner", "inner", view)
    shown = app.test_client().get("/inner", headers=headers).get_json()
    assert shown == {"inner": None, "outer": "alice"}


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
