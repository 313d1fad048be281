"""Tokens in cookies: what cannot be set, start-up."""

from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    ConfigurationError,
    IssueError,
    TokenGuard,
    Unavailable,
    issue_token,
    issue_token_pair,
    set_token_cookies,
)
from flask_tokenguard.sessions.rotation import Sessions

from ...conftest import MakeApp
from ..browser import (
    post,
)
from ..conftest import GuardApp, Sign
from ..support import new_view


def _setting(app: Flask, pair: Any) -> None:
    with app.app_context():
        set_token_cookies(app.response_class(), pair)


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_what_is_no_token_of_ours_is_not_set(app: Flask, token: str) -> None:
    with pytest.raises(IssueError, match="access_token cannot be set as a cookie"):
        _setting(app, {"access_token": token})


def test_the_text_of_a_token_is_no_pair(app: Flask) -> None:
    with (
        app.app_context(),
        pytest.raises(TypeError, match=r'write .* as \{"access_token": token\}'),
    ):
        _setting(app, issue_token("alice"))


def test_the_tokens_are_not_mixed_up(app: Flask, sign: Sign, good_claims: dict[str, Any]) -> None:
    with app.app_context():
        pair = issue_token_pair("alice")
    access, refresh = pair["access_token"], pair["refresh_token"]
    with pytest.raises(IssueError, match="of type rt"):
        _setting(app, {"access_token": refresh, "refresh_token": access})
    with pytest.raises(IssueError, match="the refresh_token cannot"):
        _setting(app, {"access_token": access, "refresh_token": access})
    with pytest.raises(IssueError, match="exp"):
        _setting(app, {"access_token": sign(good_claims | {"exp": "never"})})


def test_a_store_that_is_away_does_not_hide_the_refusal(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any, **__: Any) -> bool:
        raise Unavailable

    monkeypatch.setattr(Sessions, "end", away)
    with caplog.at_level("INFO", "flask_tokenguard"):
        response = post(app.test_client(), "/login", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert "temporarily" not in response.text


def test_cookies_that_are_not_configured_are_a_fault(make_app: MakeApp) -> None:
    app = make_app(STORAGE_URI="memory://")
    guard: TokenGuard = app.extensions["guard"]
    with pytest.raises(ConfigurationError, match="TOKENGUARD_TOKEN_LOCATIONS"):
        guard.set_token_cookies(app.response_class(), guard.issue_token_pair("alice"))
    with pytest.raises(ConfigurationError, match="TOKENGUARD_TOKEN_LOCATIONS"):
        guard.unset_token_cookies(app.response_class())
    with pytest.raises(ConfigurationError, match="TOKENGUARD_TOKEN_LOCATIONS"):
        app.register_blueprint(guard.token_endpoints(cookies=True))


def _start(guard_app: GuardApp, **settings: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        guard_app(Flask(__name__), TOKEN_LOCATIONS=["cookie"], **settings)
    return str(caught.value)


def test_the_switch_is_refused_outside_of_development(guard_app: GuardApp) -> None:
    assert "it needs debug mode" in _start(guard_app, COOKIE_INSECURE=True)


def test_a_cookie_of_flask_s_session_s_name_is_refused(guard_app: GuardApp) -> None:
    assert "SESSION_COOKIE_NAME" in _start(guard_app, COOKIE_ACCESS_NAME="session")


def test_a_key_whose_tokens_never_fit_is_refused(
    make_app: MakeApp, private_pems: dict[str, str]
) -> None:
    settings = {"KEY": private_pems["ML-DSA-65"], "TOKEN_LOCATIONS": ["cookie"]}
    with pytest.raises(ConfigurationError, match="cookie of more than 4096 octets"):
        make_app(**settings)
    make_app(**settings | {"KEY": private_pems["ML-DSA-44"]})


def test_an_app_that_only_verifies_needs_no_room(
    make_app: MakeApp, public_pems: dict[str, str]
) -> None:
    make_app(KEY=public_pems["ES256"], TOKEN_LOCATIONS=["cookie"])
    make_app(TOKEN_LOCATIONS=["header"]).add_url_rule("/", "view", new_view())
