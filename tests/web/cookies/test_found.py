"""Tokens in cookies: where a token is found."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    issue_token,
)
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ...support import SettableClock, bearer
from ..browser import (
    ACCESS,
    HOST,
    REFRESH,
    SAME,
    SETTINGS,
    get,
    post,
    value_of,
)
from ..support import BAD, MALFORMED, refusal_of
from .support import with_views


def test_a_token_is_found_in_its_cookie(client: FlaskClient) -> None:
    assert get(client, "/where").get_json() == {"where": "cookie", "sub": "alice"}


@pytest.mark.parametrize("places", [["cookie", "header"], ["header", "cookie"]])
def test_a_header_counts_beside_a_cookie(make_app: MakeApp, places: list[str]) -> None:
    app = with_views(make_app(**SETTINGS | {"TOKEN_LOCATIONS": places}))
    client = app.test_client()
    post(client, "/login")
    with app.app_context():
        headers = bearer(issue_token("bob"))
    # Another site's page cannot send it, so that nothing is asked.
    assert post(client, "/where", headers=headers).get_json() == {"where": "header", "sub": "bob"}


@pytest.mark.parametrize(
    ("value", "refusal"), [("Bearer x", BAD), ("Bearer", MALFORMED), ("Bearer a b", MALFORMED)]
)
def test_a_bad_header_does_not_fall_back_to_the_cookie(
    client: FlaskClient, value: str, refusal: tuple[int, str]
) -> None:
    response = get(client, "/where", headers={"Authorization": value})
    assert refusal_of(response) == refusal


def test_another_scheme_is_no_credential_beside_a_cookie(client: FlaskClient) -> None:
    response = get(client, "/where", headers={"Authorization": "Basic YTpi"})
    assert response.get_json()["where"] == "cookie"


def test_a_proxy_s_header_counts_beside_a_cookie(
    make_app: MakeApp, issue: Any, entries: dict[str, Any]
) -> None:
    name, entry = next(iter(entries.items()))
    issuers = {name: entry | {"header": "X-Proxy-Token"}}
    app = with_views(make_app(TOKEN_LOCATIONS=["cookie"], ISSUERS=issuers))
    token = issue()["Authorization"].removeprefix("Bearer ")
    headers = {"X-Proxy-Token": token, "Cookie": f"{ACCESS}=stale"}
    response = app.test_client(use_cookies=False).get("/where", headers=headers)
    assert response.get_json()["where"] == "X-Proxy-Token"


@pytest.mark.parametrize("place", ["form", "query", "json"])
def test_a_cookie_beside_another_token_is_malformed(make_app: MakeApp, place: str) -> None:
    settings = SETTINGS | {"TOKEN_LOCATIONS": ["cookie", "form", "query", "json"]}
    client = with_views(make_app(**settings)).test_client()
    post(client, "/login")
    member = {"access_token": "x"}
    body: dict[str, Any] = {"form": {"data": member}, "json": {"json": member}}.get(place, {})
    path = "/where?access_token=x" if place == "query" else "/where"
    assert_challenge(post(client, path, **body), error="invalid_request")


def test_two_cookies_of_one_name_are_malformed(client: FlaskClient) -> None:
    two = {"Cookie": f"{ACCESS}={value_of(client, ACCESS)}; {ACCESS}=x"}
    other = client.application.test_client(use_cookies=False)
    assert_challenge(other.get("/where", headers=two), error="invalid_request")


@pytest.mark.parametrize("path", ["/token", "/demanded"])
def test_two_refresh_cookies_are_malformed(client: FlaskClient, path: str) -> None:
    two = SAME | {"Cookie": f"{REFRESH}={value_of(client, REFRESH)}; {REFRESH}=x"}
    response = client.application.test_client(use_cookies=False).post(path, headers=two)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_the_same_cookie_twice_is_one_token(client: FlaskClient) -> None:
    one = f"{ACCESS}={value_of(client, ACCESS)}"
    other = client.application.test_client(use_cookies=False)
    assert other.get("/where", headers={"Cookie": f"{one}; {one}"}).status_code == 200


@pytest.mark.parametrize("cookie", [f"{ACCESS}=", f"{ACCESS}", "other=1", "", f"{REFRESH}=~"])
def test_an_empty_cookie_is_no_token(app: Flask, cookie: str) -> None:
    client = app.test_client(use_cookies=False)
    assert_challenge(client.get("/where", headers={"Cookie": cookie}))


def test_a_stale_cookie_blocks_neither_login_nor_files(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += 40 * 86400
    assert_challenge(get(client, "/where"), error="invalid_token")
    assert get(client, "/form").status_code == 200
    assert get(client, "/static/none.css").status_code == 404
    assert post(client, "/login", headers={}).status_code == 200
    assert get(client, "/where").status_code == 200


def test_a_refresh_token_in_the_access_cookie_is_refused(client: FlaskClient) -> None:
    client.set_cookie(ACCESS, value_of(client, REFRESH), domain=HOST)
    assert_challenge(get(client, "/where"), error="invalid_token")


def test_a_helper_demands_the_cookie_s_token_too(client: FlaskClient) -> None:
    assert post(client, "/required").text == "alice"
    response = post(client, "/required", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.get_json()["error"] == "cross_site"


@pytest.mark.parametrize(("between", "status"), [("; ", 200), (",", 401)])
def test_cookies_that_a_gateway_joined_by_commas_are_refused(
    app: Flask, client: FlaskClient, between: str, status: int
) -> None:
    cookies = between.join(f"{name}={value_of(client, name)}" for name in (ACCESS, REFRESH))
    plain = app.test_client(use_cookies=False)
    assert get(plain, "/where", headers={"Cookie": cookies}).status_code == status
