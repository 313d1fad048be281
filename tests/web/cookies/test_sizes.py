"""Tokens in cookies: sizes, every key."""

import secrets
from contextlib import nullcontext

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient

from flask_tokenguard import (
    IssueError,
    TokenGuard,
    issue_token,
    issue_token_pair,
    sessions_of,
    set_token_cookies,
)

from ...conftest import MakeApp
from ..browser import (
    ACCESS,
    CSRF,
    SETTINGS,
    get,
    post,
    value_of,
)
from .support import with_views


def _big(app: Flask, size: int) -> str:
    """Add a login whose access token has this claim; return its path."""
    app.add_url_rule(
        "/big",
        "big",
        lambda: set_token_cookies(jsonify(), issue_token_pair("alice", claims={"big": "x" * size})),
        methods=["POST"],
    )
    app.testing = True
    return "/big"


def test_a_token_that_browsers_would_drop_is_refused(app: Flask) -> None:
    path = _big(app, 3000)
    with pytest.raises(IssueError, match="drop one of more than 4096"):
        post(app.test_client(), path)
    with app.app_context():
        assert sessions_of("alice") == []


def test_the_largest_cookie_has_4096_octets_with_its_name(make_app: MakeApp) -> None:
    claims = {"big": "x" * 2800}
    with make_app(**SETTINGS).app_context():
        room = 4096 - len(issue_token("alice", claims=claims))
    for length, fits in ((room, nullcontext()), (room + 1, pytest.raises(IssueError))):
        app = make_app(**SETTINGS, COOKIE_ACCESS_NAME="a" * length)
        with app.app_context(), fits:
            pair = {"access_token": issue_token("alice", claims=claims)}
            app.extensions["guard"].set_token_cookies(app.response_class(), pair)


@pytest.mark.parametrize("path", ["/token", "/refresh", "/demanded"])
def test_a_refresh_that_does_not_fit_spends_nothing(
    app: Flask, client: FlaskClient, path: str
) -> None:
    app.testing = True
    guard: TokenGuard = app.extensions["guard"]
    guard.default_claims(lambda _: {"big": "x" * 3000})
    with pytest.raises(IssueError, match=ACCESS):
        post(client, path)
    guard.default_claims(lambda _: {})
    assert post(client, path).status_code == 200


@pytest.mark.parametrize("alg", ["RS256", "ES512", "EdDSA", "ML-DSA-44"])
def test_cookies_work_with_keys_of_every_kind(
    make_app: MakeApp, private_pems: dict[str, str], alg: str
) -> None:
    client = with_views(make_app(**SETTINGS, KEY=private_pems[alg])).test_client()
    post(client, "/login")
    assert post(client, "/refresh").status_code == 200
    assert get(client, "/where").get_json()["where"] == "cookie"
    assert post(client, "/logout", headers={"X-CSRF-Token": value_of(client, CSRF)}).text == ""


def test_cookies_work_with_encrypted_tokens(make_app: MakeApp) -> None:
    encryption = {"key": {"kty": "oct", "k": secrets.token_urlsafe(32)}}
    client = with_views(make_app(**SETTINGS, ENCRYPTION=encryption)).test_client()
    post(client, "/login")
    assert value_of(client, ACCESS).count(".") == 4
    assert post(client, "/refresh").status_code == 200
    assert get(client, "/form").text == value_of(client, CSRF)
