"""Requests from other sites: what the tests share."""

from typing import NamedTuple

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from flask_tokenguard import (
    issue_token,
)

from ...support import Config

ACCESS = "__Host-access_token"
HOST = "app.example"
OWN = f"https://{HOST}"
TRUSTED = "https://login.example"
SETTINGS: Config = {
    "TOKEN_LOCATIONS": ["header", "cookie"],
    "TRUSTED_ORIGINS": [TRUSTED],
    "STORAGE_URI": "memory://",
}
UPGRADE = {"HTTP_CONNECTION": "Upgrade", "HTTP_UPGRADE": "websocket"}
METHODS = ["GET", "HEAD", "POST", "DELETE", "WEBSOCKET"]
CLAIMS = [None, "the claim", "another"]


class Row(NamedTuple):
    """What a request states of where it is from."""

    site: str | None
    origin: str | None
    csrf: str | None

    @property
    def verdict(self) -> bool | None:
        """Whether it passes by what the browser states; None where that states nothing."""
        if self.site in ("same-origin", "none") or self.origin == TRUSTED:
            return True
        if self.site is None and self.origin is None:
            return None
        return self.site is None and self.origin == OWN


class Browser:
    """Sends requests with each kind of credential."""

    def __init__(self, app: Flask, *, expired: str, foreign: str) -> None:
        with app.app_context():
            self.fresh = issue_token("alice")
        self.csrf = app.extensions["guard"].verify(self.fresh).claims["csrf"]
        self.environ = create_environ(base_url=OWN)
        self.client: FlaskClient = app.test_client(use_cookies=False)
        self.cookies = {
            "no cookie": None,
            "fresh": f"{ACCESS}={self.fresh}",
            "expired": f"{ACCESS}={expired}",
            "foreign": f"{ACCESS}={foreign}",
            "two": f"{ACCESS}={self.fresh}; {ACCESS}={expired}",
        }
        self.authorizations = {
            "no header": None,
            "good": f"Bearer {self.fresh}",
            "bad": f"Bearer {expired}",
            "another scheme": "Basic YTpi",
        }

    def send(self, path: str, method: str, cookie: str, authorization: str, row: Row) -> Response:
        """Send a request."""
        members = {
            "HTTP_SEC_FETCH_SITE": row.site,
            "HTTP_ORIGIN": row.origin,
            "HTTP_X_CSRF_TOKEN": self.csrf if row.csrf == "the claim" else row.csrf,
            "HTTP_COOKIE": self.cookies[cookie],
            "HTTP_AUTHORIZATION": self.authorizations[authorization],
        }
        if method == "WEBSOCKET":
            method, members = "GET", members | UPGRADE
        # The client of tests takes twice the time, and there are thousands of rows.
        environ = self.environ | {"PATH_INFO": path, "REQUEST_METHOD": method}
        environ |= {name: value for name, value in members.items() if value is not None}
        return Response.from_app(self.client.application, environ)
