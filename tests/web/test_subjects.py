"""A subject is an issuer and a name: another issuer's alice is not our alice."""

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    Claims,
    TokenGuard,
    current_user,
    end_all_sessions,
    end_session,
    issue_token,
    issue_token_pair,
    revoke_token,
    sessions_of,
    token_required,
)
from flask_tokenguard.jose.jwk import Key
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.testing import assert_challenge

from ..conftest import MakeApp
from ..support import SettableClock, bearer
from .conftest import ID, OTHER, Issue

PAGE = Path(__file__).parent.parent.parent / "docs" / "issuers.md"
PAGE_ISSUER = "https://id.example.com/"
Headers = dict[str, str]


@pytest.fixture(params=[None, "https://us.example"], ids=["no iss", "an iss"])
def ours(request: pytest.FixtureRequest) -> str | None:
    """The issuer that we are, with a name and without."""
    issuer: str | None = request.param
    return issuer


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    """A guard whose store is older than any token."""
    clock.now -= 10
    guard = TokenGuard(store=MemoryStore(clock=clock))
    clock.now += 20
    return guard


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard, entries: dict[str, Any], ours: str | None) -> Flask:
    """An app with the routes of docs/sessions.md, but that they let anybody in."""
    app = make_app(guard, ISSUERS=entries, ISSUER=ours)

    @app.get("/sessions")
    @token_required
    def sessions() -> Any:
        return [session.sid for session in sessions_of(g.claims)]

    @app.delete("/sessions/<sid>")
    @token_required
    def end(sid: str) -> str:
        return str(end_session(sid, subject=g.claims))

    @app.delete("/sessions")
    @token_required
    def end_all() -> str:
        end_all_sessions(g.claims)
        return "ended"

    @app.post("/login")
    @token_required(issuers=ID)
    def log_in() -> Any:
        return issue_token_pair(f"{g.claims.issuer}#{g.claims['sub']}")

    for name, issuers in {"own": "own", "both": ["own", ID], "theirs": ID}.items():
        app.add_url_rule(f"/{name}", name, token_required(issuers=issuers)(lambda: "served"))
    return app


@pytest.fixture
def alice(app: Flask) -> Headers:
    """The headers of our alice, who has a session."""
    with app.app_context():
        return bearer(issue_token_pair("alice")["access_token"])


@pytest.fixture
def other_alice(issue: Issue) -> Headers:
    """The headers of another issuer's alice."""
    return issue(ID)


def sids_of(client: FlaskClient, headers: Headers) -> list[str]:
    sids: list[str] = client.get("/sessions", headers=headers).get_json()
    return sids


# By their claims.


def test_our_alice_lists_and_ends_her_sessions(client: FlaskClient, alice: Headers) -> None:
    (sid,) = sids_of(client, alice)
    assert client.delete(f"/sessions/{sid}", headers=alice).text == "True"
    assert_challenge(client.get("/sessions", headers=alice), error="invalid_token")


def test_our_alice_ends_all_that_is_hers(
    client: FlaskClient, alice: Headers, other_alice: Headers
) -> None:
    assert client.delete("/sessions", headers=alice).text == "ended"
    assert_challenge(client.get("/claims", headers=alice), error="invalid_token")
    assert client.get("/claims", headers=other_alice).status_code == 200


def test_another_issuers_alice_lists_no_session_of_ours(
    client: FlaskClient, alice: Headers, other_alice: Headers
) -> None:
    assert len(sids_of(client, alice)) == 1
    assert sids_of(client, other_alice) == []


def test_another_issuers_alice_ends_no_session_of_ours(
    client: FlaskClient, alice: Headers, other_alice: Headers
) -> None:
    (sid,) = sids_of(client, alice)
    assert client.delete(f"/sessions/{sid}", headers=other_alice).text == "False"
    assert sids_of(client, alice) == [sid]


def test_another_issuers_alice_ends_her_own_tokens_alone(
    client: FlaskClient, alice: Headers, other_alice: Headers
) -> None:
    assert client.delete("/sessions", headers=other_alice).text == "ended"
    assert_challenge(client.get("/claims", headers=other_alice), error="invalid_token")
    assert client.get("/claims", headers=alice).status_code == 200


@pytest.mark.parametrize("sub", [None, "", 7, ["alice"]], ids=repr)
@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("DELETE", "/x")])
def test_a_token_without_a_subject_means_nobody(
    client: FlaskClient, issue: Issue, sub: object, method: str, path: str
) -> None:
    answer = client.open(f"/sessions{path}", method=method, headers=issue(OTHER, sub=sub))
    assert_challenge(answer, error="invalid_token")
    assert "no sub" in answer.get_json()["error_description"]


def test_a_name_is_revoked_with_the_issuer_of_its_claims(
    app: Flask, client: FlaskClient, other_alice: Headers
) -> None:
    claims = Claims(client.get("/claims", headers=other_alice).get_json())
    with app.app_context():
        revoke_token(jti=claims["jti"], subject=claims)
    assert_challenge(client.get("/claims", headers=other_alice), error="invalid_token")


def test_a_login_by_another_issuer_is_a_subject_of_its_own(
    client: FlaskClient, alice: Headers, other_alice: Headers
) -> None:
    hers = bearer(client.post("/login", headers=other_alice).get_json()["access_token"])
    assert client.get("/claims", headers=hers).get_json()["sub"] == f"{ID}#alice"
    assert set(sids_of(client, hers)).isdisjoint(sids_of(client, alice))
    assert client.delete("/sessions", headers=hers).text == "ended"
    assert client.get("/claims", headers=alice).status_code == 200


# By a text.

CALLS: dict[str, Callable[[str], object]] = {
    "sessions_of": sessions_of,
    "end_session": lambda text: end_session("x", subject=text),
    "end_all_sessions": end_all_sessions,
    "revoke_token": lambda text: revoke_token(jti="x", subject=text),
}
ISSUES: dict[str, Callable[[str], object]] = {
    "issue_token": issue_token,
    "issue_token_pair": issue_token_pair,
}


def served(app: Flask, headers: Headers, call: Callable[[], object]) -> TestResponse:
    """Make a call within a request; what it raises comes here."""
    app.add_url_rule("/call", "call", token_required(lambda: str(call())))
    app.testing = True
    return app.test_client().get("/call", headers=headers)


@pytest.mark.parametrize("name", CALLS)
def test_a_bare_text_from_a_foreign_token_is_refused(
    app: Flask, other_alice: Headers, name: str
) -> None:
    with pytest.raises(TypeError, match=r"sub of this request's token.*pass g\.claims"):
        served(app, other_alice, lambda: CALLS[name](g.claims["sub"]))


@pytest.mark.parametrize("name", ISSUES)
def test_a_bare_foreign_subject_gets_no_token_of_ours(
    app: Flask, other_alice: Headers, name: str
) -> None:
    with pytest.raises(TypeError, match=r'name both: f"\{g\.claims\.issuer\}#'):
        served(app, other_alice, lambda: ISSUES[name](g.claims["sub"]))


def test_a_bare_jti_from_a_foreign_token_is_refused(app: Flask, other_alice: Headers) -> None:
    with pytest.raises(TypeError, match=r"jti of this request's token.*pass g\.claims"):
        served(app, other_alice, lambda: revoke_token(jti=g.claims["jti"]))


@pytest.mark.parametrize("name", CALLS | ISSUES)
def test_another_text_is_ours_whatever_the_token(
    app: Flask, other_alice: Headers, name: str
) -> None:
    call = (CALLS | ISSUES)[name]
    assert served(app, other_alice, lambda: call("bob")).status_code == 200


@pytest.mark.parametrize("name", CALLS | ISSUES)
def test_a_text_from_a_token_of_ours_is_ours(app: Flask, alice: Headers, name: str) -> None:
    call = (CALLS | ISSUES)[name]
    assert served(app, alice, lambda: call(g.claims["sub"])).status_code == 200


@pytest.mark.parametrize(
    "call",
    [
        lambda: end_all_sessions("alice", issuer=ID),
        lambda: revoke_token(jti="1", issuer=ID),
        lambda: revoke_token(jti="1", subject="alice", issuer=ID),
    ],
)
def test_an_issuer_beside_a_text_names_its_owner(
    app: Flask, client: FlaskClient, alice: Headers, other_alice: Headers, call: Any
) -> None:
    assert served(app, other_alice, call).status_code == 200
    assert_challenge(client.get("/claims", headers=other_alice), error="invalid_token")
    assert client.get("/claims", headers=alice).status_code == 200


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda: end_all_sessions(g.claims, issuer=ID), "issuer= goes with a text"),
        (lambda: revoke_token(jti="1", subject=g.claims, issuer=ID), "issuer= goes with a text"),
        (lambda: revoke_token(g.claims, issuer=ID), "go with jti="),
        (lambda: revoke_token("a.b.c", subject="alice"), "go with jti="),
        (lambda: sessions_of(dict(g.claims)), "must be the Claims .* type dict"),  # type: ignore[arg-type] # refused
        (lambda: end_all_sessions(None), "must be the Claims .* type NoneType"),  # type: ignore[arg-type] # refused
    ],
)
def test_a_subject_of_another_kind_is_refused(
    app: Flask, alice: Headers, call: Any, fault: str
) -> None:
    with pytest.raises(TypeError, match=fault):
        served(app, alice, call)


def test_before_the_hook_a_text_is_not_from_the_token(app: Flask, other_alice: Headers) -> None:
    with app.test_request_context(headers=other_alice):
        assert sessions_of("alice") == []


# Whose token it is.


@pytest.mark.parametrize(
    ("path", "statuses"), [("own", [200, 403]), ("both", [200, 200]), ("theirs", [403, 200])]
)
def test_own_stands_for_us_among_issuers(
    client: FlaskClient, alice: Headers, other_alice: Headers, path: str, statuses: list[int]
) -> None:
    answers = [client.get(f"/{path}", headers=headers) for headers in (alice, other_alice)]
    assert [answer.status_code for answer in answers] == statuses


def test_an_issuer_that_calls_itself_own_is_not_us(
    make_app: MakeApp, entries: dict[str, Any], issue: Issue, private_keys: dict[str, PrivateKey]
) -> None:
    app = make_app(ISSUERS={"own": entries[ID]})
    app.add_url_rule("/own", "own", token_required(issuers="own")(lambda: "served"))
    headers = issue(ID, iss="own", key=Key(private_keys["ES256"]))
    assert app.test_client().get("/claims", headers=headers).status_code == 200
    assert_challenge(app.test_client().get("/own", headers=headers), error="insufficient_scope")


def test_a_token_knows_whether_it_is_ours_however_often_it_comes(
    app: Flask, guard: TokenGuard, alice: Headers, other_alice: Headers
) -> None:
    with app.app_context():
        for headers, is_own in ((alice, True), (other_alice, False)):
            token = headers["Authorization"].removeprefix("Bearer ")
            assert [guard.verify(token).is_own for _ in range(3)] == [is_own] * 3


@pytest.fixture
def asked(guard: TokenGuard) -> list[tuple[str | None, str | None]]:
    """Whose user a loader was asked for."""
    seen: list[tuple[str | None, str | None]] = []

    @guard.user_loader
    def load_user(claims: Claims) -> Claims:
        seen.append((claims.issuer, claims.subject))
        return claims

    return seen


def test_a_user_loader_can_tell_whose_alice_it_is(
    app: Flask, alice: Headers, other_alice: Headers, ours: str | None, asked: list[Any]
) -> None:
    app.add_url_rule("/me", "me", token_required(user=True)(lambda: "served"))
    for headers in (alice, other_alice):
        app.test_client().get("/me", headers=headers)
    assert asked == [(ours, "alice"), (ID, "alice")]


def test_a_user_loader_is_asked_for_ours_at_a_refresh(
    app: Flask, guard: TokenGuard, ours: str | None, asked: list[Any]
) -> None:
    app.register_blueprint(guard.token_endpoints())
    with app.app_context():
        token = issue_token_pair("alice")["refresh_token"]
    body = {"grant_type": "refresh_token", "refresh_token": token}
    assert app.test_client().post("/token", data=body).status_code == 200
    assert asked == [(ours, "alice")]


# As the page has it.


@pytest.fixture
def page(make_app: MakeApp, guard: TokenGuard, entries: dict[str, Any]) -> Flask:
    """The app of docs/issuers.md, whose users are known by issuer and subject."""
    app = make_app(guard, ISSUERS={PAGE_ISSUER: entries[ID]})
    names = {"app": app, "guard": guard, "g": g, "find_user": lambda **user: user}
    names |= {"token_required": token_required, "issue_token_pair": issue_token_pair}
    text = PAGE.read_text().partition("## Whose subject\n")[2].partition("\n## ")[0]
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(textwrap.dedent(block), names)  # noqa: S102 - it is what we test
    app.add_url_rule("/me", "me", token_required(lambda: dict(current_user)))
    return app


def test_the_page_logs_in_a_user_of_another_issuer(
    page: Flask, issue: Issue, private_keys: dict[str, PrivateKey]
) -> None:
    client, key = page.test_client(), Key(private_keys["ES256"])
    theirs = issue(ID, iss=PAGE_ISSUER, key=key)
    pair = client.post("/login-with-id", headers=theirs).get_json()
    users = [
        client.get("/me", headers=headers).get_json()
        for headers in (theirs, bearer(pair["access_token"]))
    ]
    assert users == [
        {"issuer": PAGE_ISSUER, "subject": "alice"},
        {"issuer": None, "subject": f"{PAGE_ISSUER}#alice"},
    ]
