"""Sliding sessions: which requests, what else the request does."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    InvalidToken,
    TokenGuard,
    issue_token,
    token_accepted,
    token_issued,
    token_rejected,
)
from flask_tokenguard.verify.claims import VerifiedToken

from ...conftest import MakeApp
from ...support import SettableClock, bearer
from ..browser import (
    ACCESS,
    CSRF,
    HOST,
    NAMES,
    REFRESH,
    SAME,
    cookie_of,
    get,
    post,
    value_of,
)
from ..support import received
from .support import LIFETIME, QUARTER, SLIDING, signed_in, slid, with_views

FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_request_slides_from_everywhere(
    client: FlaskClient, clock: SettableClock, method: str, age: int
) -> None:
    clock.now += age
    response = client.open("/me", method=method, base_url=f"https://{HOST}", headers=FOREIGN)
    assert slid(response)


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_an_unsafe_request_slides_if_it_passes_the_check(
    client: FlaskClient, clock: SettableClock, age: int
) -> None:
    clock.now += age
    response = post(client, "/me")
    assert (response.status_code, slid(response)) == (200, True)


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_another_site_s_form_makes_nothing_slide(
    client: FlaskClient, clock: SettableClock, age: int
) -> None:
    clock.now += age
    refused, passed = (post(client, path, headers=FOREIGN) for path in ("/me", "/open"))
    assert (refused.status_code, refused.get_json()["error"]) == (403, "cross_site")
    assert passed.get_json() == {"sub": None}
    assert not slid(refused)
    assert not slid(passed)
    # Nothing was spent.
    assert slid(get(client, "/me"))


def test_a_script_slides_with_the_claim_of_its_cookie(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += LIFETIME
    assert post(client, "/me", headers={}).status_code == 403
    response = post(client, "/me", headers={"X-CSRF-Token": value_of(client, CSRF)})
    assert (response.status_code, slid(response)) == (200, True)


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
@pytest.mark.parametrize("path", ["/static/app.css", "/nowhere", "/.well-known/jwks.json"])
def test_what_is_no_page_makes_nothing_slide(
    client: FlaskClient, clock: SettableClock, path: str, age: int
) -> None:
    clock.now += age
    assert not slid(get(client, path))


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_a_handshake_slides_not_since_it_sets_no_cookies(
    client: FlaskClient, clock: SettableClock, age: int
) -> None:
    clock.now += age
    response = get(client, "/open", headers=SAME | {"Upgrade": "websocket"})
    assert not slid(response)


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_a_bearer_header_makes_nothing_slide(
    app: Flask, client: FlaskClient, clock: SettableClock, age: int
) -> None:
    with app.app_context():
        headers = bearer(issue_token("bob"))
    clock.now += age
    assert not slid(get(client, "/open", headers=headers))


def test_a_revoked_access_cookie_is_not_replaced(app: Flask, client: FlaskClient) -> None:
    app.extensions["guard"].revoke_token(value_of(client, ACCESS))
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (401, False)


def test_garbage_in_the_access_cookie_is_not_replaced(client: FlaskClient) -> None:
    client.set_cookie(ACCESS, "garbage", domain=HOST, secure=True)
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (401, False)


@pytest.mark.parametrize("value", ["garbage", ""])
def test_a_bad_refresh_cookie_leaves_the_request_as_it_is(
    client: FlaskClient, clock: SettableClock, value: str
) -> None:
    client.set_cookie(REFRESH, value, domain=HOST, secure=True)
    clock.now += QUARTER
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (200, False)
    clock.now += LIFETIME
    assert get(client, "/me").get_json()["error_description"] == "The token has expired (exp)"


def test_two_refresh_cookies_are_none(client: FlaskClient) -> None:
    cookies = f"{REFRESH}={value_of(client, REFRESH)}; {REFRESH}=other"
    client.delete_cookie(ACCESS, domain=HOST)
    response = client.get("/me", headers={"Cookie": cookies})
    assert (response.status_code, slid(response)) == (401, False)


def test_a_token_is_not_changed_for_that_of_another_session(
    app: Flask, client: FlaskClient, clock: SettableClock
) -> None:
    other = signed_in(app)
    client.set_cookie(REFRESH, value_of(other, REFRESH), domain=HOST, secure=True)
    clock.now += QUARTER
    assert not slid(get(client, "/me"))
    client.delete_cookie(REFRESH, domain=HOST)
    assert not slid(get(client, "/me"))


def test_a_foreign_issuer_s_token_in_the_cookie_stays(
    make_app: MakeApp, issue: Any, entries: dict[str, Any], clock: SettableClock
) -> None:
    app = with_views(make_app(TokenGuard(clock=clock), ISSUERS=entries, **SLIDING))
    client = signed_in(app)
    # The store is younger than a token of this very second.
    token = issue(iat=int(clock.now) + 1)["Authorization"].removeprefix("Bearer ")
    client.set_cookie(ACCESS, token, domain=HOST, secure=True)
    clock.now += 50
    assert get(client, "/open").get_json() == {"sub": "alice"}
    assert not slid(get(client, "/open"))


@pytest.mark.parametrize("options", [{"json": {"access_token": "x"}}, {"data": {"a": "b"}}])
def test_a_body_that_may_hold_a_token_waits_for_its_view(
    make_app: MakeApp, options: dict[str, Any]
) -> None:
    app = with_views(make_app(**SLIDING | {"TOKEN_LOCATIONS": ["cookie", "form", "json"]}))
    client = signed_in(app)
    client.delete_cookie(ACCESS, domain=HOST)
    assert not slid(post(client, "/open", **options))
    assert slid(post(client, "/open"))


def test_a_logout_with_an_ended_token_leaves_no_cookies(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += LIFETIME
    refresh = value_of(client, REFRESH)
    post(client, "/logout")
    assert [cookie_of(client, name) for name in NAMES] == [None] * 3
    client.set_cookie(REFRESH, refresh, domain=HOST, secure=True)
    assert get(client, "/me").status_code == 401


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_a_session_that_the_view_ends_gets_no_cookies(
    client: FlaskClient, clock: SettableClock, age: int
) -> None:
    clock.now += age
    assert not slid(post(client, "/end"))


def test_a_login_beside_an_ended_token_sets_its_own_cookies(
    client: FlaskClient, clock: SettableClock
) -> None:
    before = get(client, "/me").get_json()["sid"]
    clock.now += LIFETIME
    assert slid(post(client, "/login"))
    assert get(client, "/me").get_json()["sid"] != before


@pytest.mark.parametrize("path", ["/refresh", "/demanded"])
def test_a_view_that_refreshes_itself_gets_the_same_successor(
    client: FlaskClient, clock: SettableClock, path: str
) -> None:
    clock.now += LIFETIME
    assert post(client, path).status_code == 200
    assert get(client, "/me").status_code == 200


def test_the_endpoints_refresh_once(app: Flask, client: FlaskClient, clock: SettableClock) -> None:
    clock.now += LIFETIME
    with received(token_issued, app) as issued:
        assert slid(post(client, "/token"))
    assert len(issued) == 1


def test_a_page_s_template_gets_the_claim_of_the_new_pair(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += LIFETIME
    assert get(client, "/form").text == value_of(client, CSRF)


def test_what_is_accepted_is_announced_and_nothing_refused(
    app: Flask, client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += LIFETIME
    with received(token_accepted, app) as accepted, received(token_rejected, app) as rejected:
        get(client, "/me")
    assert (len(accepted), rejected) == (1, [])


def test_an_app_s_own_rule_refuses_the_new_token_too(
    make_app: MakeApp, clock: SettableClock
) -> None:
    def refuse(token: VerifiedToken) -> None:
        if token.claims.subject in banned:
            raise InvalidToken("Banned")

    banned: set[str] = set()
    guard = TokenGuard(clock=clock, validators=[refuse])
    client = signed_in(with_views(make_app(guard, **SLIDING)))
    banned.add("alice")
    clock.now += LIFETIME
    assert get(client, "/me").get_json()["error_description"] == "Banned"


def test_a_user_who_is_gone_slides_no_more(
    app: Flask, client: FlaskClient, clock: SettableClock
) -> None:
    users = {"alice": "Alice"}

    guard: TokenGuard = app.extensions["guard"]
    guard.user_loader(lambda claims: users.get(str(claims.subject)))
    clock.now += QUARTER
    assert slid(get(client, "/me"))
    users.clear()
    clock.now += LIFETIME
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (401, False)


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_without_rotation_the_refresh_cookie_stays(
    make_app: MakeApp, clock: SettableClock, age: int
) -> None:
    settings = SLIDING | {"REFRESH_ROTATION": "off", "REFRESH_GRACE": 0}
    client = signed_in(with_views(make_app(TokenGuard(clock=clock), **settings)), "/login/1")
    refresh = value_of(client, REFRESH)
    for _ in range(2):
        clock.now += age
        cookies = get(client, "/me").headers.getlist("Set-Cookie")
        assert [cookie.partition("=")[0] for cookie in cookies] == [ACCESS, CSRF]
    assert value_of(client, REFRESH) == refresh
    # What a script sends back is there as long as the session.
    csrf = cookie_of(client, CSRF)
    assert csrf is not None
    assert csrf.max_age == 30 * 86400 - 2 * age
