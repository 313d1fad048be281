"""Login, refresh, logout and revocation in an app."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any

import pytest
from flask import Flask, g, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    Claims,
    ConfigurationError,
    InvalidToken,
    IssueError,
    TokenGuard,
    end_all_sessions,
    end_session,
    issue_token,
    issue_token_pair,
    refresh_reused,
    refresh_token_pair,
    revoke_token,
    sessions_of,
    token_required,
)
from flask_tokenguard.errors import Unavailable
from flask_tokenguard.jose.compact import parse, parse_payload
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.testing import assert_challenge

from ..conftest import MakeApp
from ..jose.tokens import signed
from ..support import NO_INSTANTS, SettableClock, bearer
from .support import BAD, refusal_of

Pair = dict[str, Any]
LogIn = Callable[..., Pair]
Refresh = Callable[..., TestResponse]


class BreakableStore(MemoryStore):
    """A store that goes away when a test says so."""

    is_away = False

    def __getattribute__(self, name: str) -> Any:
        operations = "standing next_instant revoke end_subject start_session advance".split()
        operations += ["end_session", "sessions_of"]
        if name in operations and self.is_away:
            raise Unavailable("The token store is out of reach")
        return super().__getattribute__(name)


@pytest.fixture
def store(clock: SettableClock) -> BreakableStore:
    return BreakableStore(clock=clock)


@pytest.fixture
def guard(store: BreakableStore, clock: SettableClock) -> TokenGuard:
    return TokenGuard(store=store, clock=clock)


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard) -> Flask:
    app = make_app(guard)

    @app.post("/login")
    def login() -> Any:
        return issue_token_pair("alice", scope="read write", **request.get_json())

    @app.post("/refresh")
    def refresh() -> Any:
        return refresh_token_pair()

    @app.post("/logout")
    @token_required
    def logout() -> str:
        return str(end_session())

    return app


@pytest.fixture
def log_in(client: FlaskClient) -> LogIn:
    def log_in(**options: Any) -> Pair:
        pair: Pair = client.post("/login", json=options).get_json()
        return pair

    return log_in


@pytest.fixture
def refresh(client: FlaskClient) -> Refresh:
    def refresh(pair: Pair, **parameters: str) -> TestResponse:
        body = {"refresh_token": pair["refresh_token"], **parameters}
        return client.post("/refresh", data=body)

    return refresh


def claims_of(client: FlaskClient, pair: Pair) -> dict[str, Any]:
    answer = client.get("/claims", headers=bearer(pair["access_token"]))
    assert answer.status_code == 200, answer.text
    claims: dict[str, Any] = answer.get_json()
    return claims


def is_refused(client: FlaskClient, pair: Pair) -> bool:
    answer = client.get("/claims", headers=bearer(pair["access_token"]))
    return answer.status_code != 200 and refusal_of(answer) == BAD


def claims_in(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Read the claims of a pair's refresh token."""
    return parse_payload(parse(pair["refresh_token"]))


def refresh_token(secret: str, claims: Mapping[str, Any]) -> str:
    """Sign a refresh token by hand, with our own key."""
    key = Key(secret.encode())
    return signed(key, claims, {"alg": key.alg, "typ": "rt+jwt"})


def error_of(answer: TestResponse) -> tuple[int, str]:
    """Read a refusal of the token endpoint, which has no challenge."""
    assert "WWW-Authenticate" not in answer.headers
    return answer.status_code, answer.get_json()["error"]


# Logging in.


def test_a_login_answers_as_rfc_6749_asks(client: FlaskClient) -> None:
    answer = client.post("/login", json={})
    pair = answer.get_json()
    assert pair.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 900)
    assert pair["scope"] == "read write"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_response_without_scope_names_none(app: Flask) -> None:
    with app.app_context():
        assert "scope" not in issue_token_pair("alice")


def test_the_access_token_names_its_session_and_its_login(
    client: FlaskClient, log_in: LogIn, clock: SettableClock
) -> None:
    claims = claims_of(client, log_in(claims={"role": "admin"}))
    assert claims["auth_time"] == int(clock())
    assert (claims["role"], claims["scope"]) == ("admin", "read write")
    assert len(claims["sid"]) == 22


def test_a_refresh_token_never_passes_as_an_access_token(
    client: FlaskClient, log_in: LogIn
) -> None:
    answer = client.get("/claims", headers=bearer(log_in()["refresh_token"]))
    assert_challenge(answer, error="invalid_token")


def test_an_access_token_never_passes_as_a_refresh_token(log_in: LogIn, refresh: Refresh) -> None:
    pair = log_in()
    answer = refresh({"refresh_token": pair["access_token"]})
    assert error_of(answer) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "moment", [1_700_000_000, datetime.fromtimestamp(1_700_000_000, UTC)], ids=repr
)
def test_an_app_may_say_when_the_subject_showed_who_it_is(app: Flask, moment: Any) -> None:
    with app.app_context():
        token = issue_token_pair("alice", auth_time=moment)["access_token"]
        assert (
            app.extensions["tokenguard"].verifier.verify(token).claims["auth_time"] == 1_700_000_000
        )


@pytest.mark.parametrize(
    "moment",
    [
        *NO_INSTANTS[1:],
        datetime(2026, 1, 1),  # noqa: DTZ001 - refused
        datetime(1969, 12, 31, tzinfo=UTC),
    ],
    ids=lambda moment: str(moment)[:20],
)
def test_a_moment_that_is_none_is_refused(app: Flask, moment: Any) -> None:
    with app.app_context(), pytest.raises(IssueError, match="auth_time"):
        issue_token("alice", auth_time=moment)


def test_every_access_token_of_a_session_has_an_nbf_if_asked(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    pair = log_in(not_before=0)
    assert claims_of(client, pair)["nbf"] == int(clock())
    clock.now += 60
    assert claims_of(client, refresh(pair).get_json())["nbf"] == int(clock())


def test_a_refresh_does_not_bring_the_start_of_a_session_forward(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    begin = int(clock()) + 600
    pair = log_in(not_before=600)
    clock.now += 300
    pair = refresh(pair).get_json()
    assert is_refused(client, pair)
    clock.now = begin
    assert claims_of(client, pair)["nbf"] == begin


@pytest.mark.parametrize("lifetime", [None, 3600])
def test_a_session_of_tokens_that_are_never_valid_does_not_begin(
    app: Flask, lifetime: int | None
) -> None:
    with app.app_context():
        with pytest.raises(IssueError, match="would expire before it is valid"):
            issue_token_pair("alice", not_before=900, lifetime=lifetime)
        assert sessions_of("alice") == []


@pytest.mark.parametrize("options", [{"claims": {"sub": "bob"}}, {"header": {"alg": "none"}}])
def test_a_login_that_cannot_be_issued_leaves_no_session(
    app: Flask, options: dict[str, Any]
) -> None:
    with app.app_context():
        with pytest.raises(IssueError):
            issue_token_pair("alice", **options)
        assert sessions_of("alice") == []


def test_an_option_of_a_login_that_is_none_says_nothing(client: FlaskClient, log_in: LogIn) -> None:
    claims = claims_of(client, log_in(audience=None, claims=None))
    assert claims.keys() == {"sub", "iat", "exp", "jti", "scope", "sid", "auth_time"}


def test_a_subject_must_be_text(app: Flask) -> None:
    with app.app_context(), pytest.raises(IssueError, match="subject"):
        issue_token_pair(7)  # type: ignore[arg-type]


# Refreshing.


def test_a_refresh_gives_new_tokens_of_the_same_session(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    first = log_in(claims={"role": "admin"})
    before = claims_of(client, first)
    clock.now += 100
    answer = refresh(first)
    second = answer.get_json()
    after = claims_of(client, second)
    assert second["refresh_token"] != first["refresh_token"]
    assert {name for name in before if before[name] != after[name]} == {"jti", "iat", "exp"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_refresh_token_may_come_as_json(client: FlaskClient, log_in: LogIn) -> None:
    answer = client.post("/refresh", json={"refresh_token": log_in()["refresh_token"]})
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["data", "json"])
def test_one_body_may_bring_both_tokens(make_app: MakeApp, kind: str) -> None:
    app = make_app(STORAGE_URI="memory://", TOKEN_LOCATIONS=["form", "json"])
    view = token_required(lambda: dict(refresh_token_pair()))
    app.add_url_rule("/", "refresh", view, methods=["POST"])
    with app.app_context():
        pair = issue_token_pair("alice")
    body: Any = {kind: {name: pair[name] for name in ("access_token", "refresh_token")}}
    assert "refresh_token" in app.test_client().post("/", **body).get_json()


def test_the_scope_may_shrink_and_come_back(
    client: FlaskClient, log_in: LogIn, refresh: Refresh
) -> None:
    narrow = refresh(log_in(), scope="read").get_json()
    assert narrow["scope"] == claims_of(client, narrow)["scope"] == "read"
    # RFC 6749 section 6: the new refresh token has the scope of the old one.
    assert refresh(narrow).get_json()["scope"] == "read write"


@pytest.mark.parametrize("scope", ["admin", "read admin", 'bad"scope', "é"])
def test_the_scope_never_grows(log_in: LogIn, refresh: Refresh, scope: str) -> None:
    pair = log_in()
    assert error_of(refresh(pair, scope=scope)) == (400, "invalid_scope")
    assert refresh(pair).status_code == 200


@pytest.mark.parametrize("kind", ["data", "json"])
def test_an_empty_scope_counts_as_omitted(client: FlaskClient, log_in: LogIn, kind: str) -> None:
    # RFC 6749 section 3.2.
    body = {"refresh_token": log_in()["refresh_token"], "scope": ""}
    assert client.post("/refresh", **{kind: body}).get_json()["scope"] == "read write"


def test_default_claims_are_asked_at_each_refresh(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, guard: TokenGuard
) -> None:
    roles = ["guest"]
    guard.default_claims(lambda _: {"role": roles[-1]})
    first = log_in()
    roles.append("admin")
    assert claims_of(client, first)["role"] == "guest"
    assert claims_of(client, refresh(first).get_json())["role"] == "admin"


def test_an_app_may_say_other_claims_at_a_refresh(app: Flask, log_in: LogIn) -> None:
    app.add_url_rule(
        "/again", "again", lambda: refresh_token_pair(claims={"role": "guest"}), methods=["POST"]
    )
    client = app.test_client()
    first = log_in(claims={"role": "admin"})
    second = client.post("/again", json={"refresh_token": first["refresh_token"]}).get_json()
    assert claims_of(client, second)["role"] == "guest"


def test_audience_and_header_are_those_of_the_login(
    make_app: MakeApp, store: BreakableStore
) -> None:
    app = make_app(TokenGuard(store=store), AUDIENCE=["us", "them"])
    with app.app_context():
        pair = issue_token_pair("alice", audience="them", header={"v": 2})
    with app.test_request_context(method="POST", data={"refresh_token": pair["refresh_token"]}):
        again = refresh_token_pair()["access_token"]
        token = app.extensions["tokenguard"].verifier.verify(again)
        assert (token.claims["aud"], token.header["v"]) == ("them", 2)


@pytest.mark.parametrize("client_id", ["phone", None], ids=["another", "none"])
def test_the_client_of_a_login_is_that_of_its_session(
    make_app: MakeApp, client_id: str | None
) -> None:
    app = make_app(STORAGE_URI="memory://", CLIENT_ID="web")
    with app.app_context():
        pair = issue_token_pair("alice", client_id=client_id)
    with app.test_request_context(method="POST", data={"refresh_token": pair["refresh_token"]}):
        again = refresh_token_pair()
    tokens = [one[kind] for one in (pair, again) for kind in ("access_token", "refresh_token")]
    assert [parse_payload(parse(token)).get("client_id") for token in tokens] == [client_id] * 4


def test_a_session_keeps_the_client_that_was_configured(
    make_app: MakeApp,
) -> None:
    store = MemoryStore()
    before, after = (make_app(TokenGuard(store=store), CLIENT_ID=name) for name in ("old", "new"))
    with before.app_context():
        pair = issue_token_pair("alice")
    body = {"refresh_token": pair["refresh_token"], "client_id": "old"}
    with after.test_request_context(method="POST", data=body):
        assert claims_in(refresh_token_pair())["client_id"] == "old"


@pytest.mark.parametrize(
    ("of_token", "named", "status"),
    [
        ("phone", "phone", 200),
        ("phone", "", 200),
        ("phone", "web", 400),
        (None, "web", 200),
    ],
)
def test_a_refresh_names_no_other_client(
    log_in: LogIn, refresh: Refresh, of_token: str | None, named: str, status: int
) -> None:
    answer = refresh(log_in(client_id=of_token), client_id=named)
    assert answer.status_code == status
    assert status == 200 or error_of(answer) == (400, "invalid_grant")


def test_a_refresh_that_names_another_client_spends_nothing(
    log_in: LogIn, refresh: Refresh
) -> None:
    pair = log_in(client_id="phone")
    refresh(pair, client_id="web")
    assert refresh(pair, client_id="phone").status_code == 200


def test_a_lifetime_is_of_one_token_only(app: Flask, refresh: Refresh) -> None:
    with app.app_context():
        pair = issue_token_pair("alice", lifetime=5)
    assert pair["expires_in"] == 5
    assert refresh(dict(pair)).get_json()["expires_in"] == 900


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"refresh_token": ""},
        {"refresh_token": ["a", "b"]},
    ],
    ids=["none", "empty", "two"],
)
def test_a_request_without_one_refresh_token_is_invalid(
    client: FlaskClient, body: dict[str, Any]
) -> None:
    assert error_of(client.post("/refresh", data=body)) == (400, "invalid_request")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", 7, None, [], {}], ids=repr)
def test_what_is_no_refresh_token_is_refused(client: FlaskClient, token: object) -> None:
    answer = client.post("/refresh", json={"refresh_token": token})
    assert error_of(answer) in {(400, "invalid_grant"), (400, "invalid_request")}


def test_a_refresh_token_expires_when_it_is_not_used(
    log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    pair = log_in()
    clock.now += timedelta(days=30).total_seconds()
    assert error_of(refresh(pair)) == (400, "invalid_grant")


def test_a_session_ends_however_often_it_is_used(
    make_app: MakeApp, store: BreakableStore, clock: SettableClock
) -> None:
    guard = TokenGuard(store=store, clock=clock)
    app = make_app(guard, REFRESH_TOKEN_LIFETIME=100, SESSION_LIFETIME=150)
    app.add_url_rule("/refresh", "refresh", refresh_token_pair, methods=["POST"])
    client = app.test_client()
    with app.app_context():
        pair = dict(issue_token_pair("alice"))
    for pause in (90, 59):
        clock.now += pause
        pair = client.post("/refresh", json=pair | {"scope": ""}).get_json()
    assert pair["expires_in"] == 1
    clock.now += 1
    assert client.post("/refresh", json={"refresh_token": pair["refresh_token"]}).status_code == 400


def test_a_user_who_is_gone_gets_nothing_more(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, guard: TokenGuard
) -> None:
    users = {"alice"}
    guard.user_loader(lambda claims: claims.subject if claims.subject in users else None)
    pair = refresh(log_in()).get_json()
    users.clear()
    assert error_of(refresh(pair)) == (400, "invalid_grant")
    assert is_refused(client, pair)


# Rotation.


@pytest.fixture
def reuses() -> Iterator[list[dict[str, Any]]]:
    """Collect the signals of reuse."""
    seen: list[dict[str, Any]] = []

    def receive(_app: Flask, **members: Any) -> None:
        seen.append(members)

    with refresh_reused.connected_to(receive):
        yield seen


def test_a_repeat_within_the_grace_gets_the_same_successor(
    app: Flask, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    pair = log_in()
    first = refresh(pair, scope="read").get_json()
    clock.now += 9
    again = refresh(pair).get_json()
    verify = app.extensions["tokenguard"].sessions.verify
    one, other = (verify(answer["refresh_token"]).claims for answer in (first, again))
    assert {name for name in one if one[name] != other[name]} == {"iat"}
    assert again["scope"] == "read"


@pytest.mark.parametrize("scopes", [("read", "write"), (" ", "read"), ("read", " ")])
def test_the_same_successor_has_the_same_scope(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, scopes: tuple[str, str]
) -> None:
    pair = log_in()
    first, again = (refresh(pair, scope=scope).get_json() for scope in scopes)
    assert again.get("scope", "") == first.get("scope", "") == scopes[0].strip()
    assert claims_of(client, again).get("scope", "") == scopes[0].strip()


def test_a_refresh_must_fit_with_all_that_was_granted(
    app: Flask, refresh: Refresh, guard: TokenGuard
) -> None:
    with app.app_context():
        pair = dict(issue_token_pair("alice", scope="read " + "x" * 2000))
    assert refresh(pair, scope="read").status_code == 200
    guard.default_claims(lambda _: {"note": "x" * 5000})
    # Its successor was issued with all of it, or could have been.
    assert refresh(pair, scope="read").status_code == 500


def test_what_only_encryption_makes_too_long_spends_nothing(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    notes = ["", "x" * 5500, ""]
    guard.default_claims(lambda _: {"note": notes.pop(0)})
    jwk = {"kty": "oct", "k": token_urlsafe(32), "alg": "A256KW"}
    app = make_app(guard, ENCRYPTION={"key": jwk}, REFRESH_GRACE=0)
    app.add_url_rule("/refresh", "refresh", refresh_token_pair, methods=["POST"])
    with app.app_context():
        pair = dict(issue_token_pair("alice"))
    body = {"refresh_token": pair["refresh_token"]}
    answers = [app.test_client().post("/refresh", data=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [500, 200]


def test_the_grace_ends_when_the_successor_is_spent(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, reuses: list[dict[str, Any]]
) -> None:
    pair = log_in()
    second = refresh(pair).get_json()
    third = refresh(second).get_json()
    sid = claims_of(client, third)["sid"]
    assert error_of(refresh(pair)) == (400, "invalid_grant")
    assert reuses == [{"subject": "alice", "sid": sid, "successor_age": 0, "successor_used": True}]
    assert is_refused(client, third)
    assert error_of(refresh(third)) == (400, "invalid_grant")


def test_a_reuse_after_the_grace_ends_the_session(
    client: FlaskClient,
    log_in: LogIn,
    refresh: Refresh,
    clock: SettableClock,
    reuses: list[dict[str, Any]],
) -> None:
    pair = log_in()
    second = refresh(pair).get_json()
    clock.now += 11
    assert error_of(refresh(pair)) == (400, "invalid_grant")
    (reuse,) = reuses
    assert (reuse["successor_age"], reuse["successor_used"]) == (11, False)
    assert is_refused(client, pair)
    assert is_refused(client, second)


def test_a_reuse_leaves_other_sessions_alone(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    other, pair = log_in(), log_in()
    refresh(pair)
    clock.now += 11
    refresh(pair)
    assert claims_of(client, other)
    assert refresh(other).status_code == 200


# Ending.


def test_a_logout_refuses_the_access_token_at_once(
    client: FlaskClient, log_in: LogIn, refresh: Refresh
) -> None:
    pair = log_in()
    assert client.post("/logout", headers=bearer(pair["access_token"])).text == "True"
    assert is_refused(client, pair)
    assert error_of(refresh(pair)) == (400, "invalid_grant")


def test_a_token_without_a_session_has_none_to_end(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        token = issue_token("alice")
    assert client.post("/logout", headers=bearer(token)).text == "False"


def test_a_session_of_somebody_else_is_not_ended(
    app: Flask, client: FlaskClient, log_in: LogIn
) -> None:
    pair = log_in()
    sid = claims_of(client, pair)["sid"]
    with app.app_context():
        assert not end_session(sid, subject="mallory")
        assert claims_of(client, pair)
        assert end_session(sid, subject="alice")
        assert not end_session(sid)


@pytest.mark.parametrize("sid", ["", "x", "é", "A" * 22, "A" * 500])
def test_a_session_that_is_none_cannot_be_ended(app: Flask, sid: str) -> None:
    with app.app_context():
        assert not end_session(sid)


def test_all_sessions_end_and_a_new_one_begins_at_once(
    app: Flask, client: FlaskClient, log_in: LogIn, refresh: Refresh
) -> None:
    pairs = [log_in(), log_in()]
    with app.app_context():
        plain = issue_token("alice")
        end_all_sessions("alice")
    assert all(is_refused(client, pair) for pair in [*pairs, {"access_token": plain}])
    assert all(refresh(pair).status_code == 400 for pair in pairs)
    assert claims_of(client, log_in())


def test_sessions_tell_when_from_where_and_how_lately(
    app: Flask, client: FlaskClient, log_in: LogIn, refresh: Refresh, clock: SettableClock
) -> None:
    pair = log_in(origin="Firefox on Linux")
    sid = claims_of(client, pair)["sid"]
    clock.now += 60
    log_in(origin="a phone")
    clock.now += 60
    refresh(pair)
    with app.app_context():
        newest, oldest = sessions_of("alice")
    assert (newest.origin, oldest.origin, oldest.sid) == ("a phone", "Firefox on Linux", sid)
    now = datetime.fromtimestamp(clock(), UTC)
    assert abs(oldest.last_used - now) < timedelta(seconds=1)
    assert abs(now - oldest.started - timedelta(seconds=120)) < timedelta(seconds=1)
    assert abs(oldest.expires_at - now - timedelta(days=30)) <= timedelta(seconds=1)


def test_a_session_that_has_expired_is_not_listed(
    app: Flask, log_in: LogIn, clock: SettableClock
) -> None:
    log_in()
    clock.now += timedelta(days=30).total_seconds()
    with app.app_context():
        assert sessions_of("alice") == []


def test_what_a_request_says_of_its_origin_is_cut(app: Flask) -> None:
    with app.app_context():
        issue_token_pair("alice", origin="\ud800" + "x" * 1000)
        assert sessions_of("alice")[0].origin == "?" + "x" * 199


# Revoking.


def test_a_token_is_revoked_as_it_is(app: Flask, client: FlaskClient, log_in: LogIn) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(pair["access_token"])
    assert is_refused(client, pair)


def test_a_token_is_revoked_by_its_claims(app: Flask, client: FlaskClient, log_in: LogIn) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(Claims(claims_of(client, pair)))
    assert is_refused(client, pair)


@pytest.mark.parametrize("subject", ["alice", None])
def test_a_token_is_revoked_by_its_name(
    app: Flask, client: FlaskClient, log_in: LogIn, subject: str | None
) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(jti=claims_of(client, pair)["jti"], subject=subject)
    assert is_refused(client, pair)


def test_a_revoked_access_token_leaves_its_session(
    app: Flask, log_in: LogIn, refresh: Refresh
) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(pair["access_token"])
    assert refresh(pair).status_code == 200


def test_a_revoked_refresh_token_ends_its_session(
    app: Flask, client: FlaskClient, log_in: LogIn, refresh: Refresh
) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(pair["refresh_token"])
    assert is_refused(client, pair)
    assert refresh(pair).status_code == 400


def test_a_refresh_token_ends_no_session_of_another_subject(
    app: Flask, client: FlaskClient, log_in: LogIn, secret: str
) -> None:
    pair = log_in()
    with app.app_context():
        revoke_token(refresh_token(secret, claims_in(pair) | {"sub": "mallory"}))
    assert claims_of(client, pair)


def test_a_token_that_is_not_ours_cannot_be_revoked(app: Flask) -> None:
    with app.app_context(), pytest.raises(InvalidToken):
        revoke_token("a.b.c")


@pytest.mark.parametrize("arguments", [{}, {"token": "a.b.c", "jti": "1"}], ids=["none", "both"])
def test_one_thing_is_revoked_at_a_time(app: Flask, arguments: dict[str, str]) -> None:
    with app.app_context(), pytest.raises(TypeError, match="a token, or a jti"):
        revoke_token(**arguments)


# Without a store, and while it is away.


@pytest.mark.parametrize(
    "call",
    [
        lambda: issue_token_pair("alice"),
        lambda: end_session("x"),
        lambda: end_all_sessions("alice"),
        lambda: sessions_of("alice"),
        lambda: revoke_token(jti="x"),
        refresh_token_pair,
    ],
)
def test_without_a_store_the_missing_setting_is_named(
    make_app: MakeApp, call: Callable[[], Any]
) -> None:
    with (
        make_app().test_request_context(method="POST", data={"refresh_token": "x"}),
        pytest.raises(ConfigurationError, match="TOKENGUARD_STORAGE_URI"),
    ):
        call()


def test_a_configured_store_and_one_of_the_apps_own_contradict(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="contradict"):
        make_app(TokenGuard(store=MemoryStore()), STORAGE_URI="memory://")


def test_while_the_store_is_away_we_say_so(
    client: FlaskClient, log_in: LogIn, refresh: Refresh, store: BreakableStore
) -> None:
    pair = log_in()
    store.is_away = True
    answers = [
        client.get("/claims", headers=bearer(pair["access_token"])),
        client.post("/login", json={}),
        refresh(pair),
    ]
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert all(answer.headers["Retry-After"] == "5" for answer in answers)
    assert all("WWW-Authenticate" not in answer.headers for answer in answers)


@pytest.mark.parametrize(
    ("grace", "wait"), [(0, 1), (1, 1), (1.5, 1), (2, 1), (3, 1), (4, 2), (10, 5), (300, 5)]
)
def test_a_retry_after_a_503_comes_within_the_grace(
    make_app: MakeApp, clock: SettableClock, grace: float, wait: int
) -> None:
    store = BreakableStore(clock=clock)
    guard = TokenGuard(store=store, clock=clock)
    app = make_app(guard, REFRESH_GRACE=timedelta(seconds=grace))
    with app.app_context():
        pair = issue_token_pair("alice")
    store.is_away = True
    body = app.test_request_context(method="POST", data=dict(pair))
    with body, pytest.raises(Unavailable) as caught:
        refresh_token_pair()
    assert caught.value.get_response().headers["Retry-After"] == str(wait)


ACTS: dict[str, Callable[[Pair], object]] = {
    "issue a token": lambda _: issue_token("alice"),
    "start a session": lambda _: issue_token_pair("alice"),
    "revoke a token": lambda pair: revoke_token(pair["access_token"]),
    "end a session": lambda pair: end_session(str(claims_in(pair)["sid"])),
    "end all sessions of a subject": lambda _: end_all_sessions("alice"),
    "list the sessions of a subject": lambda _: sessions_of("alice"),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_an_outage_prevents_is_logged(
    app: Flask, log_in: LogIn, store: BreakableStore, caplog: pytest.LogCaptureFixture, act: str
) -> None:
    pair = log_in()
    store.is_away = True
    with app.app_context(), caplog.at_level("INFO"), pytest.raises(Unavailable):
        ACTS[act](pair)
    (line,) = caplog.messages
    assert line == f'cannot {act}: unavailable, "The token store is out of reach"'


def test_an_outage_is_not_logged_as_a_refused_token(
    client: FlaskClient,
    log_in: LogIn,
    refresh: Refresh,
    store: BreakableStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pair = log_in()
    store.is_away = True
    with caplog.at_level("INFO"):
        client.get("/claims", headers=bearer(pair["access_token"]))
        refresh(pair)
    checked, refreshed = caplog.messages
    assert checked.startswith("cannot check a token: store_unavailable, ")
    assert refreshed.startswith("cannot refresh a session: unavailable, ")


def test_a_refresh_while_the_store_is_away_spends_nothing(
    log_in: LogIn, refresh: Refresh, store: BreakableStore, clock: SettableClock
) -> None:
    pair = log_in()
    store.is_away = True
    assert refresh(pair).status_code == 503
    store.is_away = False
    clock.now += 60
    assert refresh(pair).status_code == 200


def test_a_store_that_is_back_needs_no_restart(
    client: FlaskClient, log_in: LogIn, store: BreakableStore
) -> None:
    pair = log_in()
    store.is_away = True
    client.get("/claims", headers=bearer(pair["access_token"]))
    store.is_away = False
    assert claims_of(client, pair)


def test_an_outage_locks_nobody_out_of_the_login_page(
    app: Flask, log_in: LogIn, store: BreakableStore
) -> None:
    app.add_url_rule("/page", view_func=lambda: str(g.claims))
    pair = log_in()
    store.is_away = True
    answer = app.test_client().get("/page", headers=bearer(pair["access_token"]))
    assert answer.text == "None"


def test_an_app_may_prefer_to_accept_access_tokens(
    make_app: MakeApp, store: BreakableStore
) -> None:
    app = make_app(TokenGuard(store=store), STORAGE_OUTAGE="accept")
    with app.app_context():
        pair = dict(issue_token_pair("alice"))
    store.is_away = True
    client = app.test_client()
    assert claims_of(client, pair)
    with (
        app.test_request_context(method="POST", data={"refresh_token": pair["refresh_token"]}),
        pytest.raises(Unavailable),
    ):
        refresh_token_pair()


def test_a_token_that_no_store_can_date_has_its_answer(app: Flask, store: BreakableStore) -> None:
    store.is_away = True
    with app.app_context(), pytest.raises(Unavailable) as caught:
        issue_token("alice")
    assert caught.value.response is not None
    assert caught.value.response.status_code == 503


# How long a token may live.


def test_no_access_token_outlives_what_the_store_remembers(app: Flask) -> None:
    with (
        app.app_context(),
        pytest.raises(IssueError, match=r"the store .* remembers"),
    ):
        issue_token("alice", lifetime=timedelta(days=367))


@pytest.mark.parametrize(("days", "status"), [(366, 200), (367, 401)])
def test_a_token_that_outlives_the_end_of_its_subject_is_refused(
    client: FlaskClient, secret: str, clock: SettableClock, days: int, status: int
) -> None:
    clock.now = int(clock.now) + 1
    claims = {"sub": "alice", "jti": "1", "iat": clock.now, "exp": clock.now + days * 86_400}
    token = signed(Key(secret.encode()), claims, {"alg": "HS256", "typ": "at+jwt"})
    assert client.get("/claims", headers=bearer(token)).status_code == status


def test_a_long_access_lifetime_is_remembered_for_as_long(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    lifetime = timedelta(days=500)
    app = make_app(guard, ACCESS_TOKEN_LIFETIME=lifetime)
    with app.app_context():
        token = issue_token("alice", lifetime=lifetime)
    assert app.test_client().get("/claims", headers=bearer(token)).status_code == 200


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("sid", None),
        ("sid", "x"),
        ("session_exp", None),
        ("session_exp", 9_999_999_999.5),
        ("access", 7),
    ],
)
def test_a_refresh_token_of_another_shape_is_refused(
    refresh: Refresh, log_in: LogIn, secret: str, claim: str, value: object
) -> None:
    claims = claims_in(log_in()) | {claim: value}
    token = refresh_token(
        secret, {name: claims[name] for name in claims if claims[name] is not None}
    )
    assert error_of(refresh({"refresh_token": token})) == (400, "invalid_grant")


@pytest.mark.parametrize("claim", ["session_exp", "auth_time"])
@pytest.mark.parametrize("value", NO_INSTANTS[:-2], ids=lambda value: str(value)[:20])
def test_a_refresh_token_with_a_strange_instant_is_refused(
    refresh: Refresh, log_in: LogIn, secret: str, claim: str, value: object
) -> None:
    token = refresh_token(secret, claims_in(log_in()) | {claim: value})
    assert error_of(refresh({"refresh_token": token})) == (400, "invalid_grant")


def test_a_login_of_long_ago_is_not_one_of_now(client: FlaskClient, log_in: LogIn) -> None:
    assert claims_of(client, log_in(auth_time=0)).get("auth_time") == 0
