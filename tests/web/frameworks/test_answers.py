"""The same answers under every framework: what each sends."""

import pytest
from flask.testing import FlaskClient

from flask_tokenguard.testing import assert_challenge, challenge_parameters

from ..conftest import Headers, HeadersWith
from .support import SCOPE


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_missing_token_is_answered_the_same_everywhere(client: FlaskClient, method: str) -> None:
    response = client.open("/notes", method=method)
    assert_challenge(response)
    assert challenge_parameters(response) == {"realm": "notes"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_malformed_request_is_answered_the_same_everywhere(
    client: FlaskClient, method: str
) -> None:
    response = client.open("/notes", method=method, headers={"Authorization": "Bearer"})
    assert_challenge(response, error="invalid_request")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_bad_token_is_answered_the_same_everywhere(
    client: FlaskClient, stale_headers: Headers, method: str
) -> None:
    response = client.open("/notes", method=method, headers=stale_headers)
    assert_challenge(response, error="invalid_token")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_short_token_is_answered_the_same_everywhere(
    client: FlaskClient, headers: Headers, method: str
) -> None:
    response = client.open("/notes", method=method, headers=headers)
    assert_challenge(response, error="insufficient_scope")
    assert challenge_parameters(response)["scope"] == SCOPE


def test_a_refusal_has_our_body_everywhere(client: FlaskClient, headers: Headers) -> None:
    assert client.get("/notes").get_json()["error"] == "token_missing"
    assert client.get("/notes", headers=headers).get_json()["error"] == "insufficient_scope"


def test_a_good_token_is_served_everywhere(client: FlaskClient, headers_with: HeadersWith) -> None:
    headers = headers_with(scope=SCOPE)
    assert client.get("/notes", headers=headers).get_json() == {"served": True}
    assert client.get("/notes", headers=headers).get_json() == {"served": True}
    assert client.head("/notes", headers=headers).status_code == 200
