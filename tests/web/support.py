"""What the tests of views say, in few words."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from blinker import NamedSignal
from flask import Flask
from werkzeug.test import TestResponse

from flask_tokenguard.testing import challenge_parameters

View = Callable[..., Any]

PREFLIGHT = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}


def new_view(body: str = "served") -> View:
    """Make a view of its own for each use, since `token_required` marks a function."""

    def view() -> str:
        return body

    return view


@contextmanager
def received(signal: NamedSignal, app: Flask) -> Iterator[list[dict[str, Any]]]:
    """Collect what a signal sends for an app."""
    sent: list[dict[str, Any]] = []

    def receive(_: Flask, **values: Any) -> None:
        sent.append(values)

    with signal.connected_to(receive, app):
        yield sent


def foreign(view: View) -> View:
    """Decorate as other packages do, with `functools.wraps` and no knowledge of us."""

    @functools.wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return wrapper


def called_by_another(view: View) -> View:
    """Make a view that calls this one, which nothing shows."""

    def another() -> Any:
        return view()

    return another


def refusal_of(response: TestResponse) -> tuple[int, str | None]:
    """Read a refusal's status, and the error code of its one challenge."""
    return response.status_code, challenge_parameters(response).get("error")


def grant_error_of(response: TestResponse) -> tuple[int, str]:
    """Read a refused refresh: its status and error code, in an answer that no cache keeps."""
    assert "WWW-Authenticate" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, response.get_json()["error"]


MISSING = (401, None)
MALFORMED = (400, "invalid_request")
BAD = (401, "invalid_token")
SHORT = (403, "insufficient_scope")
