"""`refresh_required`: what is refused."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import (
    Claims,
    ConfigurationError,
    InvalidGrant,
    TokenGuard,
    Unavailable,
    refresh_required,
    revoke_token,
    sessions_of,
    token_rejected,
)
from flask_tokenguard.stores.memory import MemoryStore

from ...conftest import MakeApp
from ..support import View, called_by_another, foreign, grant_error_of, new_view
from .support import Body, Pair, body_of, catching_all, log_in, new_rotation, rotate

REFUSED: list[Body] = [
    {},
    {"refresh_token": ""},
    {"refresh_token": "x"},
    {"refresh_token": "a.b.c"},
    {"refresh_token": "é"},
    {"scope": "more"},
    {"scope": '"'},
    {"client_id": "phone"},
    {"padding": "x" * 40_000},
]
ONLY_FORM: list[Body] = [{"refresh_token": ["a", "b"]}, {"scope": ["read", "read"]}]
ONLY_JSON: list[Body] = [{"refresh_token": 7}, {"refresh_token": None}, {"client_id": {}}]


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        *(("data", body) for body in REFUSED + ONLY_FORM),
        *(("json", body) for body in REFUSED + ONLY_JSON),
    ],
    ids=lambda given: str(given)[:40],
)
def test_a_refusal_is_that_of_the_token_endpoint(
    client: FlaskClient, pair: Pair, kind: str, parameters: Body
) -> None:
    body = {} if not parameters else body_of(pair) | parameters
    ours = client.post("/refresh", **{kind: body})
    theirs = client.post("/oauth/token", **{kind: body | {"grant_type": "refresh_token"}})
    assert ours.status_code == theirs.status_code != 200
    assert (ours.data, sorted(ours.headers)) == (theirs.data, sorted(theirs.headers))
    assert ours.headers["Cache-Control"] == "no-store"
    assert client.post("/refresh", data=body_of(pair)).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"refresh_token": "x", "refresh_token": "x"}'])
def test_json_that_is_malformed_is_an_invalid_request(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/refresh", data=body, content_type="application/json")
    assert grant_error_of(answer) == (400, "invalid_request")


def test_an_access_token_is_no_refresh_token(client: FlaskClient, pair: Pair) -> None:
    answer = client.post("/refresh", data={"refresh_token": pair["access_token"]})
    assert grant_error_of(answer) == (400, "invalid_grant")


@pytest.mark.parametrize("kind", ["query", "multipart"])
def test_a_refresh_token_elsewhere_is_not_looked_for(
    client: FlaskClient, pair: Pair, kind: str
) -> None:
    sent: Body = {"query_string": body_of(pair)}
    if kind == "multipart":
        sent = {"data": body_of(pair), "content_type": "multipart/form-data"}
    assert grant_error_of(client.post("/refresh", **sent)) == (400, "invalid_request")


def test_a_get_brings_no_refresh_token(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/idle", "idle", refresh_required(new_view()))
    assert grant_error_of(client.get("/idle")) == (400, "invalid_request")


def test_a_user_who_is_gone_is_refused_before_the_view(
    app: Flask, guard: TokenGuard, client: FlaskClient, pair: Pair
) -> None:
    @guard.user_loader
    def load(_: Claims) -> None:
        return None

    assert grant_error_of(client.post("/refresh", data=body_of(pair))) == (400, "invalid_grant")
    with app.app_context():
        assert sessions_of("alice") == []


def test_a_store_that_is_away_is_answered_with_503(
    make_app: MakeApp, guard: TokenGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(guard, STORAGE_URI="memory://")
    app.add_url_rule("/refresh", "refresh", catching_all(new_rotation()), methods=["POST"])
    pair = log_in(app)

    def fail(*_: object, **__: object) -> None:
        raise Unavailable

    monkeypatch.setattr(MemoryStore, "end_session", fail)
    guard.user_loader(lambda _: None)
    answer = app.test_client().post("/refresh", data=body_of(pair))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_refusal_is_reported_once(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Any] = []

    def receive(_app: Flask, *, error: Any, **_more: Any) -> None:
        errors.append(error)

    with token_rejected.connected_to(receive), caplog.at_level("INFO"):
        client.post("/refresh", data={"refresh_token": "x.y.z"})
    assert len(errors) == 1
    assert "x.y.z" not in caplog.text


def test_without_a_store_the_missing_setting_is_named(make_app: MakeApp) -> None:
    app = make_app()
    app.testing = True
    app.add_url_rule("/refresh", "refresh", new_rotation(), methods=["POST"])
    with pytest.raises(ConfigurationError, match="TOKENGUARD_STORAGE_URI"):
        app.test_client().post("/refresh")


def _rotate_and_catch() -> Any:
    try:
        return rotate()
    except Exception:  # noqa: BLE001 - as an app may do it
        return {"error": "caught"}, 500


def _rotate_and_fail() -> Any:
    try:
        return rotate()
    except Exception:  # noqa: BLE001 - as an app may do it
        raise LookupError from None


@pytest.mark.parametrize("view", [rotate, _rotate_and_catch, _rotate_and_fail])
@pytest.mark.parametrize("decorate", [catching_all, foreign])
def test_what_the_store_alone_knows_is_no_server_error_either(
    app: Flask, client: FlaskClient, pair: Pair, view: View, decorate: View
) -> None:
    view = decorate(refresh_required(called_by_another(view)))
    app.add_url_rule("/again", "again", view, methods=["POST"])
    with app.app_context():
        revoke_token(pair["refresh_token"])
    assert grant_error_of(client.post("/again", data=body_of(pair))) == (400, "invalid_grant")


def test_a_token_that_was_spent_is_no_server_error_either(client: FlaskClient, pair: Pair) -> None:
    last = client.post("/refresh", data=body_of(pair)).get_json()
    assert client.post("/refresh", data=body_of(last)).status_code == 200
    answer = client.post("/refresh", data=body_of(pair))
    assert grant_error_of(answer) == (400, "invalid_grant")
    assert "used before" in answer.get_json()["error_description"]


def test_a_store_that_goes_away_in_the_view_is_a_503(
    client: FlaskClient, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Unavailable

    monkeypatch.setattr(MemoryStore, "advance", fail)
    answer = client.post("/refresh", data=body_of(pair))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_view_may_answer_a_refusal_in_its_own_way(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    @app.post("/own")
    @refresh_required
    def own() -> Any:
        try:
            return rotate()
        except InvalidGrant:
            return "log in again", 401

    with app.app_context():
        revoke_token(pair["refresh_token"])
    answer = client.post("/own", data=body_of(pair))
    assert (answer.status_code, answer.text) == (401, "log in again")


def test_a_server_error_of_another_cause_stays_one(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    @app.post("/broken")
    @refresh_required
    def broken() -> Any:
        rotate()
        raise LookupError

    assert client.post("/broken", data=body_of(pair)).status_code == 500
