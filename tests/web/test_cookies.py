"""Tokens in cookies: how they are set, found and deleted."""

import secrets
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, jsonify, render_template_string
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard import (
    ConfigurationError,
    IssueError,
    TokenGuard,
    TokenResponse,
    Unavailable,
    csrf_token,
    current_token,
    end_session,
    issue_token,
    issue_token_pair,
    refresh_required,
    refresh_token_pair,
    require_token,
    sessions_of,
    set_token_cookies,
    token_required,
    unset_token_cookies,
)
from flask_tokenguard.sessions.rotation import Sessions
from flask_tokenguard.testing import assert_challenge

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
from .conftest import GuardApp, Sign
from .support import BAD, MALFORMED, View, new_view, refusal_of


def with_views(app: Flask) -> Flask:
    """Add a login, a logout, a refresh and a guarded view."""

    @app.post("/login")
    @app.post("/login/<int:persistent>")
    def login(persistent: int = 0) -> Any:
        pair = issue_token_pair("alice", scope="a b")
        response = set_token_cookies(jsonify(), pair, persistent=bool(persistent))
        response.set_data(csrf_token())
        return response

    @app.post("/logout")
    def logout() -> Any:
        end_session()
        response = unset_token_cookies(jsonify())
        response.set_data(csrf_token())
        return response

    @app.post("/refresh")
    def refresh() -> Any:
        return set_token_cookies(jsonify(), refresh_token_pair())

    @app.post("/demanded")
    @refresh_required
    def demanded() -> Any:
        return set_token_cookies(jsonify(), refresh_token_pair())

    @app.route("/where", methods=["GET", "POST"])
    @token_required
    def where() -> Any:
        return {"where": current_token.location, "sub": require_token().subject}

    @app.post("/required")
    def required() -> Any:
        return require_token().subject

    @app.get("/cached")
    @token_required
    def cached() -> Any:
        return "", {"Cache-Control": "private, max-age=60", "Vary": "Accept"}

    @app.get("/form")
    def form() -> str:
        return render_template_string("{{ csrf_token() }}")

    return app


@pytest.fixture
def app(make_app: MakeApp, clock: SettableClock) -> Flask:
    """An app whose tokens are in cookies, with the endpoints for them."""
    app = with_views(make_app(TokenGuard(clock=clock), **SETTINGS))
    app.register_blueprint(app.extensions["guard"].token_endpoints(lambda: "here", cookies=True))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that has logged in."""
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    post(client, "/login")
    return client


def attributes_of(response: TestResponse) -> dict[str, set[str]]:
    """Read the attributes of each cookie that an answer sets."""
    found = {}
    for cookie in response.headers.getlist("Set-Cookie"):
        pair, *attributes = cookie.split("; ")
        found[pair.partition("=")[0]] = set(attributes)
    return found


# What a browser is sent


def test_cookies_are_safe_by_default(app: Flask) -> None:
    response = post(app.test_client(), "/login")
    common = {"Secure", "Path=/", "SameSite=Lax"}
    assert attributes_of(response) == {
        ACCESS: common | {"HttpOnly"},
        REFRESH: common | {"HttpOnly"},
        CSRF: common,
    }


def test_persistent_cookies_live_as_long_as_the_session_unused(app: Flask) -> None:
    attributes = attributes_of(post(app.test_client(), "/login/1"))
    assert [f"Max-Age={30 * 86400}" in attributes[name] for name in NAMES] == [True] * 3


def test_the_attributes_are_those_of_the_settings(make_app: MakeApp) -> None:
    settings = {"PATH": "/app", "DOMAIN": HOST, "SAMESITE": "None", "PARTITIONED": True}
    names = {"ACCESS_NAME": "a", "REFRESH_NAME": "__Secure-r", "CSRF_NAME": "c"}
    cookies = {f"COOKIE_{name}": value for name, value in (settings | names).items()}
    response = post(with_views(make_app(**SETTINGS, **cookies)).test_client(), "/login")
    common = {"Secure", "Path=/app", f"Domain={HOST}", "SameSite=None", "Partitioned"}
    assert attributes_of(response) == {
        "a": common | {"HttpOnly"},
        "__Secure-r": common | {"HttpOnly"},
        "c": common,
    }


def test_the_switch_drops_secure_and_the_prefixes(guard_app: GuardApp) -> None:
    app = Flask(__name__)
    app.debug = True
    with_views(guard_app(app, **SETTINGS, COOKIE_INSECURE=True))
    client = app.test_client()
    response = client.post("/login", headers=SAME)
    names = {name.removeprefix("__Host-") for name in NAMES}
    assert attributes_of(response).keys() == names
    assert all("Secure" not in attributes for attributes in attributes_of(response).values())
    assert client.get("/where").get_json()["where"] == "cookie"


def test_the_switch_stops_where_debug_mode_does(guard_app: GuardApp) -> None:
    app = Flask(__name__)
    app.debug = True
    with_views(guard_app(app, **SETTINGS, COOKIE_INSECURE=True))
    app.debug = False
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ConfigurationError, match="TOKENGUARD_COOKIE_INSECURE"):
        app.test_client().post("/login", headers=SAME)


def test_the_readable_cookie_holds_the_claim_of_both_tokens(
    app: Flask, client: FlaskClient
) -> None:
    guard = app.extensions["guard"]
    access = guard.verify(value_of(client, ACCESS)).claims
    parts = app.extensions["tokenguard"]
    refresh = parts.sessions.verify(value_of(client, REFRESH)).claims
    assert value_of(client, CSRF) == access["csrf"] == refresh["csrf"]
    assert len(access["csrf"]) == 22


def test_no_token_has_the_claim_without_cookies(make_app: MakeApp) -> None:
    app = make_app(STORAGE_URI="memory://")
    with app.app_context():
        tokens = [issue_token("alice"), issue_token_pair("alice")["access_token"]]
    claims = [app.extensions["guard"].verify(token).claims for token in tokens]
    assert ["csrf" in of for of in claims] == [False, False]


def test_an_access_token_alone_has_the_claim(app: Flask) -> None:
    with app.app_context():
        token = issue_token("alice")
    assert app.extensions["guard"].verify(token).claims["csrf"]


def test_an_answer_sets_each_cookie_once(app: Flask) -> None:
    @app.post("/twice")
    def twice() -> Any:
        response = unset_token_cookies(jsonify())
        response.set_cookie("theme", "dark")
        pair = issue_token_pair("alice")
        return set_token_cookies(set_token_cookies(response, pair), pair)

    cookies = post(app.test_client(), "/twice").headers.getlist("Set-Cookie")
    assert sorted(cookie.partition("=")[0] for cookie in cookies) == sorted([*NAMES, "theme"])


def test_a_guard_sets_cookies_without_a_request(app: Flask) -> None:
    guard: TokenGuard = app.extensions["guard"]
    response = app.response_class()
    guard.set_token_cookies(response, guard.issue_token_pair("alice"))
    assert len(response.headers.getlist("Set-Cookie")) == 3
    assert guard.unset_token_cookies(response) is response
    only: TokenResponse = {"access_token": guard.issue_token_pair("alice")["access_token"]}
    cookies = guard.set_token_cookies(app.response_class(), only).headers.getlist("Set-Cookie")
    assert len(cookies) == 2


# An access token without a session


def test_an_access_token_goes_alone(make_app: MakeApp, clock: SettableClock) -> None:
    app = with_views(make_app(TokenGuard(clock=clock), TOKEN_LOCATIONS=["cookie"]))

    @app.post("/alone")
    def alone() -> Any:
        return set_token_cookies(jsonify(), {"access_token": issue_token("alice")}, persistent=True)

    client = app.test_client()
    response = post(client, "/alone")
    attributes = attributes_of(response)
    assert ["Max-Age=900" in attributes[ACCESS], "Max-Age=0" in attributes[REFRESH]] == [True] * 2
    assert get(client, "/where").get_json()["sub"] == "alice"
    # Neither is there a refresh token to look at, where the first has expired.
    client.set_cookie(REFRESH, "x", domain=HOST)
    client.delete_cookie(ACCESS, domain=HOST)
    assert post(client, "/alone", headers={}).status_code == 200


def test_a_session_keeps_a_refresh_cookie_that_no_pair_replaces(app: Flask) -> None:
    @app.post("/without")
    def without() -> Any:
        pair = issue_token_pair("alice")
        only: TokenResponse = {"access_token": pair["access_token"]}
        return set_token_cookies(jsonify(), only, persistent=True)

    client = app.test_client()
    assert REFRESH not in attributes_of(post(client, "/without"))
    client.set_cookie(REFRESH, "garbage", domain=HOST, secure=True)
    assert "Max-Age=900" in attributes_of(post(client, "/without"))[CSRF]


def test_a_foreign_token_may_be_in_a_cookie(
    make_app: MakeApp, issue: Any, entries: dict[str, Any]
) -> None:
    app = with_views(make_app(TOKEN_LOCATIONS=["cookie"], ISSUERS=entries))
    token = issue(csrf="theirs")["Authorization"].removeprefix("Bearer ")

    @app.post("/alone")
    def alone() -> Any:
        return set_token_cookies(jsonify(), {"access_token": token})

    client = app.test_client()
    response = post(client, "/alone")
    assert "Max-Age=0" in attributes_of(response)[CSRF]
    assert get(client, "/where").get_json()["where"] == "cookie"
    assert get(client, "/form").text == ""


# Where a token is found


def test_a_token_is_found_in_its_cookie(client: FlaskClient) -> None:
    assert get(client, "/where").get_json() == {"where": "cookie", "sub": "alice"}


@pytest.mark.parametrize("places", [["cookie", "header"], ["header", "cookie"]])
def test_a_header_counts_beside_a_cookie(make_app: MakeApp, places: list[str]) -> None:
    app = with_views(make_app(**SETTINGS | {"TOKEN_LOCATIONS": places}))
    client = app.test_client()
    post(client, "/login")
    with app.app_context():
        headers = bearer(issue_token("bob"))
    # Another site's page cannot send it, so that nothing is asked.
    assert post(client, "/where", headers=headers).get_json() == {"where": "header", "sub": "bob"}


@pytest.mark.parametrize(
    ("value", "refusal"), [("Bearer x", BAD), ("Bearer", MALFORMED), ("Bearer a b", MALFORMED)]
)
def test_a_bad_header_does_not_fall_back_to_the_cookie(
    client: FlaskClient, value: str, refusal: tuple[int, str]
) -> None:
    response = get(client, "/where", headers={"Authorization": value})
    assert refusal_of(response) == refusal


def test_another_scheme_is_no_credential_beside_a_cookie(client: FlaskClient) -> None:
    response = get(client, "/where", headers={"Authorization": "Basic YTpi"})
    assert response.get_json()["where"] == "cookie"


def test_a_proxy_s_header_counts_beside_a_cookie(
    make_app: MakeApp, issue: Any, entries: dict[str, Any]
) -> None:
    name, entry = next(iter(entries.items()))
    issuers = {name: entry | {"header": "X-Proxy-Token"}}
    app = with_views(make_app(TOKEN_LOCATIONS=["cookie"], ISSUERS=issuers))
    token = issue()["Authorization"].removeprefix("Bearer ")
    headers = {"X-Proxy-Token": token, "Cookie": f"{ACCESS}=stale"}
    response = app.test_client(use_cookies=False).get("/where", headers=headers)
    assert response.get_json()["where"] == "X-Proxy-Token"


@pytest.mark.parametrize("place", ["form", "query", "json"])
def test_a_cookie_beside_another_token_is_malformed(make_app: MakeApp, place: str) -> None:
    settings = SETTINGS | {"TOKEN_LOCATIONS": ["cookie", "form", "query", "json"]}
    client = with_views(make_app(**settings)).test_client()
    post(client, "/login")
    member = {"access_token": "x"}
    body: dict[str, Any] = {"form": {"data": member}, "json": {"json": member}}.get(place, {})
    path = "/where?access_token=x" if place == "query" else "/where"
    assert_challenge(post(client, path, **body), error="invalid_request")


def test_two_cookies_of_one_name_are_malformed(client: FlaskClient) -> None:
    two = {"Cookie": f"{ACCESS}={value_of(client, ACCESS)}; {ACCESS}=x"}
    other = client.application.test_client(use_cookies=False)
    assert_challenge(other.get("/where", headers=two), error="invalid_request")


@pytest.mark.parametrize("path", ["/token", "/demanded"])
def test_two_refresh_cookies_are_malformed(client: FlaskClient, path: str) -> None:
    two = SAME | {"Cookie": f"{REFRESH}={value_of(client, REFRESH)}; {REFRESH}=x"}
    response = client.application.test_client(use_cookies=False).post(path, headers=two)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_the_same_cookie_twice_is_one_token(client: FlaskClient) -> None:
    one = f"{ACCESS}={value_of(client, ACCESS)}"
    other = client.application.test_client(use_cookies=False)
    assert other.get("/where", headers={"Cookie": f"{one}; {one}"}).status_code == 200


@pytest.mark.parametrize("cookie", [f"{ACCESS}=", f"{ACCESS}", "other=1", "", f"{REFRESH}=~"])
def test_an_empty_cookie_is_no_token(app: Flask, cookie: str) -> None:
    client = app.test_client(use_cookies=False)
    assert_challenge(client.get("/where", headers={"Cookie": cookie}))


def test_a_stale_cookie_blocks_neither_login_nor_files(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += 40 * 86400
    assert_challenge(get(client, "/where"), error="invalid_token")
    assert get(client, "/form").status_code == 200
    assert get(client, "/static/none.css").status_code == 404
    assert post(client, "/login", headers={}).status_code == 200
    assert get(client, "/where").status_code == 200


def test_a_refresh_token_in_the_access_cookie_is_refused(client: FlaskClient) -> None:
    client.set_cookie(ACCESS, value_of(client, REFRESH), domain=HOST)
    assert_challenge(get(client, "/where"), error="invalid_token")


def test_a_helper_demands_the_cookie_s_token_too(client: FlaskClient) -> None:
    assert post(client, "/required").text == "alice"
    response = post(client, "/required", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.get_json()["error"] == "cross_site"


# What a page of the app gets for its forms


def test_a_page_gets_the_claim_for_its_forms(client: FlaskClient) -> None:
    claim = value_of(client, CSRF)
    assert get(client, "/form").text == claim
    assert post(client, "/where", headers={}, data={"csrf_token": claim}).status_code == 200


def test_a_page_gets_the_claim_after_the_access_token_s_end(
    client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += 3600
    assert get(client, "/form").text == value_of(client, CSRF)


def test_a_page_without_a_session_gets_no_claim(app: Flask, token: str) -> None:
    assert get(app.test_client(), "/form").text == ""
    assert get(app.test_client(), "/form", headers=bearer(token)).text == ""


def test_the_answer_of_a_login_and_a_logout_knows_its_claim(app: Flask) -> None:
    client = app.test_client()
    assert post(client, "/login").text == value_of(client, CSRF)
    assert post(client, "/logout").text == ""


def test_there_is_no_claim_outside_a_request_and_without_cookies(
    app: Flask, make_app: MakeApp, headers: dict[str, str]
) -> None:
    with app.app_context():
        assert csrf_token() == ""
    other = make_app()
    other.add_url_rule("/", "claim", csrf_token)
    assert other.test_client().get("/", headers=headers).text == ""


def test_templates_keep_another_csrf_token(make_app: MakeApp) -> None:
    app = with_views(make_app(**SETTINGS))
    app.jinja_env.globals["csrf_token"] = lambda: "another"
    assert get(app.test_client(), "/form").text == "another"


def test_templates_have_no_csrf_token_without_cookies(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/", "form", lambda: render_template_string("{{ csrf_token is defined }}"))
    assert app.test_client().get("/").text == "False"


# Refresh


@pytest.mark.parametrize("path", ["/token", "/refresh", "/demanded"])
@pytest.mark.parametrize("persistent", [0, 1])
def test_a_refresh_reads_and_replaces_the_cookies(app: Flask, path: str, persistent: int) -> None:
    client = app.test_client()
    post(client, f"/login/{persistent}")
    before = [value_of(client, name) for name in NAMES]
    response = post(client, path)
    after = [value_of(client, name) for name in NAMES]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]
    max_ages = ["Max-Age" in str(attributes) for attributes in attributes_of(response).values()]
    assert max_ages == [bool(persistent)] * 3
    assert get(client, "/where").status_code == 200


@pytest.mark.parametrize("path", ["/token", "/refresh", "/demanded"])
def test_another_site_cannot_refresh(client: FlaskClient, path: str) -> None:
    before = value_of(client, REFRESH)
    response = post(client, path, headers={"Sec-Fetch-Site": "same-site", "Origin": "null"})
    assert (response.status_code, response.get_json()["error"]) == (403, "cross_site")
    assert value_of(client, REFRESH) == before
    assert post(client, path).status_code == 200


@pytest.mark.parametrize("path", ["/token", "/refresh", "/demanded"])
def test_a_script_refreshes_with_the_claim(client: FlaskClient, path: str) -> None:
    client.delete_cookie(ACCESS, domain=HOST)
    assert post(client, path, headers={}).status_code == 403
    headers = {"X-CSRF-Token": value_of(client, CSRF)}
    assert post(client, path, headers=headers).status_code == 200


def test_the_endpoint_puts_no_token_into_a_body(app: Flask, client: FlaskClient) -> None:
    response = post(client, "/token")
    assert response.get_json() == {"expires_in": 900, "scope": "a b"}
    with app.app_context():
        assert [session.origin for session in sessions_of("alice")] == ["here"]


def test_a_refresh_may_ask_for_less(client: FlaskClient) -> None:
    assert post(client, "/token", data={"scope": "a"}).get_json()["scope"] == "a"


def test_a_refresh_token_in_cookie_and_body_is_malformed(client: FlaskClient) -> None:
    response = post(client, "/token", data={"refresh_token": "x"})
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/token", "/refresh", "/demanded"])
def test_a_refresh_without_a_cookie_is_refused(app: Flask, path: str) -> None:
    response = post(app.test_client(), path)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_a_pair_of_before_the_cookies_gets_a_claim(make_app: MakeApp, tmp_path: Path) -> None:
    settings = {"STORAGE_URI": f"sqlite:///{tmp_path}/store.db"}
    with make_app(**settings).app_context():
        pair = issue_token_pair("alice")
    app = with_views(make_app(**settings, TOKEN_LOCATIONS=["cookie"]))
    client = app.test_client()
    client.set_cookie(REFRESH, pair["refresh_token"], domain=HOST)
    assert post(client, "/refresh").status_code == 200
    assert len(value_of(client, CSRF)) == 22


# Logout


def test_a_logout_deletes_the_cookies_with_their_attributes(client: FlaskClient) -> None:
    response = post(client, "/logout")
    gone = {"Secure", "Path=/", "SameSite=Lax", "Max-Age=0"}
    assert all(gone <= attributes_of(response)[name] for name in NAMES)
    assert [cookie_of(client, name) for name in NAMES] == [None] * 3


def test_a_logout_after_the_access_token_s_end_ends_the_session(
    app: Flask, client: FlaskClient, clock: SettableClock
) -> None:
    clock.now += 3600
    assert post(client, "/logout", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    with app.app_context():
        assert len(sessions_of("alice")) == 1
    assert post(client, "/logout").status_code == 200
    with app.app_context():
        assert sessions_of("alice") == []


def test_a_bad_header_ends_no_session_of_the_cookies(app: Flask, client: FlaskClient) -> None:
    headers = SAME | bearer("x")
    assert post(client, "/logout", headers=headers).status_code == 200
    with app.app_context():
        assert len(sessions_of("alice")) == 1


@pytest.mark.parametrize("left", [[ACCESS], [REFRESH], [ACCESS, REFRESH]])
def test_the_endpoint_ends_the_session_of_the_cookies(
    app: Flask, client: FlaskClient, clock: SettableClock, left: list[str]
) -> None:
    for name in {ACCESS, REFRESH} - set(left):
        client.delete_cookie(name, domain=HOST)
    clock.now += 3600
    response = post(client, "/revoke")
    assert (response.status_code, response.data) == (200, b"")
    assert [cookie_of(client, name) for name in NAMES] == [None] * 3
    with app.app_context():
        assert sessions_of("alice") == []


@pytest.mark.parametrize("value", [None, "x", "~", "~x"])
def test_a_bad_cookie_is_deleted_without_a_fault(app: Flask, value: str | None) -> None:
    client = app.test_client()
    if value is not None:
        client.set_cookie(REFRESH, value, domain=HOST)
    assert post(client, "/revoke").status_code == 200
    assert cookie_of(client, REFRESH) is None


def test_a_token_without_a_session_is_only_deleted(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        client.set_cookie(ACCESS, issue_token("alice"), domain=HOST)
    client.delete_cookie(REFRESH, domain=HOST)
    assert post(client, "/revoke").status_code == 200
    with app.app_context():
        assert len(sessions_of("alice")) == 1


def test_another_site_logs_nobody_out(client: FlaskClient) -> None:
    response = post(client, "/revoke", headers={"Sec-Fetch-Site": "cross-site"})
    assert (response.status_code, "Set-Cookie" in response.headers) == (403, False)
    assert get(client, "/where").status_code == 200


@pytest.mark.parametrize("path", ["/token", "/revoke"])
def test_the_endpoints_take_a_post_alone(client: FlaskClient, path: str) -> None:
    assert get(client, path).status_code == 405


# Caches


def _cache(response: TestResponse) -> tuple[str | None, str | None]:
    return response.headers.get("Vary"), response.headers.get("Cache-Control")


PRIVATE = ("Cookie", "private, no-store")


def test_an_answer_to_a_cookie_is_for_one_browser(app: Flask, client: FlaskClient) -> None:
    assert _cache(get(client, "/where")) == PRIVATE
    assert _cache(get(client, "/form")) == PRIVATE
    with app.app_context():
        headers = bearer(issue_token("alice"))
    assert _cache(get(client, "/where", headers=headers)) == (None, None)
    assert _cache(get(app.test_client(), "/form")) == (None, None)


@pytest.mark.parametrize(
    ("is_guarded", "settings", "cached"),
    [
        (False, {}, (None, "no-cache")),
        (False, {"PROTECT": "all"}, (None, "no-cache")),
        (False, {"PROTECT": "all", "PUBLIC_ENDPOINTS": []}, ("Cookie", "no-cache")),
        (True, {}, ("Cookie", "no-cache")),
    ],
    ids=["open", "open under all", "closed", "guarded"],
)
def test_a_static_file_is_for_all_unless_it_is_guarded(
    guard_app: GuardApp,
    tmp_path: Path,
    is_guarded: bool,
    settings: dict[str, Any],
    cached: tuple[str | None, str],
) -> None:
    (tmp_path / "style.css").write_text("")
    app = Flask(__name__, static_folder=tmp_path, static_url_path="/files")
    app = with_views(guard_app(app, **SETTINGS | settings))
    if is_guarded:
        serve: View = app.view_functions["static"]
        app.view_functions["static"] = token_required(serve)
    client = app.test_client()
    with app.app_context():
        client.set_cookie(ACCESS, issue_token("alice"), domain=HOST)
    response = get(client, "/files/style.css", buffered=True)
    assert (response.status_code, _cache(response)) == (200, cached)


def test_a_page_with_the_claim_for_its_forms_is_for_one_browser(
    client: FlaskClient,
) -> None:
    client.delete_cookie(ACCESS, domain=HOST)
    assert _cache(get(client, "/form")) == PRIVATE


def test_a_view_decides_how_its_answer_is_cached(client: FlaskClient) -> None:
    assert _cache(get(client, "/cached")) == ("Accept, Cookie", "private, max-age=60")


def test_an_answer_that_changes_cookies_is_for_one_browser(app: Flask) -> None:
    @app.post("/gone")
    def gone() -> Any:
        return unset_token_cookies(jsonify())

    assert _cache(post(app.test_client(), "/gone")) == PRIVATE
    assert _cache(post(app.test_client(), "/login")) == ("Cookie", "no-store")
    assert _cache(post(app.test_client(), "/revoke")) == ("Cookie", "no-store")


# Sizes


def _big(app: Flask, size: int) -> str:
    """Add a login whose access token has this claim; return its path."""
    app.add_url_rule(
        "/big",
        "big",
        lambda: set_token_cookies(jsonify(), issue_token_pair("alice", claims={"big": "x" * size})),
        methods=["POST"],
    )
    app.testing = True
    return "/big"


def test_a_token_that_browsers_would_drop_is_refused(app: Flask) -> None:
    path = _big(app, 3000)
    with pytest.raises(IssueError, match="drop one of more than 4096"):
        post(app.test_client(), path)
    with app.app_context():
        assert sessions_of("alice") == []


def test_the_largest_cookie_has_4096_octets_with_its_name(make_app: MakeApp) -> None:
    claims = {"big": "x" * 2800}
    with make_app(**SETTINGS).app_context():
        room = 4096 - len(issue_token("alice", claims=claims))
    for length, fits in ((room, nullcontext()), (room + 1, pytest.raises(IssueError))):
        app = make_app(**SETTINGS, COOKIE_ACCESS_NAME="a" * length)
        with app.app_context(), fits:
            pair = {"access_token": issue_token("alice", claims=claims)}
            app.extensions["guard"].set_token_cookies(app.response_class(), pair)


@pytest.mark.parametrize("path", ["/token", "/refresh", "/demanded"])
def test_a_refresh_that_does_not_fit_spends_nothing(
    app: Flask, client: FlaskClient, path: str
) -> None:
    app.testing = True
    guard: TokenGuard = app.extensions["guard"]
    guard.default_claims(lambda _: {"big": "x" * 3000})
    with pytest.raises(IssueError, match=ACCESS):
        post(client, path)
    guard.default_claims(lambda _: {})
    assert post(client, path).status_code == 200


# Every key


@pytest.mark.parametrize("alg", ["RS256", "ES512", "EdDSA", "ML-DSA-44"])
def test_cookies_work_with_keys_of_every_kind(
    make_app: MakeApp, private_pems: dict[str, str], alg: str
) -> None:
    client = with_views(make_app(**SETTINGS, KEY=private_pems[alg])).test_client()
    post(client, "/login")
    assert post(client, "/refresh").status_code == 200
    assert get(client, "/where").get_json()["where"] == "cookie"
    assert post(client, "/logout", headers={"X-CSRF-Token": value_of(client, CSRF)}).text == ""


def test_cookies_work_with_encrypted_tokens(make_app: MakeApp) -> None:
    encryption = {"key": {"kty": "oct", "k": secrets.token_urlsafe(32)}}
    client = with_views(make_app(**SETTINGS, ENCRYPTION=encryption)).test_client()
    post(client, "/login")
    assert value_of(client, ACCESS).count(".") == 4
    assert post(client, "/refresh").status_code == 200
    assert get(client, "/form").text == value_of(client, CSRF)


# What cannot be set


def _setting(app: Flask, pair: Any) -> None:
    with app.app_context():
        set_token_cookies(app.response_class(), pair)


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_what_is_no_token_of_ours_is_not_set(app: Flask, token: str) -> None:
    with pytest.raises(IssueError, match="access_token cannot be set as a cookie"):
        _setting(app, {"access_token": token})


def test_the_tokens_are_not_mixed_up(app: Flask, sign: Sign, good_claims: dict[str, Any]) -> None:
    with app.app_context():
        pair = issue_token_pair("alice")
    access, refresh = pair["access_token"], pair["refresh_token"]
    with pytest.raises(IssueError, match="of type rt"):
        _setting(app, {"access_token": refresh, "refresh_token": access})
    with pytest.raises(IssueError, match="the refresh_token cannot"):
        _setting(app, {"access_token": access, "refresh_token": access})
    with pytest.raises(IssueError, match="exp"):
        _setting(app, {"access_token": sign(good_claims | {"exp": "never"})})


def test_a_store_that_is_away_does_not_hide_the_refusal(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any, **__: Any) -> bool:
        raise Unavailable

    monkeypatch.setattr(Sessions, "end", away)
    with caplog.at_level("INFO", "flask_tokenguard"):
        response = post(app.test_client(), "/login", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert "temporarily" not in response.text


def test_cookies_that_are_not_configured_are_a_fault(make_app: MakeApp) -> None:
    app = make_app(STORAGE_URI="memory://")
    guard: TokenGuard = app.extensions["guard"]
    with pytest.raises(ConfigurationError, match="TOKENGUARD_TOKEN_LOCATIONS"):
        guard.set_token_cookies(app.response_class(), guard.issue_token_pair("alice"))
    with pytest.raises(ConfigurationError, match="TOKENGUARD_TOKEN_LOCATIONS"):
        guard.unset_token_cookies(app.response_class())
    with pytest.raises(ConfigurationError, match="TOKENGUARD_TOKEN_LOCATIONS"):
        app.register_blueprint(guard.token_endpoints(cookies=True))


# Start-up


def _start(guard_app: GuardApp, **settings: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        guard_app(Flask(__name__), TOKEN_LOCATIONS=["cookie"], **settings)
    return str(caught.value)


def test_the_switch_is_refused_outside_of_development(guard_app: GuardApp) -> None:
    assert "it needs debug mode" in _start(guard_app, COOKIE_INSECURE=True)


def test_a_cookie_of_flask_s_session_s_name_is_refused(guard_app: GuardApp) -> None:
    assert "SESSION_COOKIE_NAME" in _start(guard_app, COOKIE_ACCESS_NAME="session")


def test_a_key_whose_tokens_never_fit_is_refused(
    make_app: MakeApp, private_pems: dict[str, str]
) -> None:
    settings = {"KEY": private_pems["ML-DSA-65"], "TOKEN_LOCATIONS": ["cookie"]}
    with pytest.raises(ConfigurationError, match="cookie of more than 4096 octets"):
        make_app(**settings)
    make_app(**settings | {"KEY": private_pems["ML-DSA-44"]})


def test_an_app_that_only_verifies_needs_no_room(
    make_app: MakeApp, public_pems: dict[str, str]
) -> None:
    make_app(KEY=public_pems["ES256"], TOKEN_LOCATIONS=["cookie"])
    make_app(TOKEN_LOCATIONS=["header"]).add_url_rule("/", "view", new_view())
