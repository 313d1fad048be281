"""Requests to an app without a server or a client around it."""

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.test import create_environ

from .pairing import Batch, Prepare
from .peers.note import PATH

_ENVIRON = create_environ(PATH)


def environ_with(token: str) -> dict[str, Any]:
    """Make an environ of its own for a request that brings a token."""
    return {**_ENVIRON, "HTTP_AUTHORIZATION": f"Bearer {token}"}


def posted(token: str) -> dict[str, Any]:
    """Make an environ for a refresh with a refresh token."""
    body = urlencode({"grant_type": "refresh_token", "refresh_token": token}).encode()
    environ = create_environ("/token", method="POST", input_stream=BytesIO(body))
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body))}
    return environ | form


def requests(
    app: Flask,
    tokens: Iterator[str],
    batch: int,
    *,
    environ: Callable[[str], dict[str, Any]] = environ_with,
) -> Prepare:
    """Make batches of requests, each with an environ of its own and the next token."""

    def prepare() -> Batch:
        environs = [environ(token) for token in islice(tokens, batch)]
        return lambda: serve(app, environs)

    return prepare


def serve(app: Flask, environs: list[dict[str, Any]]) -> None:
    """Let the app answer."""
    for environ in environs:
        app.wsgi_app(environ, expect_ok)


def expect_ok(status: str, *_: object) -> Any:
    """Stand for the server's `start_response`."""
    assert status == "200 OK", status


def accepts(app: Flask, token: str) -> bool:
    """Tell whether the app serves a request that brings this token."""
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().get(PATH, headers=headers).status_code < 400
