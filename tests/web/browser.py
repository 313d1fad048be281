"""What tests of tokens in cookies share: their names, and what a page of the app sends."""

from typing import Any

from flask import Flask, jsonify
from flask.testing import FlaskClient
from werkzeug.test import Cookie, TestResponse

from flask_tokenguard import public, refresh_required, refresh_token_pair, set_token_cookies

from ..support import Config

ACCESS = "__Host-access_token"
REFRESH = "__Host-refresh_token"
CSRF = "__Host-csrf_token"
NAMES = [ACCESS, REFRESH, CSRF]
HOST = "app.example"
OWN = f"https://{HOST}"
SAME = {"Sec-Fetch-Site": "same-origin"}
SETTINGS: Config = {"TOKEN_LOCATIONS": ["cookie", "header"], "STORAGE_URI": "memory://"}


def post(client: FlaskClient, path: str, **options: Any) -> TestResponse:
    """Send a request as a page of the app does."""
    return client.post(path, base_url=OWN, **{"headers": SAME} | options)


def get(client: FlaskClient, path: str, **options: Any) -> TestResponse:
    """Follow a link of the app."""
    return client.get(path, base_url=OWN, **options)


def cookie_of(client: FlaskClient, name: str) -> Cookie | None:
    """Look up what the browser holds."""
    return client.get_cookie(name, domain=HOST)


def value_of(client: FlaskClient, name: str) -> str:
    """Look up the value of a cookie that the browser holds."""
    cookie = cookie_of(client, name)
    assert cookie is not None
    return cookie.value


def add_refreshes(app: Flask) -> None:
    """Add two ways to refresh: at `/refresh` the view asks, at `/demanded` its decorator."""

    @app.post("/refresh")
    @public
    def refresh() -> Any:
        return set_token_cookies(jsonify(), refresh_token_pair())

    @app.post("/demanded")
    @refresh_required
    def demanded() -> Any:
        return set_token_cookies(jsonify(), refresh_token_pair())
