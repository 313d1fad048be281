"""`refresh_required`: what is served."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from flask_tokenguard import (
    current_token,
    refresh_required,
    refresh_token_pair,
    token_accepted,
    token_rejected,
)
from flask_tokenguard.jose import strict_json
from flask_tokenguard.verify.verifier import TokenVerifier

from ...support import bearer
from ..conftest import GuardApp
from ..support import new_view
from .support import Pair, body_of, log_in, new_rotation


@pytest.mark.parametrize("kind", ["data", "json"])
def test_the_view_rotates_the_token_that_was_verified(
    client: FlaskClient, pair: Pair, kind: str
) -> None:
    answer = client.post("/refresh", **{kind: body_of(pair, scope="read", client_id="web")})
    assert (answer.status_code, answer.get_json()["scope"]) == (200, "read")
    assert answer.headers["Cache-Control"] == "no-store"
    headers = bearer(answer.get_json()["access_token"])
    assert client.get("/claims", headers=headers).status_code == 200


def test_the_token_may_come_in_the_header(client: FlaskClient, pair: Pair) -> None:
    answer = client.post("/refresh", headers=bearer(pair["refresh_token"]))
    assert (answer.status_code, answer.get_json()["scope"]) == (200, "read write")


def test_parameters_may_stand_beside_a_token_in_the_header(client: FlaskClient, pair: Pair) -> None:
    headers = bearer(pair["refresh_token"])
    answer = client.post("/refresh", json={"scope": "read"}, headers=headers)
    assert answer.get_json()["scope"] == "read"


def test_a_header_that_is_no_location_is_not_looked_at(guard_app: GuardApp) -> None:
    app = guard_app(Flask(__name__), STORAGE_URI="memory://", TOKEN_LOCATIONS=["form"])
    app.add_url_rule("/refresh", "refresh", new_rotation(), methods=["POST"])
    headers = bearer(log_in(app)["refresh_token"])
    answer = app.test_client().post("/refresh", headers=headers)
    assert answer.get_json()["error_description"] == "There is no refresh_token"


@pytest.mark.parametrize("headers", [True, False], ids=["beside an access token", "alone"])
def test_nobody_is_logged_in_by_a_refresh_token(
    app: Flask, client: FlaskClient, pair: Pair, headers: bool
) -> None:
    @app.post("/who")
    @refresh_required
    def who() -> Any:
        return {"claims": g.claims, "token": bool(current_token)}

    credentials = bearer(pair["access_token"]) if headers else {}
    answer = client.post("/who", data=body_of(pair), headers=credentials)
    assert answer.get_json() == {"claims": None, "token": False}


@pytest.mark.parametrize("header", ["Bearer x", "Bearer"])
def test_a_bad_access_token_beside_it_does_no_harm(
    client: FlaskClient, pair: Pair, header: str
) -> None:
    received: list[object] = []

    def receive(_app: Flask, **_: object) -> None:
        received.append(_)

    with token_rejected.connected_to(receive), token_accepted.connected_to(receive):
        headers = {"Authorization": header}
        answer = client.post("/refresh", data=body_of(pair), headers=headers)
    assert (answer.status_code, received) == (200, [])


@pytest.mark.parametrize("kind", ["data", "json"])
def test_a_token_is_parsed_and_verified_once(
    client: FlaskClient, pair: Pair, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    parsed: list[bytes] = []
    verify, parse = TokenVerifier.verify, strict_json.parse_object

    def count(self: TokenVerifier, token: str) -> Any:
        verified.append(token)
        return verify(self, token)

    def count_bodies(octets: bytes) -> Any:
        parsed.append(octets)
        return parse(octets)

    monkeypatch.setattr(TokenVerifier, "verify", count)
    monkeypatch.setattr(strict_json, "parse_object", count_bodies)
    assert client.post("/refresh", **{kind: body_of(pair)}).status_code == 200
    assert verified == [pair["refresh_token"]]
    assert sum(b"refresh_token" in octets for octets in parsed) == (kind == "json")


def test_an_access_token_in_the_header_is_no_refresh_token(client: FlaskClient, pair: Pair) -> None:
    answer = client.post("/refresh", headers=bearer(pair["access_token"]))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")


def test_a_malformed_header_is_a_bad_request(client: FlaskClient) -> None:
    answer = client.post("/refresh", headers={"Authorization": "Bearer"})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_what_the_view_does_not_rotate_is_not_spent(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    app.add_url_rule("/idle", "idle", refresh_required(new_view()), methods=["POST"])
    assert [client.post("/idle", data=body_of(pair)).text for _ in range(2)] == ["served"] * 2
    assert client.post("/refresh", data=body_of(pair)).status_code == 200


def test_a_view_may_rotate_another_token_that_it_is_given(
    app: Flask, client: FlaskClient, pair: Pair
) -> None:
    other = log_in(app)["refresh_token"]
    view = refresh_required(lambda: dict(refresh_token_pair(token=other)))
    app.add_url_rule("/other", "other", view, methods=["POST"])
    sid = current_sid(app, client.post("/other", data=body_of(pair)).get_json())
    assert sid == current_sid(app, {"access_token": other}, typ="refresh")


def current_sid(app: Flask, pair: Mapping[str, Any], *, typ: str = "access") -> str:
    parts = app.extensions["tokenguard"]
    verifier = parts.sessions if typ == "refresh" else parts.verifier
    sid: str = verifier.verify(pair["access_token"]).claims["sid"]
    return sid
