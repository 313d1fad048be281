"""Sliding sessions: when."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    TokenGuard,
)

from ...conftest import MakeApp
from ...support import SettableClock
from ..browser import (
    ACCESS,
    CSRF,
    HOST,
    REFRESH,
    SETTINGS,
    cookie_of,
    get,
    value_of,
)
from .support import LIFETIME, QUARTER, signed_in, slid, with_views


@pytest.mark.parametrize(
    ("age", "slides"), [(0, False), (QUARTER - 1, False), (QUARTER, True), (LIFETIME, True)]
)
def test_a_request_in_the_last_quarter_or_later_slides(
    client: FlaskClient, clock: SettableClock, age: int, slides: bool
) -> None:
    clock.now = int(clock.now) + age
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (200, slides)


def test_a_request_without_an_access_cookie_slides(client: FlaskClient) -> None:
    client.delete_cookie(ACCESS, domain=HOST)
    response = get(client, "/me")
    assert response.get_json()["where"] == "cookie"
    assert slid(response)


def test_it_is_off_by_default(make_app: MakeApp, clock: SettableClock) -> None:
    client = signed_in(with_views(make_app(TokenGuard(clock=clock), **SETTINGS)))
    clock.now += LIFETIME
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (401, False)


def test_a_session_goes_on_as_the_same_one(client: FlaskClient, clock: SettableClock) -> None:
    before, csrf = get(client, "/me").get_json(), value_of(client, CSRF)
    old = {value_of(client, name) for name in (ACCESS, REFRESH)}
    clock.now += LIFETIME
    assert get(client, "/me").get_json() == before
    assert value_of(client, CSRF) == csrf
    assert not old & {value_of(client, name) for name in (ACCESS, REFRESH)}


def test_an_open_view_knows_who_came(client: FlaskClient, clock: SettableClock) -> None:
    clock.now += LIFETIME
    assert get(client, "/open").get_json() == {"sub": "alice"}


def test_a_session_that_lived_too_long_unused_is_over(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += 31 * 86400
    response = get(client, "/me")
    assert (response.status_code, response.get_json()["error"]) == (401, "invalid_token")
    assert not slid(response)


def test_cookies_that_outlive_the_browser_go_on_doing_so(app: Flask, clock: SettableClock) -> None:
    client = signed_in(app, "/login/1")
    clock.now += LIFETIME
    assert slid(get(client, "/me"))
    cookie = cookie_of(client, REFRESH)
    assert cookie is not None
    assert cookie.max_age == 30 * 86400


def test_an_answer_with_new_tokens_is_stored_nowhere(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += QUARTER
    response = get(client, "/shared")
    assert slid(response)
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in response.vary
    assert get(client, "/shared").cache_control.public
