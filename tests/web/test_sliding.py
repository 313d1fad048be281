"""Sliding sessions: a request refreshes the tokens in its cookies when they end."""

from functools import cache
from secrets import token_urlsafe
from typing import Any

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from flask_tokenguard import (
    ConfigurationError,
    InvalidToken,
    TokenGuard,
    Unavailable,
    csrf_token,
    current_token,
    end_session,
    g,
    issue_token,
    issue_token_pair,
    public,
    refresh_required,
    refresh_reused,
    refresh_token_pair,
    require_token,
    set_token_cookies,
    token_accepted,
    token_issued,
    token_rejected,
    token_required,
    unset_token_cookies,
)
from flask_tokenguard.sessions.rotation import Sessions
from flask_tokenguard.verify.claims import VerifiedToken

from ..conftest import MakeApp
from ..support import SettableClock, bearer
from .browser import (
    ACCESS,
    CSRF,
    HOST,
    NAMES,
    REFRESH,
    SAME,
    SETTINGS,
    cookie_of,
    get,
    post,
    value_of,
)
from .conftest import GuardApp
from .support import received

SLIDING = SETTINGS | {"SLIDING_SESSIONS": True}
LIFETIME = 900
QUARTER = LIFETIME * 3 // 4
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def with_views(app: Flask) -> Flask:
    """Add a login, a logout, and views that show who is there."""

    @app.post("/login")
    @app.post("/login/<int:persistent>")
    @public
    def login(persistent: int = 0) -> Any:
        return set_token_cookies(jsonify(), issue_token_pair("alice"), persistent=bool(persistent))

    @app.post("/logout")
    @public
    def logout() -> Any:
        end_session()
        return unset_token_cookies(jsonify())

    @app.route("/me", methods=["GET", "POST"])
    @token_required
    def me() -> Any:
        claims = require_token()
        return {"sub": claims.subject, "sid": claims["sid"], "where": current_token.location}

    @app.route("/open", methods=["GET", "POST"])
    @public
    def is_open() -> Any:
        return {"sub": None if g.claims is None else g.claims.subject}

    @app.post("/end")
    @public
    def end() -> Any:
        return str(end_session())

    @app.post("/refresh")
    @public
    def refresh() -> Any:
        return set_token_cookies(jsonify(), refresh_token_pair())

    @app.post("/demanded")
    @refresh_required
    def demanded() -> Any:
        return set_token_cookies(jsonify(), refresh_token_pair())

    @app.get("/shared")
    @public
    def shared() -> Any:
        return "", {"Cache-Control": "public, max-age=60"}

    app.add_url_rule("/form", "form", public(csrf_token))
    return app


@pytest.fixture
def app(make_app: MakeApp, clock: SettableClock) -> Flask:
    """An app whose sessions slide."""
    app = with_views(make_app(TokenGuard(clock=clock), **SLIDING))
    app.register_blueprint(app.extensions["guard"].token_endpoints(cookies=True))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that has logged in."""
    return signed_in(app)


def signed_in(app: Flask, path: str = "/login") -> FlaskClient:
    client = app.test_client()
    post(client, path)
    return client


def slid(response: TestResponse) -> bool:
    """Check whether an answer brings new tokens; it brings all or none."""
    cookies = [cookie.partition("=")[0] for cookie in response.headers.getlist("Set-Cookie")]
    assert cookies in ([], NAMES)
    return bool(cookies)


# When


@pytest.mark.parametrize(
    ("age", "slides"), [(0, False), (QUARTER - 1, False), (QUARTER, True), (LIFETIME, True)]
)
def test_a_request_in_the_last_quarter_or_later_slides(
    client: FlaskClient, clock: SettableClock, age: int, slides: bool
) -> None:
    clock.now = int(clock.now) + age
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (200, slides)


def test_a_request_without_an_access_cookie_slides(client: FlaskClient) -> None:
    client.delete_cookie(ACCESS, domain=HOST)
    response = get(client, "/me")
    assert response.get_json()["where"] == "cookie"
    assert slid(response)


def test_it_is_off_by_default(make_app: MakeApp, clock: SettableClock) -> None:
    client = signed_in(with_views(make_app(TokenGuard(clock=clock), **SETTINGS)))
    clock.now += LIFETIME
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (401, False)


def test_a_session_goes_on_as_the_same_one(client: FlaskClient, clock: SettableClock) -> None:
    before, csrf = get(client, "/me").get_json(), value_of(client, CSRF)
    old = {value_of(client, name) for name in (ACCESS, REFRESH)}
    clock.now += LIFETIME
    assert get(client, "/me").get_json() == before
    assert value_of(client, CSRF) == csrf
    assert not old & {value_of(client, name) for name in (ACCESS, REFRESH)}


def test_an_open_view_knows_who_came(client: FlaskClient, clock: SettableClock) -> None:
    clock.now += LIFETIME
    assert get(client, "/open").get_json() == {"sub": "alice"}


def test_a_session_that_lived_too_long_unused_is_over(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += 31 * 86400
    response = get(client, "/me")
    assert (response.status_code, response.get_json()["error"]) == (401, "invalid_token")
    assert not slid(response)


def test_cookies_that_outlive_the_browser_go_on_doing_so(app: Flask, clock: SettableClock) -> None:
    client = signed_in(app, "/login/1")
    clock.now += LIFETIME
    assert slid(get(client, "/me"))
    cookie = cookie_of(client, REFRESH)
    assert cookie is not None
    assert cookie.max_age == 30 * 86400


def test_an_answer_with_new_tokens_is_stored_nowhere(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += QUARTER
    response = get(client, "/shared")
    assert slid(response)
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in response.vary
    assert get(client, "/shared").cache_control.public


# Which requests


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_request_slides_from_everywhere(
    client: FlaskClient, clock: SettableClock, method: str, age: int
) -> None:
    clock.now += age
    response = client.open("/me", method=method, base_url=f"https://{HOST}", headers=FOREIGN)
    assert slid(response)


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_an_unsafe_request_slides_if_it_passes_the_check(
    client: FlaskClient, clock: SettableClock, age: int
) -> None:
    clock.now += age
    response = post(client, "/me")
    assert (response.status_code, slid(response)) == (200, True)


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_another_site_s_form_makes_nothing_slide(
    client: FlaskClient, clock: SettableClock, age: int
) -> None:
    clock.now += age
    refused, passed = (post(client, path, headers=FOREIGN) for path in ("/me", "/open"))
    assert (refused.status_code, refused.get_json()["error"]) == (403, "cross_site")
    assert passed.get_json() == {"sub": None}
    assert not slid(refused)
    assert not slid(passed)
    # Nothing was spent.
    assert slid(get(client, "/me"))


def test_a_script_slides_with_the_claim_of_its_cookie(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += LIFETIME
    assert post(client, "/me", headers={}).status_code == 403
    response = post(client, "/me", headers={"X-CSRF-Token": value_of(client, CSRF)})
    assert (response.status_code, slid(response)) == (200, True)


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
@pytest.mark.parametrize("path", ["/static/app.css", "/nowhere", "/.well-known/jwks.json"])
def test_what_is_no_page_makes_nothing_slide(
    client: FlaskClient, clock: SettableClock, path: str, age: int
) -> None:
    clock.now += age
    assert not slid(get(client, path))


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_a_handshake_slides_not_since_it_sets_no_cookies(
    client: FlaskClient, clock: SettableClock, age: int
) -> None:
    clock.now += age
    response = get(client, "/open", headers=SAME | {"Upgrade": "websocket"})
    assert not slid(response)


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_a_bearer_header_makes_nothing_slide(
    app: Flask, client: FlaskClient, clock: SettableClock, age: int
) -> None:
    with app.app_context():
        headers = bearer(issue_token("bob"))
    clock.now += age
    assert not slid(get(client, "/open", headers=headers))


def test_a_revoked_access_cookie_is_not_replaced(app: Flask, client: FlaskClient) -> None:
    app.extensions["guard"].revoke_token(value_of(client, ACCESS))
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (401, False)


def test_garbage_in_the_access_cookie_is_not_replaced(client: FlaskClient) -> None:
    client.set_cookie(ACCESS, "garbage", domain=HOST, secure=True)
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (401, False)


@pytest.mark.parametrize("value", ["garbage", ""])
def test_a_bad_refresh_cookie_leaves_the_request_as_it_is(
    client: FlaskClient, clock: SettableClock, value: str
) -> None:
    client.set_cookie(REFRESH, value, domain=HOST, secure=True)
    clock.now += QUARTER
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (200, False)
    clock.now += LIFETIME
    assert get(client, "/me").get_json()["error_description"] == "The token has expired (exp)"


def test_two_refresh_cookies_are_none(client: FlaskClient) -> None:
    cookies = f"{REFRESH}={value_of(client, REFRESH)}; {REFRESH}=other"
    client.delete_cookie(ACCESS, domain=HOST)
    response = client.get("/me", headers={"Cookie": cookies})
    assert (response.status_code, slid(response)) == (401, False)


def test_a_token_is_not_changed_for_that_of_another_session(
    app: Flask, client: FlaskClient, clock: SettableClock
) -> None:
    other = signed_in(app)
    client.set_cookie(REFRESH, value_of(other, REFRESH), domain=HOST, secure=True)
    clock.now += QUARTER
    assert not slid(get(client, "/me"))
    client.delete_cookie(REFRESH, domain=HOST)
    assert not slid(get(client, "/me"))


def test_a_foreign_issuer_s_token_in_the_cookie_stays(
    make_app: MakeApp, issue: Any, entries: dict[str, Any], clock: SettableClock
) -> None:
    app = with_views(make_app(TokenGuard(clock=clock), ISSUERS=entries, **SLIDING))
    client = signed_in(app)
    # The store is younger than a token of this very second.
    token = issue(iat=int(clock.now) + 1)["Authorization"].removeprefix("Bearer ")
    client.set_cookie(ACCESS, token, domain=HOST, secure=True)
    clock.now += 50
    assert get(client, "/open").get_json() == {"sub": "alice"}
    assert not slid(get(client, "/open"))


@pytest.mark.parametrize("options", [{"json": {"access_token": "x"}}, {"data": {"a": "b"}}])
def test_a_body_that_may_hold_a_token_waits_for_its_view(
    make_app: MakeApp, options: dict[str, Any]
) -> None:
    app = with_views(make_app(**SLIDING | {"TOKEN_LOCATIONS": ["cookie", "form", "json"]}))
    client = signed_in(app)
    client.delete_cookie(ACCESS, domain=HOST)
    assert not slid(post(client, "/open", **options))
    assert slid(post(client, "/open"))


# What else the request does


def test_a_logout_with_an_ended_token_leaves_no_cookies(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += LIFETIME
    refresh = value_of(client, REFRESH)
    post(client, "/logout")
    assert [cookie_of(client, name) for name in NAMES] == [None] * 3
    client.set_cookie(REFRESH, refresh, domain=HOST, secure=True)
    assert get(client, "/me").status_code == 401


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_a_session_that_the_view_ends_gets_no_cookies(
    client: FlaskClient, clock: SettableClock, age: int
) -> None:
    clock.now += age
    assert not slid(post(client, "/end"))


def test_a_login_beside_an_ended_token_sets_its_own_cookies(
    client: FlaskClient, clock: SettableClock
) -> None:
    before = get(client, "/me").get_json()["sid"]
    clock.now += LIFETIME
    assert slid(post(client, "/login"))
    assert get(client, "/me").get_json()["sid"] != before


@pytest.mark.parametrize("path", ["/refresh", "/demanded"])
def test_a_view_that_refreshes_itself_gets_the_same_successor(
    client: FlaskClient, clock: SettableClock, path: str
) -> None:
    clock.now += LIFETIME
    assert post(client, path).status_code == 200
    assert get(client, "/me").status_code == 200


def test_the_endpoints_refresh_once(app: Flask, client: FlaskClient, clock: SettableClock) -> None:
    clock.now += LIFETIME
    with received(token_issued, app) as issued:
        assert slid(post(client, "/token"))
    assert len(issued) == 1


def test_a_page_s_template_gets_the_claim_of_the_new_pair(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += LIFETIME
    assert get(client, "/form").text == value_of(client, CSRF)


def test_what_is_accepted_is_announced_and_nothing_refused(
    app: Flask, client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += LIFETIME
    with received(token_accepted, app) as accepted, received(token_rejected, app) as rejected:
        get(client, "/me")
    assert (len(accepted), rejected) == (1, [])


def test_an_app_s_own_rule_refuses_the_new_token_too(
    make_app: MakeApp, clock: SettableClock
) -> None:
    def refuse(token: VerifiedToken) -> None:
        if token.claims.subject in banned:
            raise InvalidToken("Banned")

    banned: set[str] = set()
    guard = TokenGuard(clock=clock, validators=[refuse])
    client = signed_in(with_views(make_app(guard, **SLIDING)))
    banned.add("alice")
    clock.now += LIFETIME
    assert get(client, "/me").get_json()["error_description"] == "Banned"


def test_a_user_who_is_gone_slides_no_more(
    app: Flask, client: FlaskClient, clock: SettableClock
) -> None:
    users = {"alice": "Alice"}

    guard: TokenGuard = app.extensions["guard"]
    guard.user_loader(lambda claims: users.get(str(claims.subject)))
    clock.now += QUARTER
    assert slid(get(client, "/me"))
    users.clear()
    clock.now += LIFETIME
    response = get(client, "/me")
    assert (response.status_code, slid(response)) == (401, False)


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_without_rotation_the_refresh_cookie_stays(
    make_app: MakeApp, clock: SettableClock, age: int
) -> None:
    settings = SLIDING | {"REFRESH_ROTATION": "off", "REFRESH_GRACE": 0}
    client = signed_in(with_views(make_app(TokenGuard(clock=clock), **settings)), "/login/1")
    refresh = value_of(client, REFRESH)
    for _ in range(2):
        clock.now += age
        cookies = get(client, "/me").headers.getlist("Set-Cookie")
        assert [cookie.partition("=")[0] for cookie in cookies] == [ACCESS, CSRF]
    assert value_of(client, REFRESH) == refresh
    # What a script sends back is there as long as the session.
    csrf = cookie_of(client, CSRF)
    assert csrf is not None
    assert csrf.max_age == 30 * 86400 - 2 * age


# Lost answers, reuse and outages


def test_an_answer_that_was_lost_is_made_good_within_the_grace(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += LIFETIME
    spent, tokens = value_of(client, REFRESH), []
    for _ in range(2):
        client.delete_cookie(ACCESS, domain=HOST)
        client.set_cookie(REFRESH, spent, domain=HOST, secure=True)
        assert slid(get(client, "/me"))
        tokens.append(value_of(client, REFRESH))
    assert tokens[0] == tokens[1]
    clock.now += LIFETIME
    assert slid(get(client, "/me"))


def test_a_refresh_cookie_after_the_grace_ends_the_session(
    app: Flask, client: FlaskClient, clock: SettableClock
) -> None:
    spent = value_of(client, REFRESH)
    clock.now += LIFETIME
    get(client, "/me")
    # The store's clock is another one.
    app.extensions["tokenguard"].store._clock = lambda: clock.now + 11
    thief = app.test_client()
    thief.set_cookie(REFRESH, spent, domain=HOST, secure=True)
    with received(refresh_reused, app) as reused:
        assert get(thief, "/me").status_code == 401
    assert [signal["subject"] for signal in reused] == ["alice"]
    assert get(client, "/me").status_code == 401


def out_of_reach(*_: object, **__: object) -> Any:
    raise Unavailable("The store is away")


@pytest.mark.parametrize(("age", "status"), [(QUARTER, 200), (LIFETIME, 503)])
def test_an_outage_stops_whose_token_has_ended_alone(
    client: FlaskClient,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    age: int,
    status: int,
) -> None:
    monkeypatch.setattr(Sessions, "rotate", out_of_reach)
    clock.now += age
    refused, passed = get(client, "/me"), get(client, "/open")
    assert (refused.status_code, passed.status_code) == (status, 200)
    assert not slid(refused)
    assert not slid(passed)


def test_tokens_are_sent_if_their_end_is_not_known(
    client: FlaskClient, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sessions, "is_alive", out_of_reach)
    clock.now += LIFETIME
    assert slid(get(client, "/me"))


@pytest.mark.parametrize("age", [QUARTER, LIFETIME])
def test_a_pair_that_fits_no_cookie_is_logged_and_nothing_spent(
    app: Flask,
    client: FlaskClient,
    clock: SettableClock,
    caplog: pytest.LogCaptureFixture,
    age: int,
) -> None:
    extra: dict[str, str] = {"big": "x" * 4000}

    guard: TokenGuard = app.extensions["guard"]
    guard.default_claims(lambda _: extra)
    clock.now += age
    assert not slid(get(client, "/open"))
    assert "a session cannot slide: the cookie __Host-access_token would have" in caplog.text
    extra.clear()
    assert slid(get(client, "/me"))


@given(
    cookies=st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n\0")),
        )
    ),
    site=st.sampled_from(["same-origin", "cross-site", "x", ""]),
)
def test_whatever_the_cookies_hold_the_answer_is_no_error(
    cookies: list[tuple[str, str]], site: str
) -> None:
    header = "; ".join(f"{name}={value}" for name, value in cookies)
    headers = {"Cookie": header, "Sec-Fetch-Site": site}
    answer = rubbish_app().test_client(use_cookies=False).post("/me", headers=headers)
    assert answer.status_code in (400, 401, 403)
    assert not slid(answer)


@cache
def rubbish_app() -> Flask:
    """Make one app for all examples."""
    app = Flask(__name__)
    settings = SLIDING | {"KEY": token_urlsafe(64)}
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    TokenGuard(app)
    return with_views(app)


# Settings


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"TOKEN_LOCATIONS": ["header"]}, "cookie in TOKENGUARD_TOKEN_LOCATIONS"),
        ({"STORAGE_URI": None}, "a store: set TOKENGUARD_STORAGE_URI"),
        ({"KEY": "ES256"}, "a private key, or a secret, to sign with"),
        ({"REFRESH_GRACE": 0}, "TOKENGUARD_REFRESH_GRACE of at least a second"),
    ],
)
def test_what_sliding_needs_is_a_fault_at_start_up(
    make_app: MakeApp, public_pems: dict[str, str], changed: dict[str, Any], fault: str
) -> None:
    if "KEY" in changed:
        changed = {"KEY": public_pems[changed["KEY"]]}
    with pytest.raises(ConfigurationError) as raised:
        make_app(**SLIDING | changed)
    (found,) = raised.value.faults
    assert found.startswith(f"TOKENGUARD_SLIDING_SESSIONS needs {fault}")


def test_an_app_without_a_request_s_hook_sends_its_answers(guard_app: GuardApp) -> None:
    app = guard_app(Flask(__name__), **SLIDING)
    app.before_request_funcs[None].insert(0, lambda: "early")
    assert app.test_client().get("/").text == "early"


def test_a_view_slides_only_by_a_cookie_that_it_names(
    make_app: MakeApp, clock: SettableClock
) -> None:
    app = with_views(make_app(TokenGuard(clock=clock), **SLIDING))
    for kind in ("cookie", "header"):
        app.add_url_rule(f"/by/{kind}", kind, token_required(locations=[kind])(lambda: ""))
    client = signed_in(app)
    clock.now += LIFETIME
    answers = [get(client, f"/by/{kind}") for kind in ("header", "cookie")]
    assert [(answer.status_code, slid(answer)) for answer in answers] == [(401, False), (200, True)]
