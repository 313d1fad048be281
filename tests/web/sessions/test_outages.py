"""Sessions in an app: without a store, and while it is away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from flask_tokenguard import (
    ConfigurationError,
    TokenGuard,
    end_all_sessions,
    end_session,
    issue_token,
    issue_token_pair,
    refresh_token_pair,
    revoke_token,
    sessions_of,
)
from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.memory import MemoryStore

from ...conftest import MakeApp
from ...support import SettableClock, bearer
from .support import (
    BreakableStore,
    LogIn,
    Pair,
    Refresh,
    claims_in,
    claims_of,
)


@pytest.mark.parametrize(
    "call",
    [
        lambda: issue_token_pair("alice"),
        lambda: end_session("x"),
        lambda: end_all_sessions("alice"),
        lambda: sessions_of("alice"),
        lambda: revoke_token(jti="x"),
        refresh_token_pair,
    ],
)
def test_without_a_store_the_missing_setting_is_named(
    make_app: MakeApp, call: Callable[[], Any]
) -> None:
    with (
        make_app().test_request_context(method="POST", data={"refresh_token": "x"}),
        pytest.raises(ConfigurationError, match="TOKENGUARD_STORAGE_URI"),
    ):
        call()


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("TOKENGUARD_STORAGE_URI", "name it FLASK_TOKENGUARD_STORAGE_URI"),
        ("FLASK_TOKENGUARD_STORAGE_URI", r"call app\.config\.from_prefixed_env\(\)"),
    ],
)
def test_a_store_in_an_environment_not_read_is_pointed_out(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, name: str, remedy: str
) -> None:
    monkeypatch.setenv(name, "memory://")
    with make_app().app_context(), pytest.raises(ConfigurationError, match=remedy):
        issue_token_pair("alice")


def test_a_configured_store_and_one_of_the_apps_own_contradict(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="contradict each other; leave one of them out"):
        make_app(TokenGuard(store=MemoryStore()), STORAGE_URI="memory://")


def test_while_the_store_is_away_we_say_so(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, store: BreakableStore
) -> None:
    pair = log_in()
    store.is_away = True
    answers = [
        client.get("/claims", headers=bearer(pair["access_token"])),
        client.post("/login", json={}),
        refresh(pair),
    ]
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert all(answer.headers["Retry-After"] == "5" for answer in answers)
    assert all("WWW-Authenticate" not in answer.headers for answer in answers)


@pytest.mark.parametrize(
    ("grace", "wait"), [(0, 1), (1, 1), (1.5, 1), (2, 1), (3, 1), (4, 2), (10, 5), (300, 5)]
)
def test_a_retry_after_a_503_comes_within_the_grace(
    make_app: MakeApp, clock: SettableClock, grace: float, wait: int
) -> None:
    store = BreakableStore(clock=clock)
    guard = TokenGuard(store=store, clock=clock)
    app = make_app(guard, REFRESH_GRACE=timedelta(seconds=grace))
    with app.app_context():
        pair = issue_token_pair("alice")
    store.is_away = True
    body = app.test_request_context(method="POST", data=dict(pair))
    with body, pytest.raises(Unavailable) as caught:
        refresh_token_pair()
    assert caught.value.get_response().headers["Retry-After"] == str(wait)


ACTS: dict[str, Callable[[Pair], object]] = {
    "issue a token": lambda _: issue_token("alice"),
    "start a session": lambda _: issue_token_pair("alice"),
    "revoke a token": lambda pair: revoke_token(pair["access_token"]),
    "end a session": lambda pair: end_session(str(claims_in(pair)["sid"])),
    "end all sessions of a subject": lambda _: end_all_sessions("alice"),
    "list the sessions of a subject": lambda _: sessions_of("alice"),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_an_outage_prevents_is_logged(
    app: Flask, log_in: LogIn, store: BreakableStore, caplog: pytest.LogCaptureFixture, act: str
) -> None:
    pair = log_in()
    store.is_away = True
    with app.app_context(), caplog.at_level("INFO"), pytest.raises(Unavailable):
        ACTS[act](pair)
    (line,) = caplog.messages
    assert line == f'cannot {act}: unavailable, "The token store is out of reach"'


def test_an_outage_is_not_logged_as_a_refused_token(
    client: FlaskClient,
    log_in: LogIn,
    refresh: Refresh,
    store: BreakableStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pair = log_in()
    store.is_away = True
    with caplog.at_level("INFO"):
        client.get("/claims", headers=bearer(pair["access_token"]))
        refresh(pair)
    checked, refreshed = caplog.messages
    assert checked.startswith("cannot check a token: store_unavailable, ")
    assert refreshed.startswith("cannot refresh a session: unavailable, ")


def test_a_refresh_while_the_store_is_away_spends_nothing(
    log_in: LogIn, refresh: Refresh, store: BreakableStore, clock: SettableClock
) -> None:
    pair = log_in()
    store.is_away = True
    assert refresh(pair).status_code == 503
    store.is_away = False
    clock.now += 60
    assert refresh(pair).status_code == 200


def test_a_store_that_is_back_needs_no_restart(
    client: FlaskClient, log_in: LogIn, store: BreakableStore
) -> None:
    pair = log_in()
    store.is_away = True
    client.get("/claims", headers=bearer(pair["access_token"]))
    store.is_away = False
    assert claims_of(client, pair)


def test_an_outage_locks_nobody_out_of_the_login_page(
    app: Flask, log_in: LogIn, store: BreakableStore
) -> None:
    app.add_url_rule("/page", view_func=lambda: str(g.claims))
    pair = log_in()
    store.is_away = True
    answer = app.test_client().get("/page", headers=bearer(pair["access_token"]))
    assert answer.text == "None"


def test_an_app_may_prefer_to_accept_access_tokens(
    make_app: MakeApp, store: BreakableStore
) -> None:
    app = make_app(TokenGuard(store=store), STORAGE_OUTAGE="accept")
    with app.app_context():
        pair = dict(issue_token_pair("alice"))
    store.is_away = True
    client = app.test_client()
    assert claims_of(client, pair)
    with (
        app.test_request_context(method="POST", data={"refresh_token": pair["refresh_token"]}),
        pytest.raises(Unavailable),
    ):
        refresh_token_pair()


def test_a_token_that_no_store_can_date_has_its_answer(app: Flask, store: BreakableStore) -> None:
    store.is_away = True
    with app.app_context(), pytest.raises(Unavailable) as caught:
        issue_token("alice")
    assert caught.value.response is not None
    assert caught.value.response.status_code == 503
