"""Refresh tokens of the real flask-jwt-extended: each gives a pair of ours, in one session."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    Claims,
    TokenGuard,
    end_all_sessions,
    end_session,
    refresh_required,
    refresh_reused,
    refresh_token_pair,
    revoke_token,
    sessions_of,
    token_required,
)
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.jose.compact import parse, parse_payload
from flask_tokenguard.stores.memory import MemoryStore

from ...conftest import MakeApp
from ...support import SettableClock, bearer
from ..former import PROFILE, SHORT_SECRET, FormerApp
from ..support import received

DAY = 86_400
Pair = dict[str, Any]
Build = Callable[..., Flask]


@pytest.fixture
def old(former: FormerApp) -> str:
    """A refresh token that is out."""
    return former.refresh(expires_delta=timedelta(days=30))


@pytest.fixture
def store(clock: SettableClock) -> MemoryStore:
    return MemoryStore(clock=clock)


@pytest.fixture
def build(make_app: MakeApp, store: MemoryStore, clock: SettableClock, secret: str) -> Build:
    """Make an app that takes tokens of the former one, after an import."""
    until = datetime.fromtimestamp(clock.now + 40 * DAY, UTC).date().isoformat()

    def build(revoked: str = "", **settings: Any) -> Flask:
        entry = {"profile": PROFILE, "key": SHORT_SECRET, "until": until}
        guard = TokenGuard(store=store, clock=clock)
        app = make_app(guard, KEY=secret, FORMER_TOKENS=entry, **settings)

        @app.post("/refresh")
        @refresh_required
        def refresh() -> Any:
            return refresh_token_pair()

        app.add_url_rule("/recent", view_func=token_required(max_age=DAY)(lambda: "recent"))
        app.register_blueprint(guard.token_endpoints())
        runner = app.test_cli_runner()
        result = runner.invoke(tokenguard, ["import-revoked", "-"], input=revoked)
        assert result.exit_code == 0
        return app

    return build


@pytest.fixture
def app(build: Build) -> Flask:
    return build()


def refresh(client: FlaskClient, token: str) -> TestResponse:
    return client.post("/refresh", headers=bearer(token))


def pair_of(answer: TestResponse) -> Pair:
    assert answer.status_code == 200, answer.text
    pair: Pair = answer.get_json()
    return pair


def payload_of(token: str) -> dict[str, Any]:
    return parse_payload(parse(token))


def reason_of(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error_description"]


def test_it_gives_a_pair_of_ours(client: FlaskClient, old: str) -> None:
    pair = pair_of(refresh(client, old))
    answer = client.get("/claims", headers=bearer(pair["access_token"]))
    assert answer.get_json()["sub"] == "alice"
    assert pair_of(refresh(client, pair["refresh_token"]))["access_token"]


@pytest.mark.parametrize(
    "send",
    [
        lambda client, old: client.post("/refresh", headers=bearer(old)),
        lambda client, old: client.post("/refresh", data={"refresh_token": old}),
        lambda client, old: client.post("/refresh", json={"refresh_token": old}),
        lambda client, old: client.post(
            "/refresh", json={"refresh_token": old}, headers=bearer("an.access.token")
        ),
        lambda client, old: client.post(
            "/token", data={"grant_type": "refresh_token", "refresh_token": old}
        ),
    ],
    ids=["header", "form", "json", "json beside a header", "endpoint"],
)
def test_it_comes_in_the_header_or_in_the_body(client: FlaskClient, old: str, send: Any) -> None:
    assert "refresh_token" in pair_of(send(client, old))


@pytest.mark.parametrize("settings", [{}, {"REFRESH_ROTATION": "off"}], ids=["on", "off"])
def test_it_begins_one_session(build: Build, old: str, settings: Any) -> None:
    app = build(**settings)
    sids = [
        payload_of(pair_of(refresh(app.test_client(), old))["access_token"])["sid"]
        for _ in range(3)
    ]
    with app.app_context():
        assert [session.sid for session in sessions_of("alice")] == sids[:1]
    assert len(set(sids)) == 1


def test_tokens_of_one_subject_begin_a_session_each(
    app: Flask, client: FlaskClient, former: FormerApp
) -> None:
    for _ in range(2):
        refresh(client, former.refresh())
    with app.app_context():
        assert len(sessions_of("alice")) == 2


def test_within_the_grace_it_gives_the_same_pair(client: FlaskClient, old: str) -> None:
    tokens = [pair_of(refresh(client, old))["refresh_token"] for _ in range(2)]
    first, second = (payload_of(token) for token in tokens)
    assert first == second


def test_after_the_grace_it_is_reuse(
    app: Flask, client: FlaskClient, old: str, clock: SettableClock
) -> None:
    pair = pair_of(refresh(client, old))
    clock.now += 60
    with received(refresh_reused, app) as sent:
        answer = refresh(client, old)
    assert answer.get_json()["error"] == "invalid_grant"
    assert [each["subject"] for each in sent] == ["alice"]
    assert client.get("/claims", headers=bearer(pair["access_token"])).status_code == 401
    assert refresh(client, pair["refresh_token"]).status_code == 400
    assert refresh(client, old).status_code == 400


def test_many_at_once_begin_one_session(app: Flask, old: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        pairs = list(pool.map(lambda _: pair_of(refresh(app.test_client(), old)), range(8)))
    assert len({payload_of(pair["refresh_token"])["jti"] for pair in pairs}) == 1


@pytest.mark.parametrize("rotation", ["on", "off"])
@pytest.mark.parametrize(
    "end",
    [
        lambda pair, _: end_session(payload_of(pair["access_token"])["sid"]),
        lambda *_: end_all_sessions("alice"),
        lambda _, old: revoke_token(old),
    ],
    ids=["end_session", "end_all_sessions", "revoke_token"],
)
def test_it_begins_no_second_session(build: Build, old: str, end: Any, rotation: str) -> None:
    app = build(REFRESH_ROTATION=rotation)
    pair = pair_of(refresh(app.test_client(), old))
    with app.app_context():
        end(pair, old)
        assert sessions_of("alice") == []
    assert refresh(app.test_client(), old).get_json()["error"] == "invalid_grant"
    answer = app.test_client().get("/claims", headers=bearer(pair["access_token"]))
    assert answer.status_code == 401


def test_it_begins_no_second_session_after_the_first_expired(
    client: FlaskClient, former: FormerApp, clock: SettableClock, build: Build
) -> None:
    client = build(REFRESH_TOKEN_LIFETIME=60).test_client()
    old = former.refresh(expires_delta=timedelta(days=30))
    refresh(client, old)
    clock.now += 3 * DAY
    assert refresh(client, old).get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "end",
    [revoke_token, lambda _: end_all_sessions("alice")],
    ids=["revoke_token", "end_all_sessions"],
)
def test_it_begins_no_session_once_it_was_ended(
    app: Flask, client: FlaskClient, old: str, end: Any
) -> None:
    with app.app_context():
        end(old)
    assert refresh(client, old).get_json()["error"] == "invalid_grant"
    with app.app_context():
        assert sessions_of("alice") == []


def test_an_end_of_all_sessions_in_between_counts(
    app: Flask, client: FlaskClient, old: str, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = store.advance

    def overtaken(*args: Any, **options: Any) -> Any:
        with app.app_context():
            end_all_sessions("alice")
        return advance(*args, **options)

    monkeypatch.setattr(store, "advance", overtaken)
    assert refresh(client, old).get_json()["error"] == "invalid_grant"
    with app.app_context():
        assert sessions_of("alice") == []


def test_a_logout_in_between_counts(
    app: Flask, client: FlaskClient, old: str, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = store.advance

    def overtaken(*args: Any, **options: Any) -> Any:
        client.post("/revoke", data={"token": old})
        return advance(*args, **options)

    monkeypatch.setattr(store, "advance", overtaken)
    assert refresh(client, old).get_json()["error"] == "invalid_grant"
    with app.app_context():
        assert sessions_of("alice") == []


def test_a_token_without_a_subject_ends_nothing(client: FlaskClient, former: FormerApp) -> None:
    claims = {"sub": ["alice"]}
    nobodys = former.refresh(additional_claims=claims)
    assert client.post("/revoke", data={"token": nobodys}).status_code == 200


def test_what_was_revoked_there_begins_no_session(
    build: Build, former: FormerApp, old: str
) -> None:
    claims = payload_of(old)
    client = build(f"{claims['jti']},{claims['exp']}").test_client()
    assert reason_of(refresh(client, old)) == (400, "The token was revoked")
    assert "refresh_token" in pair_of(refresh(client, former.refresh()))


def test_what_is_revoked_here_ends_its_access_tokens_at_once(build: Build, old: str) -> None:
    app = build(REVOCATION_DELAY=300)
    client = app.test_client()
    headers = bearer(pair_of(refresh(client, old))["access_token"])
    assert client.get("/claims", headers=headers).status_code == 200
    assert client.post("/revoke", data={"token": old}).status_code == 200
    assert client.get("/claims", headers=headers).status_code == 401


def test_the_apps_own_blocklist_is_asked(app: Flask, client: FlaskClient, old: str) -> None:
    guard: TokenGuard = app.extensions["guard"]
    jti = payload_of(old)["jti"]
    guard.former_token_revoked(lambda claims: claims.id == jti)
    assert reason_of(refresh(client, old)) == (400, "The token was revoked")


def test_an_access_token_is_no_refresh_token(client: FlaskClient, former: FormerApp) -> None:
    assert refresh(client, former.access()).get_json()["error"] == "invalid_grant"


def test_the_user_loader_is_asked(app: Flask, client: FlaskClient, old: str) -> None:
    asked: list[Claims] = []
    app.extensions["guard"].user_loader(asked.append)
    assert reason_of(refresh(client, old)) == (400, "The user is gone")
    assert [claims.subject for claims in asked] == ["alice"]


def test_a_refresh_shows_no_login(client: FlaskClient, old: str) -> None:
    pair = pair_of(refresh(client, old))
    second = pair_of(refresh(client, pair["refresh_token"]))
    for each in (pair, second):
        assert "auth_time" not in payload_of(each["access_token"])
        assert client.get("/recent", headers=bearer(each["access_token"])).status_code == 401


def test_its_own_claims_grant_nothing(client: FlaskClient, former: FormerApp) -> None:
    claims = {"scope": "admin", "access": {"claims": {"role": "admin"}}, "auth_time": 2**31}
    pair = pair_of(refresh(client, former.refresh(additional_claims=claims)))
    assert not {"scope", "role", "auth_time"} & payload_of(pair["access_token"]).keys()
    body = {"refresh_token": former.refresh(additional_claims=claims), "scope": "admin"}
    assert client.post("/refresh", data=body).get_json()["error"] == "invalid_scope"


@pytest.mark.parametrize(("own", "status"), [(None, 200), ("spa", 200), ("web", 400)])
def test_a_client_is_ours(build: Build, former: FormerApp, own: str | None, status: int) -> None:
    client = build(CLIENT_ID=own).test_client()
    old = former.refresh(additional_claims={"client_id": "web"})
    body = {"refresh_token": old, "client_id": "spa"}
    assert client.post("/refresh", data=body).status_code == status


def test_default_claims_are_asked_anew(app: Flask, client: FlaskClient, old: str) -> None:
    app.extensions["guard"].default_claims(lambda subject: {"role": f"role of {subject}"})
    pair = pair_of(refresh(client, old))
    assert payload_of(pair["access_token"])["role"] == "role of alice"


def test_a_session_lives_from_the_login_on(
    client: FlaskClient, old: str, clock: SettableClock
) -> None:
    clock.now += DAY
    pair = pair_of(refresh(client, old))
    login = payload_of(old)["iat"]
    assert payload_of(pair["refresh_token"])["session_exp"] == login + 90 * DAY


def test_a_session_lives_as_long_as_its_token_is_accepted(
    build: Build, former: FormerApp, clock: SettableClock
) -> None:
    client = build(SESSION_LIFETIME=DAY).test_client()
    old = former.refresh(expires_delta=timedelta(days=30))
    clock.now += 5 * DAY
    pair = pair_of(refresh(client, old))
    assert payload_of(pair["refresh_token"])["session_exp"] == payload_of(old)["exp"]


@pytest.mark.parametrize(("days", "status"), [(39, 200), (41, 400)])
def test_it_is_refused_from_the_day_on(
    client: FlaskClient, former: FormerApp, clock: SettableClock, days: int, status: int
) -> None:
    old = former.refresh(expires_delta=timedelta(days=90))
    clock.now += days * DAY
    assert refresh(client, old).status_code == status


class TestWithoutRotation:
    """The old token stays the session's refresh token."""

    @pytest.fixture
    def app(self, build: Build) -> Flask:
        return build(REFRESH_ROTATION="off")

    def test_each_time_it_gives_an_access_token(
        self, client: FlaskClient, old: str, clock: SettableClock
    ) -> None:
        bodies = []
        for _ in range(3):
            bodies.append(pair_of(refresh(client, old)))
            clock.now += DAY
        assert [sorted(body) for body in bodies] == [
            ["access_token", "expires_in", "token_type"]
        ] * 3
        assert len({payload_of(body["access_token"])["sid"] for body in bodies}) == 1
        assert len({payload_of(body["access_token"])["jti"] for body in bodies}) == 3

    def test_it_lives_until_its_own_exp(
        self, app: Flask, client: FlaskClient, old: str, clock: SettableClock
    ) -> None:
        refresh(client, old)
        exp = payload_of(old)["exp"]
        clock.now = exp - 1
        assert refresh(client, old).status_code == 200
        with app.app_context():
            (session,) = sessions_of("alice")
        assert session.expires_at.timestamp() == exp
        clock.now = exp
        assert refresh(client, old).status_code == 400

    def test_rotation_may_be_switched_on(self, client: FlaskClient, old: str, build: Build) -> None:
        first = pair_of(refresh(client, old))
        second = pair_of(refresh(build().test_client(), old))
        assert (
            payload_of(second["refresh_token"])["sid"] == payload_of(first["access_token"])["sid"]
        )
