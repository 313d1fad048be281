"""The ready routes: refresh (RFC 6749 section 6) and revocation (RFC 7009)."""

from secrets import token_urlsafe
from typing import Any

import pytest
from flask import Blueprint, Flask, request
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from flask_tokenguard import (
    ConfigurationError,
    InvalidGrant,
    TokenGuard,
    issue_token,
    issue_token_pair,
    sessions_of,
    token_rejected,
)
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..jose.tokens import signed
from ..support import NO_INSTANTS, bearer
from .support import grant_error_of

GRANT = {"grant_type": "refresh_token"}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    guard = TokenGuard()
    app = make_app(guard, STORAGE_URI="memory://", PROTECT="all")
    app.register_blueprint(guard.token_endpoints(), url_prefix="/oauth")
    return app


@pytest.fixture
def pair(app: Flask) -> dict[str, Any]:
    with app.app_context():
        return dict(issue_token_pair("alice", scope="read write"))


def status_with(client: FlaskClient, access_token: str) -> int:
    return client.get("/claims", headers=bearer(access_token)).status_code


@pytest.mark.parametrize("kind", ["data", "json"])
def test_a_refresh_token_is_rotated(client: FlaskClient, pair: dict[str, Any], kind: str) -> None:
    body = GRANT | {"refresh_token": pair["refresh_token"], "scope": "read"}
    answer = client.post("/oauth/token", **{kind: body})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json()["scope"] == "read"
    assert status_with(client, answer.get_json()["access_token"]) == 200


def test_a_stale_access_token_beside_it_does_no_harm(
    client: FlaskClient, pair: dict[str, Any]
) -> None:
    body = GRANT | {"refresh_token": pair["refresh_token"]}
    assert client.post("/oauth/token", data=body, headers=bearer("stale")).status_code == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "invalid_request"),
        (GRANT, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ["refresh_token", "refresh_token"]}, "invalid_request"),
        (GRANT | {"refresh_token": "x"}, "invalid_grant"),
        (GRANT | {"refresh_token": ["x", "y"]}, "invalid_request"),
    ],
)
def test_a_refusal_has_the_code_of_rfc_6749(
    client: FlaskClient, body: dict[str, Any], error: str
) -> None:
    assert grant_error_of(client.post("/oauth/token", data=body)) == (400, error)


@pytest.mark.parametrize("kind", ["data", "json"])
@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/oauth/token", {"grant_type": ""}),
        ("/oauth/token", GRANT | {"refresh_token": ""}),
        ("/oauth/revoke", {"token": ""}),
    ],
)
def test_an_empty_parameter_counts_as_omitted(
    client: FlaskClient, path: str, parameters: dict[str, Any], kind: str
) -> None:
    # RFC 6749 section 3.2.
    empty = client.post(path, **{kind: parameters})
    kept = {name: value for name, value in parameters.items() if value}
    omitted = client.post(path, **{kind: kept})
    assert grant_error_of(empty) == grant_error_of(omitted) == (400, "invalid_request")
    assert empty.get_json() == omitted.get_json()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b'{"grant_type": 7}',
        b'{"grant_type": "refresh_token", "grant_type": "refresh_token"}',
        b"[" * 30_000,
    ],
    ids=lambda body: repr(body[:20]),
)
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_hostile_json_is_an_invalid_request(client: FlaskClient, path: str, body: bytes) -> None:
    answer = client.post(path, data=body, content_type="application/json")
    assert grant_error_of(answer) == (400, "invalid_request")


@pytest.mark.parametrize("kind", ["data", "json"])
def test_a_revoked_access_token_is_refused(
    client: FlaskClient, pair: dict[str, Any], kind: str
) -> None:
    body = {"token": pair["access_token"], "token_type_hint": "refresh_token"}
    answer = client.post("/oauth/revoke", **{kind: body})
    assert (answer.status_code, answer.data) == (200, b"")
    assert status_with(client, pair["access_token"]) == 401


def test_a_revoked_refresh_token_takes_its_access_tokens_with_it(
    client: FlaskClient, pair: dict[str, Any]
) -> None:
    assert client.post("/oauth/revoke", data={"token": pair["refresh_token"]}).status_code == 200
    assert status_with(client, pair["access_token"]) == 401
    body = GRANT | {"refresh_token": pair["refresh_token"]}
    assert grant_error_of(client.post("/oauth/token", data=body)) == (400, "invalid_grant")


def test_a_plain_access_token_is_revoked_too(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        token = issue_token("alice")
    client.post("/oauth/revoke", data={"token": token})
    assert status_with(client, token) == 401


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "a.b.c.d.e"])
def test_a_token_that_is_not_ours_needs_no_revoking(client: FlaskClient, token: str) -> None:
    # RFC 7009 section 2.2: an invalid token is answered as one that was revoked.
    assert client.post("/oauth/revoke", data={"token": token}).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [*({"exp": value} for value in NO_INSTANTS[:-2]), {"iss": ["us"]}, {"iss": 7}, {"sid": {}}],
    ids=lambda claims: str(claims)[:30],
)
@pytest.mark.parametrize("typ", ["at+jwt", "rt+jwt"])
def test_no_token_of_our_key_is_too_strange_to_revoke(
    client: FlaskClient, secret: str, typ: str, claims: dict[str, Any]
) -> None:
    key = Key(secret.encode())
    token = signed(key, {"jti": "1", "exp": 2**33} | claims, {"alg": key.alg, "typ": typ})
    assert client.post("/oauth/revoke", data={"token": token}).status_code == 200


def test_a_revocation_names_a_token(client: FlaskClient) -> None:
    assert grant_error_of(client.post("/oauth/revoke")) == (400, "invalid_request")


each_path = pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])


@each_path
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"])
def test_only_post_is_taken(client: FlaskClient, path: str, method: str) -> None:
    # RFC 6749 section 3.2: a token must not be in a URL.
    answer = client.open(path, method=method)
    assert grant_error_of(answer) == (405, "invalid_request")
    assert answer.allow.as_set() == {"post", "options"}


@each_path
def test_head_is_refused_without_a_body(client: FlaskClient, path: str) -> None:
    answer = client.head(path)
    assert (answer.status_code, answer.data) == (405, b"")
    assert answer.headers["Cache-Control"] == "no-store"


@each_path
def test_options_names_the_methods(client: FlaskClient, path: str) -> None:
    answer = client.options(path)
    assert (answer.status_code, answer.allow.as_set()) == (200, {"post", "options"})


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"method": "GET"}, 405),
        ({"method": "POST"}, 400),
        ({"method": "POST", "data": {"refresh_token": "x" * 50_000}}, 413),
    ],
)
def test_no_handler_of_the_app_makes_a_page_of_an_error(
    app: Flask, request_: dict[str, Any], status: int
) -> None:
    inner = Blueprint("inner", __name__, url_prefix="/inner")
    guard: TokenGuard = app.extensions["guard"]
    inner.register_blueprint(guard.token_endpoints(), name="ours")
    for code in (HTTPException, 405, 413):
        app.register_error_handler(code, lambda _: "<h1>No</h1>")
        inner.register_error_handler(code, lambda _: "<h1>No</h1>")
    app.register_blueprint(inner)
    answer = app.test_client().open("/inner/token", **request_)
    assert grant_error_of(answer) == (status, "invalid_request")


def test_no_revocation_is_acknowledged_while_the_store_is_away(make_app: MakeApp) -> None:
    class Broken(MemoryStore):
        def revoke(self, *_: object, **__: object) -> None:
            from flask_tokenguard import Unavailable  # noqa: PLC0415

            raise Unavailable

    guard = TokenGuard(store=Broken())
    app = make_app(guard)
    app.register_blueprint(guard.token_endpoints())
    with app.app_context():
        token = issue_token("alice")
    answer = app.test_client().post("/revoke", data={"token": token})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_without_a_store_the_app_does_not_start(make_app: MakeApp) -> None:
    guard = TokenGuard()
    app = make_app(guard)
    with pytest.raises(ConfigurationError, match="TOKENGUARD_STORAGE_URI"):
        app.register_blueprint(guard.token_endpoints())


def test_a_refresh_may_tell_from_where_it_comes(make_app: MakeApp) -> None:
    guard = TokenGuard()
    app = make_app(guard, STORAGE_URI="memory://")
    app.register_blueprint(guard.token_endpoints(lambda: str(request.user_agent)))
    with app.app_context():
        pair = issue_token_pair("alice", origin="a desktop")
    body = GRANT | {"refresh_token": pair["refresh_token"]}
    app.test_client().post("/token", data=body, headers={"User-Agent": "a phone"})
    with app.app_context():
        assert [session.origin for session in sessions_of("alice")] == ["a phone"]


def test_a_refused_refresh_is_reported(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[Any] = []

    def receive(_app: Flask, *, error: Any, **_more: Any) -> None:
        errors.append(error)

    with token_rejected.connected_to(receive), caplog.at_level("INFO"):
        client.post("/oauth/token", data=GRANT | {"refresh_token": "x.y.z"})
    assert [type(error) for error in errors] == [InvalidGrant]
    assert any("token refused" in message for message in caplog.messages)
    assert "x.y.z" not in caplog.text


@pytest.mark.parametrize(
    "settings",
    [
        {"ENCRYPTION": {"key": {"kty": "oct", "k": token_urlsafe(32), "alg": "A256KW"}}},
        {"ISSUER": "https://us.example", "AUDIENCE": ["us", "them"], "LEEWAY": 5},
        {"PROTECT": "all", "TOKEN_LOCATIONS": ["header", "form", "json"]},
    ],
    ids=["encrypted", "with issuer and audience", "from bodies too"],
)
def test_sessions_go_with_other_settings(make_app: MakeApp, settings: dict[str, Any]) -> None:
    guard = TokenGuard()
    app = make_app(guard, STORAGE_URI="memory://", **settings)
    app.register_blueprint(guard.token_endpoints())
    with app.app_context():
        first = issue_token_pair("alice")
    client = app.test_client()
    body = GRANT | {"refresh_token": first["refresh_token"]}
    second = client.post("/token", data=body).get_json()
    tokens = [first["access_token"], second["access_token"]]
    assert [status_with(client, token) for token in tokens] == [200, 200]
    assert client.post("/revoke", json={"token": second["refresh_token"]}).status_code == 200
    assert [status_with(client, token) for token in tokens] == [401, 401]
