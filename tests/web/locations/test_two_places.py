"""Where on a request a token is looked for: two places, and bodies that are left alone."""

from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from flask_tokenguard import InvalidRequest, token_required
from flask_tokenguard.config.locations import LocationEntry, read_locations
from flask_tokenguard.testing import assert_challenge
from flask_tokenguard.web.credentials.locations import find_token
from flask_tokenguard.web.credentials.places import Places

from ...conftest import MakeApp
from ...support import bearer
from ..conftest import Headers
from .support import EVERYWHERE, FORM, _add_views


def make_places() -> Places:
    """Make the places of an app without cookies."""
    return Places(configured=(LocationEntry("header"),), get_cookies=pytest.fail, bound=100)


@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped"])
@pytest.mark.parametrize(
    "places",
    [
        ("header", "query"),
        ("header", "data"),
        ("header", "json"),
        ("query", "data"),
        ("query", "json"),
        ("header", "query", "data"),
    ],
    ids="+".join,
)
def test_two_equal_credentials_are_a_malformed_request(
    client: FlaskClient, token: str, path: str, places: tuple[str, ...]
) -> None:
    parts: dict[str, Any] = {
        "header": {"headers": bearer(token)},
        "query": {"query_string": {"access_token": token}},
        "data": {"data": {"access_token": token}},
        "json": {"json": {"access_token": token}},
    }
    carried = {name: value for place in places for name, value in parts[place].items()}
    assert_challenge(client.post(path, **carried), error="invalid_request")


def test_a_token_elsewhere_does_not_mend_a_malformed_header(
    client: FlaskClient, token: str
) -> None:
    query = {"access_token": token}
    response = client.get("/where", query_string=query, headers={"Authorization": "Bearer"})
    assert_challenge(response, error="invalid_request")


def test_another_scheme_is_no_second_credential(client: FlaskClient, token: str) -> None:
    query = {"access_token": token}
    response = client.get("/where", query_string=query, headers={"Authorization": "Basic YTpi"})
    assert response.get_json() == {"where": "query"}


@pytest.mark.parametrize(
    ("carried", "found"),
    [
        ({}, None),
        ({"headers": bearer("x")}, "x"),
        ({"json": {"refresh_token": "x"}}, "x"),
        ({"data": {"refresh_token": "x", "access_token": "y"}}, "x"),
        ({"query_string": {"refresh_token": "x"}}, None),
    ],
)
def test_a_token_of_another_name_is_found_where_a_row_says(
    carried: dict[str, Any], found: str | None
) -> None:
    rows = make_places().refresh(read_locations(["header", "form", "json"]))
    with Flask(__name__).test_request_context(method="POST", **carried):
        token = find_token(request, rows)
        assert (token and token.token) == found


def test_a_token_of_another_name_in_two_places_is_malformed() -> None:
    rows = make_places().refresh(read_locations(["header", "form"]))
    body = {"refresh_token": "x"}
    sent = Flask(__name__).test_request_context(method="POST", data=body, headers=bearer("x"))
    with sent, pytest.raises(InvalidRequest, match="two tokens"):
        find_token(request, rows)


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
def test_an_open_view_can_read_its_raw_stream(client: FlaskClient, content_type: str) -> None:
    body = b'{"access_token": "x"}'
    response = client.post("/open", data=body, content_type=content_type)
    assert response.data == body


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
def test_a_public_view_can_read_its_raw_stream(make_app: MakeApp, content_type: str) -> None:
    app = _add_views(make_app(TOKEN_LOCATIONS=EVERYWHERE, PROTECT="all"))
    body = b'{"access_token": "x"}'
    response = app.test_client().post("/public", data=body, content_type=content_type)
    assert response.data == body


def test_an_unmarked_view_takes_a_form_token_if_all_are_guarded(
    make_app: MakeApp, token: str
) -> None:
    app = make_app(TOKEN_LOCATIONS=EVERYWHERE, PROTECT="all")
    app.add_url_rule("/unmarked", view_func=lambda: "served", endpoint="unmarked", methods=["POST"])
    response = app.test_client().post("/unmarked", data={"access_token": token})
    assert response.text == "served"


def test_a_guarded_view_can_read_its_stream_if_bodies_are_off(
    plain_client: FlaskClient, headers: Headers
) -> None:
    app = plain_client.application

    @app.post("/raw")
    @token_required
    def raw() -> bytes:
        return request.stream.read()

    assert plain_client.post("/raw", data=b"a=b", content_type=FORM, headers=headers).data == b"a=b"


@pytest.mark.parametrize("path", ["/where", "/wrapped"])
def test_a_body_beyond_the_apps_limit_is_still_too_large(client: FlaskClient, path: str) -> None:
    client.application.config["MAX_CONTENT_LENGTH"] = 10
    response = client.post(path, data={"access_token": "x" * 100})
    assert response.status_code == 413


def test_the_view_reads_the_form_that_carried_the_token(make_app: MakeApp, token: str) -> None:
    app = make_app(TOKEN_LOCATIONS=["form"])

    @app.post("/notes")
    @token_required
    def add() -> str:
        return request.form["text"]

    response = app.test_client().post("/notes", data={"access_token": token, "text": "hello"})
    assert response.text == "hello"
