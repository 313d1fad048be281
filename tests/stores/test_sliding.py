"""Sliding sessions on each kind of store: requests side by side, and a logout among them."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest
from flask import Flask, jsonify
from werkzeug.test import TestResponse

from flask_tokenguard import (
    TokenGuard,
    end_session,
    issue_token_pair,
    set_token_cookies,
    token_required,
    unset_token_cookies,
)
from flask_tokenguard.jose.base64url import decode

from ..conftest import MakeApp
from ..support import SettableClock
from ..web.browser import NAMES, OWN, REFRESH, SAME

THREADS = 8
ROUNDS = 5
Cookies = dict[str, str]


class Slow:
    """A view that waits while something else happens."""

    def __init__(self) -> None:
        self.has_begun, self.may_end = Event(), Event()

    def view(self) -> str:
        self.has_begun.set()
        assert self.may_end.wait(10)
        return "served"


@pytest.fixture
def slow() -> Slow:
    """What `GET /slow` waits for."""
    return Slow()


@pytest.fixture
def app(store_uri: str, prefix: str, make_app: MakeApp, clock: SettableClock, slow: Slow) -> Flask:
    """An app whose sessions slide."""
    app = make_app(
        TokenGuard(clock=clock),
        STORAGE_URI=store_uri,
        STORAGE_PREFIX=prefix,
        # The threads of a test share two cores.
        STORAGE_TIMEOUT=30,
        REFRESH_GRACE=60,
        TOKEN_LOCATIONS=["cookie"],
        SLIDING_SESSIONS=True,
    )

    @app.post("/login")
    def login() -> Any:
        return set_token_cookies(jsonify(), issue_token_pair("alice"))

    @app.post("/logout")
    @token_required
    def logout() -> Any:
        end_session()
        return unset_token_cookies(jsonify())

    app.add_url_rule("/slow", "slow", token_required(slow.view))
    return app


def send(app: Flask, method: str, path: str, cookies: Cookies) -> TestResponse:
    """Send what a browser with these cookies does."""
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    client = app.test_client(use_cookies=False)
    return client.open(path, method=method, base_url=OWN, headers=SAME | {"Cookie": header})


def cookies_of(response: TestResponse) -> Cookies:
    """Read the cookies that an answer sets; one that it deletes is empty."""
    pairs = [cookie.partition(";")[0] for cookie in response.headers.getlist("Set-Cookie")]
    return dict(pair.split("=", 1) for pair in pairs)


def log_in(app: Flask) -> Cookies:
    return cookies_of(send(app, "POST", "/login", {}))


def refresh_id(cookies: Cookies) -> str:
    """Read which refresh token it is."""
    return str(json.loads(decode(cookies[REFRESH].split(".")[1].encode()))["jti"])


def side_by_side(*acts: Callable[[], TestResponse]) -> list[TestResponse]:
    """Send requests at one moment, each in a thread."""
    start = Barrier(len(acts))

    def run(act: Callable[[], TestResponse]) -> TestResponse:
        start.wait(10)
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def status_of(app: Flask, cookies: Cookies) -> int:
    return send(app, "GET", "/claims", cookies).status_code


@pytest.mark.parametrize("age", [700, 901])
def test_requests_side_by_side_get_one_and_the_same_successor(
    app: Flask, clock: SettableClock, age: int
) -> None:
    cookies = log_in(app)
    clock.now += age
    answers = side_by_side(*[partial(send, app, "GET", "/claims", cookies)] * THREADS)
    assert [answer.status_code for answer in answers] == [200] * THREADS
    (successor,) = {refresh_id(cookies_of(answer)) for answer in answers}
    assert successor != refresh_id(cookies)
    clock.now += age
    assert status_of(app, cookies_of(answers[0])) == 200


@pytest.mark.parametrize("age", [700, 901])
def test_a_logout_during_a_slow_view_leaves_no_cookies(
    app: Flask, clock: SettableClock, slow: Slow, age: int
) -> None:
    cookies = log_in(app)
    clock.now += age
    with ThreadPoolExecutor(1) as thread:
        late = thread.submit(send, app, "GET", "/slow", cookies)
        assert slow.has_begun.wait(10)
        logout = send(app, "POST", "/logout", cookies)
        slow.may_end.set()
    assert cookies_of(logout) == dict.fromkeys(NAMES, "")
    assert (late.result().text, cookies_of(late.result())) == ("served", {})


@pytest.mark.parametrize("age", [700, 901])
def test_a_logout_wins_over_cookies_that_come_later(
    app: Flask, clock: SettableClock, age: int
) -> None:
    for _ in range(ROUNDS):
        cookies = log_in(app)
        clock.now += age
        logout, slid = side_by_side(
            partial(send, app, "POST", "/logout", cookies),
            partial(send, app, "GET", "/claims", cookies),
        )
        assert cookies_of(logout) == dict.fromkeys(NAMES, "")
        late = cookies | cookies_of(slid)
        assert [status_of(app, late), status_of(app, {REFRESH: late[REFRESH]})] == [401, 401]
