"""Challenges: what the kit expects of a refusal, and how it names what came."""

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from flask_tokenguard import token_required
from flask_tokenguard.testing import assert_challenge, client_with, token_for


@pytest.fixture
def short(app: Flask) -> TestResponse:
    """The answer to a token whose scope is too short."""
    app.add_url_rule("/", "short", token_required(scope="a b")(lambda: ""))
    return client_with(app, token_for(app, "ada")).get("/")


@pytest.mark.parametrize("scope", [None, "a b", "b a", ["b", "a"]])
def test_a_refusal_is_as_expected(short: TestResponse, scope: str | list[str] | None) -> None:
    assert_challenge(short, error="insufficient_scope", scope=scope)


def test_a_challenge_without_a_token_has_no_error(app: Flask) -> None:
    assert_challenge(app.test_client().get("/claims"))


@pytest.mark.parametrize("scope", ["a", "a b c", ""])
def test_another_scope_is_shown_beside_the_expected(short: TestResponse, scope: str) -> None:
    with pytest.raises(AssertionError, match=r"asks for the scope \['a', 'b'\]; expected was \["):
        assert_challenge(short, error="insufficient_scope", scope=scope)


def test_another_error_is_shown_beside_the_expected(short: TestResponse) -> None:
    with pytest.raises(AssertionError, match=r"403 with insufficient_scope: .*; expected was 401"):
        assert_challenge(short)


def test_another_status_is_no_refusal_of_that_kind(app: Flask) -> None:
    app.add_url_rule(
        "/", "odd", lambda: Response(status=500, headers={"WWW-Authenticate": "Bearer"})
    )
    with pytest.raises(AssertionError, match="the answer is 500 with no error code"):
        assert_challenge(app.test_client().get("/"))


@pytest.mark.parametrize("challenges", [[], ["Basic realm=x"], ["Bearer", "Basic realm=x"]])
def test_an_answer_needs_one_bearer_challenge(app: Flask, challenges: list[str]) -> None:
    headers = [("WWW-Authenticate", challenge) for challenge in challenges]
    app.add_url_rule("/", "other", lambda: Response(status=401, headers=headers))
    with pytest.raises(AssertionError, match="one Bearer challenge was expected"):
        assert_challenge(app.test_client().get("/"))


def test_an_error_that_no_challenge_has_is_named(short: TestResponse) -> None:
    with pytest.raises(ValueError, match="no challenge has the error 'expired', but one of inv"):
        assert_challenge(short, error="expired")
