"""The pytest plugin of flask-tokenguard: fixtures for a test suite that has a fixture `app`.

It imports pytest alone, and the rest when a fixture is used: pytest loads it at every start, for
suites without Flask too, and before coverage begins to count. `-p no:tokenguard` leaves it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from flask_tokenguard.testing import SettableClock


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line(
        "markers",
        "token(subject, scope=..., claims=..., lifetime=...): whose token the fixtures token and"
        " auth_client have, and what it allows",
    )


@pytest.fixture
def token(request: pytest.FixtureRequest) -> str:
    """A token of the fixture `app`: of alice, or as the marker `token` has it."""
    from flask_tokenguard.testing import token_for

    marker = request.node.get_closest_marker("token")
    subject, options = _marked(marker) if marker else ("alice", {})
    return token_for(_app(request), subject, **options)


@pytest.fixture
def auth_client(request: pytest.FixtureRequest, token: str) -> FlaskClient:
    """A client of the fixture `app` that sends the fixture `token`, in the header or a cookie."""
    from flask_tokenguard.testing import client_with

    return client_with(_app(request), token)


@pytest.fixture
def broken_token(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Makes a token that the fixture `app` refuses for a reason: `broken_token("expired")`."""
    from flask_tokenguard.testing import broken_token

    app = _app(request)

    def make(reason: str, *arguments: str, **options: Any) -> str:
        return broken_token(app, reason, *arguments, **options)

    return make


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> Iterator[SettableClock]:
    """The clock of the fixture `app`, which stands still until `clock.move(seconds)`.

    It moves the app, its cache of tokens, other issuers' keys, and a store in memory or in SQLite.
    A store on a server keeps its server's time.
    """
    from flask_tokenguard.testing import settable_clock

    with settable_clock(_app(request)) as clock:
        yield clock


def _app(request: pytest.FixtureRequest) -> Flask:
    try:
        app: Flask = request.getfixturevalue("app")
    except pytest.FixtureLookupError as error:
        if error.argname != "app":
            raise
        pytest.fail(
            f"the fixture {request.fixturename} needs a fixture app that returns your Flask app,"
            ' with app.config["TESTING"] = True',
            pytrace=False,
        )
    return app


def _marked(marker: pytest.Mark) -> tuple[str, dict[str, Any]]:
    if len(marker.args) > 1:
        pytest.fail("the marker token takes one subject, and options by name", pytrace=False)
    return (*marker.args, "alice")[0], dict(marker.kwargs)
