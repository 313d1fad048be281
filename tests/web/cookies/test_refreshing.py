"""Tokens in cookies: refresh, logout."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    issue_token,
    issue_token_pair,
    sessions_of,
)

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
from .support import attributes_of, with_views


@pytest.mark.parametrize("path", ["/token", "/refresh", "/demanded"])
@pytest.mark.parametrize("persistent", [0, 1])
def test_a_refresh_reads_and_replaces_the_cookies(app: Flask, path: str, persistent: int) -> None:
    client = app.test_client()
    post(client, f"/login/{persistent}")
    before = [value_of(client, name) for name in NAMES]
    response = post(client, path)
    after = [value_of(client, name) for name in NAMES]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]
    max_ages = ["Max-Age" in str(attributes) for attributes in attributes_of(response).values()]
    assert max_ages == [bool(persistent)] * 3
    assert get(client, "/where").status_code == 200


@pytest.mark.parametrize("path", ["/token", "/refresh", "/demanded"])
def test_another_site_cannot_refresh(client: FlaskClient, path: str) -> None:
    before = value_of(client, REFRESH)
    response = post(client, path, headers={"Sec-Fetch-Site": "same-site", "Origin": "null"})
    assert (response.status_code, response.get_json()["error"]) == (403, "cross_site")
    assert value_of(client, REFRESH) == before
    assert post(client, path).status_code == 200


@pytest.mark.parametrize("path", ["/token", "/refresh", "/demanded"])
def test_a_script_refreshes_with_the_claim(client: FlaskClient, path: str) -> None:
    client.delete_cookie(ACCESS, domain=HOST)
    assert post(client, path, headers={}).status_code == 403
    headers = {"X-CSRF-Token": value_of(client, CSRF)}
    assert post(client, path, headers=headers).status_code == 200


def test_the_endpoint_puts_no_token_into_a_body(app: Flask, client: FlaskClient) -> None:
    response = post(client, "/token")
    assert response.get_json() == {"expires_in": 900, "scope": "a b"}
    with app.app_context():
        assert [session.origin for session in sessions_of("alice")] == ["here"]


def test_a_refresh_may_ask_for_less(client: FlaskClient) -> None:
    assert post(client, "/token", data={"scope": "a"}).get_json()["scope"] == "a"


def test_a_refresh_token_in_cookie_and_body_is_malformed(client: FlaskClient) -> None:
    response = post(client, "/token", data={"refresh_token": "x"})
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/token", "/refresh", "/demanded"])
def test_a_refresh_without_a_cookie_is_refused(app: Flask, path: str) -> None:
    response = post(app.test_client(), path)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_a_pair_of_before_the_cookies_gets_a_claim(make_app: MakeApp, tmp_path: Path) -> None:
    settings = {"STORAGE_URI": f"sqlite:///{tmp_path}/store.db"}
    with make_app(**settings).app_context():
        pair = issue_token_pair("alice")
    app = with_views(make_app(**settings, TOKEN_LOCATIONS=["cookie"]))
    client = app.test_client()
    client.set_cookie(REFRESH, pair["refresh_token"], domain=HOST)
    assert post(client, "/refresh").status_code == 200
    assert len(value_of(client, CSRF)) == 22


def test_a_logout_deletes_the_cookies_with_their_attributes(client: FlaskClient) -> None:
    response = post(client, "/logout")
    gone = {"Secure", "Path=/", "SameSite=Lax", "Max-Age=0"}
    assert all(gone <= attributes_of(response)[name] for name in NAMES)
    assert [cookie_of(client, name) for name in NAMES] == [None] * 3


def test_a_logout_after_the_access_token_s_end_ends_the_session(
    app: Flask, client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += 3600
    assert post(client, "/logout", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    with app.app_context():
        assert len(sessions_of("alice")) == 1
    assert post(client, "/logout").status_code == 200
    with app.app_context():
        assert sessions_of("alice") == []


def test_a_bad_header_ends_no_session_of_the_cookies(app: Flask, client: FlaskClient) -> None:
    headers = SAME | bearer("x")
    assert post(client, "/logout", headers=headers).status_code == 200
    with app.app_context():
        assert len(sessions_of("alice")) == 1


@pytest.mark.parametrize("left", [[ACCESS], [REFRESH], [ACCESS, REFRESH]])
def test_the_endpoint_ends_the_session_of_the_cookies(
    app: Flask, client: FlaskClient, clock: SettableClock, left: list[str]
) -> None:
    for name in {ACCESS, REFRESH} - set(left):
        client.delete_cookie(name, domain=HOST)
    clock.now += 3600
    response = post(client, "/revoke")
    assert (response.status_code, response.data) == (200, b"")
    assert [cookie_of(client, name) for name in NAMES] == [None] * 3
    with app.app_context():
        assert sessions_of("alice") == []


@pytest.mark.parametrize("value", [None, "x", "~", "~x"])
def test_a_bad_cookie_is_deleted_without_a_fault(app: Flask, value: str | None) -> None:
    client = app.test_client()
    if value is not None:
        client.set_cookie(REFRESH, value, domain=HOST)
    assert post(client, "/revoke").status_code == 200
    assert cookie_of(client, REFRESH) is None


def test_a_token_without_a_session_is_only_deleted(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        client.set_cookie(ACCESS, issue_token("alice"), domain=HOST)
    client.delete_cookie(REFRESH, domain=HOST)
    assert post(client, "/revoke").status_code == 200
    with app.app_context():
        assert len(sessions_of("alice")) == 1


def test_another_site_logs_nobody_out(client: FlaskClient) -> None:
    response = post(client, "/revoke", headers={"Sec-Fetch-Site": "cross-site"})
    assert (response.status_code, "Set-Cookie" in response.headers) == (403, False)
    assert get(client, "/where").status_code == 200


@pytest.mark.parametrize("path", ["/token", "/revoke"])
def test_the_endpoints_take_a_post_alone(client: FlaskClient, path: str) -> None:
    assert get(client, path).status_code == 405
