"""A login or refresh that cannot be issued spends nothing, on each kind of store."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    TokenGuard,
    issue_token_pair,
    refresh_reused,
    refresh_token_pair,
    sessions_of,
    token_issued,
)

from ..conftest import MakeApp
from ..support import bearer

TOO_LONG = {"note": "x" * 9000}
NOT_JSON: dict[str, Any] = {"note": object()}
NOT_UTF_8 = {"note": "\ud800"}
RESERVED = {"sub": "mallory"}

Claims = Mapping[str, Any]


class Faults:
    """What the app's callbacks do, until a test repairs them."""

    def __init__(self) -> None:
        self.repair()

    def repair(self) -> None:
        self.defaults: Callable[[str], Claims] = lambda _: {}
        self.load: Callable[[Any], object] = lambda claims: claims
        self.origin: Callable[[], str] = lambda: "phone"
        self.claims: Claims | None = None


def fails(*_: object, **__: object) -> Any:
    raise RuntimeError("the app's database is away")


BREAKS: dict[str, Callable[[Faults], None]] = {
    "a loader that raises": lambda faults: setattr(faults, "load", fails),
    "default claims that raise": lambda faults: setattr(faults, "defaults", fails),
    "default claims that are not JSON": lambda faults: setattr(
        faults, "defaults", lambda _: NOT_JSON
    ),
    "default claims that are too long": lambda faults: setattr(
        faults, "defaults", lambda _: TOO_LONG
    ),
    "an origin that raises": lambda faults: setattr(faults, "origin", fails),
    "claims that are not JSON": lambda faults: setattr(faults, "claims", NOT_JSON),
    "claims that are not UTF-8": lambda faults: setattr(faults, "claims", NOT_UTF_8),
    "claims that are too long": lambda faults: setattr(faults, "claims", TOO_LONG),
    "claims that are reserved": lambda faults: setattr(faults, "claims", RESERVED),
}


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def app(store_uri: str, prefix: str, make_app: MakeApp, faults: Faults) -> Flask:
    """An app whose refresh tokens get no second chance: it is always after the grace."""
    guard = TokenGuard()
    # A new prefix has its tables made by the first operation, which waits on a busy machine.
    store = {"STORAGE_URI": store_uri, "STORAGE_PREFIX": prefix, "STORAGE_TIMEOUT": 30}
    app = make_app(guard, **store, REFRESH_GRACE=0)

    @guard.default_claims
    def claims_of(subject: str) -> Claims:
        return faults.defaults(subject)

    @guard.user_loader
    def load_user(claims: Any) -> object:
        return faults.load(claims)

    @app.post("/refresh")
    def refresh() -> Any:
        return refresh_token_pair(claims=faults.claims, origin=faults.origin())

    return app


@pytest.fixture
def pair(app: Flask) -> dict[str, Any]:
    with app.app_context():
        return dict(issue_token_pair("alice", scope="read write"))


@pytest.fixture(autouse=True)
def alarms() -> Iterator[list[str]]:
    """Collect the alarms of theft, of which there must be none."""
    rung: list[str] = []

    def receive(_app: Flask, **members: object) -> None:
        rung.append(str(members))

    with refresh_reused.connected_to(receive):
        yield rung
    assert rung == []


def refresh(client: FlaskClient, pair: Mapping[str, Any], **parameters: str) -> TestResponse:
    body = {"refresh_token": pair["refresh_token"], **parameters}
    return client.post("/refresh", data=body)


@pytest.mark.parametrize("fault", BREAKS)
def test_a_refresh_that_cannot_be_issued_spends_nothing(
    client: FlaskClient, pair: dict[str, Any], faults: Faults, fault: str
) -> None:
    BREAKS[fault](faults)
    assert refresh(client, pair).status_code == 500
    faults.repair()
    assert refresh(client, pair).status_code == 200


def test_a_scope_that_grew_by_repetition_spends_nothing(
    client: FlaskClient, pair: dict[str, Any]
) -> None:
    answer = refresh(client, pair, scope="read " * 3000).get_json()
    assert answer["scope"] == "read"
    assert refresh(client, answer).get_json()["scope"] == "read write"


def test_a_receiver_that_raises_keeps_no_answer_back(
    client: FlaskClient, pair: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with token_issued.connected_to(fails):
        answer = refresh(client, pair)
    assert answer.status_code == 200
    assert "token-issued raised RuntimeError" in caplog.text
    tokens = answer.get_json()
    assert client.get("/claims", headers=bearer(tokens["access_token"])).status_code == 200
    assert refresh(client, tokens).status_code == 200


@pytest.mark.parametrize("claims", [TOO_LONG, NOT_JSON, NOT_UTF_8, RESERVED], ids=list("abcd"))
@pytest.mark.parametrize("by_default", [False, True])
def test_a_login_that_cannot_be_issued_begins_no_session(
    app: Flask, faults: Faults, claims: Claims, by_default: bool
) -> None:
    if by_default:
        faults.defaults = lambda _: claims
    with app.app_context():
        with pytest.raises(ValueError, match=r"claim|token would be"):
            issue_token_pair("alice", claims=None if by_default else claims)
        assert sessions_of("alice") == []


def test_a_login_is_answered_although_a_receiver_raises(app: Flask) -> None:
    with token_issued.connected_to(fails), app.app_context():
        assert issue_token_pair("alice")["refresh_token"]
        assert len(sessions_of("alice")) == 1
