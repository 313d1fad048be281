"""Where on a request a token is looked for (RFC 6750 section 2): the query, the body."""

import json
from typing import Any

import pytest
from flask import current_app
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import token_required
from flask_tokenguard.testing import assert_challenge

from ...conftest import MakeApp
from ..conftest import Headers
from .support import FORM


def _send_json(client: FlaskClient, path: str, body: str | bytes) -> TestResponse:
    return client.post(path, data=body, content_type="application/json")


def test_a_token_may_be_in_the_query(client: FlaskClient, token: str) -> None:
    response = client.get("/where", query_string={"access_token": token})
    assert response.get_json() == {"where": "query"}


@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped", "/open"])
def test_an_answer_to_a_token_in_the_query_is_private(
    client: FlaskClient, token: str, path: str
) -> None:
    response = client.get(path, query_string={"access_token": token})
    assert response.headers.getlist("Cache-Control") == ["private"]


def test_an_answer_to_a_header_token_leaves_caches_alone(
    client: FlaskClient, headers: Headers
) -> None:
    assert "Cache-Control" not in client.get("/where", headers=headers).headers


def test_a_token_in_the_query_makes_a_public_answer_private(make_app: MakeApp, token: str) -> None:
    app = make_app(TOKEN_LOCATIONS=["query"])

    @app.get("/public")
    @token_required
    def shared() -> Any:
        response = current_app.response_class("shared")
        response.cache_control.public = True
        response.cache_control.max_age = 60
        return response

    cache = app.test_client().get("/public", query_string={"access_token": token}).cache_control
    assert (cache.private, cache.public, cache.max_age) == (True, False, 60)


@pytest.mark.parametrize("value", ["", "x", "a.b.c", "\xe4", "a b"])
def test_a_bad_token_in_the_query_is_refused_and_not_anonymous(
    client: FlaskClient, value: str
) -> None:
    response = client.get("/optional", query_string={"access_token": value})
    assert_challenge(response, error="invalid_token")


def test_two_tokens_in_the_query_are_a_malformed_request(client: FlaskClient, token: str) -> None:
    query = {"access_token": [token, token]}
    assert_challenge(client.get("/where", query_string=query), error="invalid_request")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped"])
def test_a_token_may_be_in_a_form(client: FlaskClient, token: str, path: str, method: str) -> None:
    response = client.open(path, method=method, data={"access_token": token})
    assert response.get_json()["where"] == "form"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/where", "/optional", "/wrapped"])
def test_a_token_may_be_in_json(client: FlaskClient, token: str, path: str, method: str) -> None:
    response = client.open(path, method=method, json={"access_token": token})
    assert response.get_json()["where"] == "json"


def test_json_goes_by_its_other_media_types_too(client: FlaskClient, token: str) -> None:
    body = json.dumps({"access_token": token})
    response = client.post("/where", data=body, content_type="application/vnd.api+json")
    assert response.get_json() == {"where": "json"}


def test_claims_of_a_token_found_by_the_wrapper_alone_are_shown(
    client: FlaskClient, token: str
) -> None:
    response = client.post("/wrapped", data={"access_token": token})
    assert response.get_json() == {"where": "form", "sub": "alice"}


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
def test_the_body_of_a_get_is_never_read(
    client: FlaskClient, token: str, content_type: str
) -> None:
    body = {FORM: f"access_token={token}"}.get(content_type, json.dumps({"access_token": token}))
    response = client.get("/where", data=body, content_type=content_type)
    assert_challenge(response)


def test_a_multipart_form_is_never_read(client: FlaskClient, token: str) -> None:
    response = client.post(
        "/where", data={"access_token": token}, content_type="multipart/form-data"
    )
    assert_challenge(response)


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "", None])
def test_a_form_of_another_content_type_is_not_read(
    client: FlaskClient, token: str, content_type: str | None
) -> None:
    response = client.post("/where", data=f"access_token={token}", content_type=content_type)
    assert_challenge(response)


@pytest.mark.parametrize("content_type", ["text/plain", FORM, "text/json", "", None])
def test_json_of_another_content_type_is_not_read(
    client: FlaskClient, token: str, content_type: str | None
) -> None:
    body = json.dumps({"access_token": token})
    response = client.post("/where", data=body, content_type=content_type)
    assert_challenge(response)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        '{"access_token": "x"',
        "[]",
        '["access_token"]',
        '"access_token"',
        "1",
        "null",
        "{}",
        '{"other": "x"}',
    ],
)
def test_a_json_body_without_the_member_is_anonymous(client: FlaskClient, body: str) -> None:
    assert_challenge(_send_json(client, "/where", body))


@pytest.mark.parametrize("value", ["null", "1", "1.5", "true", "[]", '["x"]', "{}"])
def test_a_json_member_that_is_not_text_is_a_malformed_request(
    client: FlaskClient, value: str
) -> None:
    body = '{"access_token": ' + value + "}"
    response = _send_json(client, "/optional", body)
    assert_challenge(response, error="invalid_request")


@pytest.mark.parametrize("kind", ["data", "json"])
def test_an_empty_token_in_a_body_counts_as_omitted(
    client: FlaskClient, headers: Headers, kind: str
) -> None:
    # RFC 6749 section 3.2.
    body: dict[str, Any] = {kind: {"access_token": ""}}
    assert_challenge(client.post("/where", **body))
    assert client.post("/optional", **body).get_json() == {"where": None}
    assert client.post("/where", **body, headers=headers).get_json() == {"where": "header"}


def test_json_that_nests_deeper_than_python_can_is_anonymous(client: FlaskClient) -> None:
    assert_challenge(_send_json(client, "/where", b'{"access_token":' * 2_000))


def test_two_tokens_in_a_form_are_a_malformed_request(client: FlaskClient, token: str) -> None:
    response = client.post("/where", data={"access_token": [token, token]})
    assert_challenge(response, error="invalid_request")


def test_two_tokens_in_json_are_a_malformed_request(client: FlaskClient, token: str) -> None:
    body = f'{{"access_token": "{token}", "access_token": "{token}"}}'
    assert_challenge(_send_json(client, "/where", body), error="invalid_request")
