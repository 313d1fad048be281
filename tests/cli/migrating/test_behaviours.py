"""Each row on a behaviour holds: of the real flask-jwt-extended, and of ours."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask, g, jsonify
from flask_jwt_extended import jwt_required, set_access_cookies
from flask_restful import Api, Resource

from flask_tokenguard import (
    IssueError,
    TokenGuard,
    Unavailable,
    end_all_sessions,
    end_session,
    issue_token_pair,
    refresh_required,
    refresh_token_pair,
    set_token_cookies,
    token_required,
)
from flask_tokenguard.cli.migrating.behaviours import BEHAVIOURS

from ...support import bearer
from ...web.former import FormerApp

SECRET = "jR4vX0s9mQ2wL7tB1nK8yF3dH6pC5zGa"
Apps = Callable[..., tuple[FormerApp, Flask]]
_shown: list[str] = []


def shows(row: str) -> Callable[[Any], Any]:
    """Note of which row a test is."""
    _shown.append(row)
    return lambda test: test


@pytest.fixture
def apps() -> Apps:
    """Make an app as it was, and the same with ours; both read the header and the query."""

    def make(guard: TokenGuard | None = None, **settings: Any) -> tuple[FormerApp, Flask]:
        old = FormerApp(SECRET, TOKEN_LOCATION=["headers", "query_string"])
        old.app.add_url_rule("/open", "open", lambda: {"sub": "nobody looks"})
        new = Flask("new")
        settings = {
            "KEY": SECRET,
            "TOKEN_LOCATIONS": ["header", "query"],
            "FORMER_TOKENS": {
                "profile": "flask-jwt-extended",
                "key": SECRET,
                "until": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400)),
            },
        } | settings
        new.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
        guard = guard or TokenGuard()
        guard.init_app(new)
        new.extensions["guard"] = guard
        new.add_url_rule("/claims", "claims", token_required(lambda: dict(g.claims or {})))
        new.add_url_rule("/open", "open", lambda: dict(g.claims or {}))
        return old, new

    return make


def ask(apps: tuple[FormerApp, Flask], path: str = "/claims", **request: Any) -> list[Any]:
    """Send both the same, and return both answers."""
    old, new = apps
    return [app.test_client().open(path, **request) for app in (old.app, new)]


def statuses(apps: tuple[FormerApp, Flask], path: str = "/claims", **request: Any) -> list[int]:
    return [answer.status_code for answer in ask(apps, path, **request)]


def own(app: Flask, **options: Any) -> str:
    guard: TokenGuard = app.extensions["guard"]
    return guard.issue_token("alice", **options)


@shows("A bad token is a 422, an expired one a 401")
def test_a_bad_token_is_a_401_as_an_expired_one(apps: Apps) -> None:
    both = apps()
    stale = both[0].access(expires_delta=timedelta(seconds=-60))
    assert statuses(both, headers=bearer("a.b.c")) == [422, 401]
    assert statuses(both, headers=bearer(stale)) == [401, 401]


@shows("A missing token is a 401 without a challenge")
def test_a_missing_token_is_answered_with_a_challenge(apps: Apps) -> None:
    answers = ask(apps())
    assert [answer.status_code for answer in answers] == [401, 401]
    assert ["WWW-Authenticate" in answer.headers for answer in answers] == [False, True]


@shows("A malformed `Authorization: Bearer` is a 422")
def test_a_malformed_header_is_a_400(apps: Apps) -> None:
    assert statuses(apps(), headers={"Authorization": "Bearer"}) == [422, 400]


@shows("`bearer` in small letters is no token")
def test_a_scheme_counts_in_any_case(apps: Apps) -> None:
    both = apps()
    headers = {"Authorization": f"bearer {both[0].access()}"}
    assert statuses(both, headers=headers) == [401, 200]


@shows("Of tokens in two places the first one counts")
def test_two_tokens_are_a_400(apps: Apps) -> None:
    both = apps()
    token = both[0].access()
    query = {"jwt": token, "access_token": token}
    assert statuses(both, headers=bearer(token), query_string=query) == [200, 400]


@shows("An endpoint without a decorator never looks at a token")
def test_an_open_route_has_the_claims_of_a_good_token(apps: Apps) -> None:
    both = apps()
    old, new = ask(both, "/open", headers=bearer(both[0].access()))
    assert (old.get_json()["sub"], new.get_json()["sub"]) == ("nobody looks", "alice")
    assert statuses(both, "/open", headers=bearer("a.b.c")) == [200, 200]


@shows("An access token differs from a refresh token by the claim `type`")
def test_the_header_states_the_kind_of_a_token(apps: Apps) -> None:
    _, new = apps(STORAGE_URI="memory://")
    with new.app_context():
        pair = issue_token_pair("alice")
    types = [
        pyjwt.get_unverified_header(pair[kind])["typ"] for kind in ("access_token", "refresh_token")
    ]
    assert types == ["at+jwt", "rt+jwt"]


@shows("A token without `type` is an access token")
def test_a_reset_link_is_no_token(apps: Apps) -> None:
    both = apps()
    claims = {"sub": "alice", "exp": int(time.time()) + 60}
    link = pyjwt.encode(claims, SECRET, algorithm="HS256")
    assert statuses(both, headers=bearer(link)) == [200, 401]


@shows("A token may live for ever")
def test_a_token_without_an_end_is_refused(apps: Apps) -> None:
    both = apps()
    assert statuses(both, headers=bearer(both[0].access(expires_delta=False))) == [200, 401]


@shows("A refresh token gives access tokens until it expires")
@pytest.mark.parametrize(("rotation", "second"), [("on", 400), ("off", 200)])
def test_a_refresh_token_is_spent_unless_it_is_kept(apps: Apps, rotation: str, second: int) -> None:
    both = apps(STORAGE_URI="memory://", REFRESH_ROTATION=rotation, REFRESH_GRACE=0)
    with both[1].app_context():
        token = issue_token_pair("alice")["refresh_token"]
    both[1].add_url_rule(
        "/refresh", "refresh", refresh_required(lambda: dict(refresh_token_pair()))
    )
    headers, client = bearer(token), both[1].test_client()
    assert [client.get("/refresh", headers=headers).status_code for _ in "12"] == [200, second]


@shows("A refresh token goes in the header")
def test_a_refresh_token_goes_in_the_body_too(apps: Apps) -> None:
    both = apps(STORAGE_URI="memory://", REFRESH_ROTATION="off")
    view = refresh_required(lambda: dict(refresh_token_pair()))
    both[1].add_url_rule("/refresh", "refresh", view, methods=["POST"])
    with both[1].app_context():
        token = issue_token_pair("alice")["refresh_token"]
    client = both[1].test_client()
    assert client.post("/refresh", headers=bearer(token)).status_code == 200
    assert client.post("/refresh", json={"refresh_token": token}).status_code == 200
    refresh = both[0].refresh()
    assert both[0].accepts(refresh, "/refresh")


@shows("A logout puts a `jti` into a list of the app's own")
@shows("A change of the password logs nobody out")
@pytest.mark.parametrize("ends", [end_session, lambda: end_all_sessions("alice")])
def test_a_logout_ends_both_tokens(apps: Apps, ends: Callable[[], Any]) -> None:
    _, new = apps(STORAGE_URI="memory://")
    new.add_url_rule("/out", "out", token_required(lambda: {"ended": ends()}))
    with new.app_context():
        pair = issue_token_pair("alice")
    client, headers = new.test_client(), bearer(pair["access_token"])
    assert [client.get(path, headers=headers).status_code for path in ("/out", "/out")] == [
        200,
        401,
    ]
    with new.app_context(), pytest.raises(Exception, match="session"):
        refresh_token_pair(token=pair["refresh_token"])


@shows("Cookies are set and deleted at anybody's request")
def test_cookies_are_not_set_for_another_site(apps: Apps) -> None:
    _, new = both = apps(TOKEN_LOCATIONS=["cookie"])
    token = both[0].access()
    both[0].app.config["JWT_TOKEN_LOCATION"] = ["cookies"]

    def set_theirs() -> Any:
        response = jsonify()
        set_access_cookies(response, token)
        return response

    def set_ours() -> Any:
        return set_token_cookies(jsonify(), {"access_token": own(new)})

    for app, view in ((both[0].app, set_theirs), (new, set_ours)):
        app.add_url_rule("/in", "in", view, methods=["POST"])
    headers = {"Origin": "https://evil.example"}
    assert statuses(both, "/in", method="POST", headers=headers) == [200, 403]


@shows("A claim of the app may replace `sub`, `exp`, `type`")
def test_a_claim_replaces_no_registered_one(apps: Apps) -> None:
    old, new = apps()
    token = old.access("alice", additional_claims={"sub": "eve"})
    assert old.app.test_client().get("/claims", headers=bearer(token)).get_json()["sub"] == "eve"
    with pytest.raises(IssueError, match="sub is reserved"):
        own(new, claims={"sub": "eve"})


@shows("OPTIONS is let through on a guarded view")
def test_options_needs_a_token_unless_it_is_a_preflight(apps: Apps) -> None:
    old, new = apps()
    for app, guarded in ((old.app, jwt_required()), (new, token_required)):
        app.add_url_rule("/o", "o", guarded(lambda: "served"), methods=["OPTIONS"])
    assert statuses((old, new), "/o", method="OPTIONS") == [200, 401]
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "OPTIONS"}
    answers = ask((old, new), "/o", method="OPTIONS", headers=preflight)
    assert [answer.text for answer in answers] == ["served", ""]


@shows("The config is read at each request")
def test_the_config_is_read_once(apps: Apps) -> None:
    both = apps()
    token = both[0].access()
    both[0].app.config["JWT_TOKEN_LOCATION"] = ["cookies"]
    both[1].config["TOKENGUARD_TOKEN_LOCATIONS"] = ["query"]
    assert statuses(both, headers=bearer(token)) == [401, 200]


@shows("flask-restful makes a 500 of a refusal")
def test_a_refusal_is_the_same_under_flask_restful(
    apps: Apps, caplog: pytest.LogCaptureFixture
) -> None:
    def served(_: Any) -> str:
        return "served"

    old, new = apps()
    for app, guarded in ((old.app, jwt_required()), (new, token_required)):
        view = type("View", (Resource,), {"get": guarded(served)})
        Api(app).add_resource(view, "/restful")
    caplog.clear()
    assert statuses((old, new), "/restful") == [500, 401]


@shows("The blocklist is down: the exception is a 500")
def test_an_outage_is_no_fault_of_the_token(apps: Apps, caplog: pytest.LogCaptureFixture) -> None:
    guard = TokenGuard()

    @guard.former_token_revoked
    def is_revoked(_: Any) -> bool:
        raise Unavailable

    old, new = apps(guard)

    def fails(*_: Any) -> bool:
        raise ConnectionError

    old.app.extensions["flask-jwt-extended"].token_in_blocklist_loader(fails)
    assert statuses((old, new), headers=bearer(old.access())) == [500, 503]
    assert caplog.records


def test_each_row_on_a_behaviour_was_shown() -> None:
    assert set(_shown) == set(BEHAVIOURS)
