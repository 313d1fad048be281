"""Requests from other sites, which carry the user's cookies or would change them (CSRF)."""

import time
from collections.abc import Callable
from io import BytesIO
from itertools import product
from typing import Any, ClassVar, NamedTuple

import flask_restx  # type: ignore[import-untyped]  # has no types
import pytest
from apiflask import APIFlask
from flask import Flask, jsonify
from flask.testing import FlaskClient
from flask_restful import Api as RestfulApi
from flask_restful import Resource
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from flask_tokenguard import (
    CrossSiteRequest,
    current_token,
    end_all_sessions,
    issue_token,
    issue_token_pair,
    sessions_of,
    set_token_cookies,
    token_rejected,
    token_required,
    unset_token_cookies,
)

from ..conftest import MakeApp
from ..support import Config
from .conftest import ID, GuardApp, Issue, Sign
from .support import new_view, received

ACCESS = "__Host-access_token"
REFRESH = "__Host-refresh_token"
FORM = "application/x-www-form-urlencoded"
HOST = "app.example"
OWN = f"https://{HOST}"
TRUSTED = "https://login.example"
SETTINGS: Config = {
    "TOKEN_LOCATIONS": ["header", "cookie"],
    "TRUSTED_ORIGINS": [TRUSTED],
    "STORAGE_URI": "memory://",
}
UPGRADE = {"HTTP_CONNECTION": "Upgrade", "HTTP_UPGRADE": "websocket"}

SITES = [None, "same-origin", "none", "same-site", "cross-site", "Same-Origin"]
ORIGINS = [None, OWN, TRUSTED, f"http://{HOST}", "https://evil.example", "null"]
METHODS = ["GET", "HEAD", "POST", "DELETE", "WEBSOCKET"]
SAFE = ["GET", "HEAD"]
COOKIES = ["no cookie", "fresh", "expired", "foreign", "two"]
AUTHORIZATIONS = ["no header", "good", "bad", "another scheme"]
CLAIMS = [None, "the claim", "another"]


class Row(NamedTuple):
    """What a request states of where it is from."""

    site: str | None
    origin: str | None
    csrf: str | None

    @property
    def verdict(self) -> bool | None:
        """Whether it passes by what the browser states; None where that states nothing."""
        if self.site in ("same-origin", "none") or self.origin == TRUSTED:
            return True
        if self.site is None and self.origin is None:
            return None
        return self.site is None and self.origin == OWN


# The claim matters where nothing else is there; another value elsewhere is seen to change nothing.
ROWS = [
    Row(site, origin, csrf)
    for site, origin, csrf in product(SITES, ORIGINS, CLAIMS)
    if csrf == "another" or site is origin is None
]


class Browser:
    """Sends requests with each kind of credential."""

    def __init__(self, app: Flask, *, expired: str, foreign: str) -> None:
        with app.app_context():
            self.fresh = issue_token("alice")
        self.csrf = app.extensions["guard"].verify(self.fresh).claims["csrf"]
        self.environ = create_environ(base_url=OWN)
        self.client: FlaskClient = app.test_client(use_cookies=False)
        self.cookies = {
            "no cookie": None,
            "fresh": f"{ACCESS}={self.fresh}",
            "expired": f"{ACCESS}={expired}",
            "foreign": f"{ACCESS}={foreign}",
            "two": f"{ACCESS}={self.fresh}; {ACCESS}={expired}",
        }
        self.authorizations = {
            "no header": None,
            "good": f"Bearer {self.fresh}",
            "bad": f"Bearer {expired}",
            "another scheme": "Basic YTpi",
        }

    def send(self, path: str, method: str, cookie: str, authorization: str, row: Row) -> Response:
        """Send a request."""
        members = {
            "HTTP_SEC_FETCH_SITE": row.site,
            "HTTP_ORIGIN": row.origin,
            "HTTP_X_CSRF_TOKEN": self.csrf if row.csrf == "the claim" else row.csrf,
            "HTTP_COOKIE": self.cookies[cookie],
            "HTTP_AUTHORIZATION": self.authorizations[authorization],
        }
        if method == "WEBSOCKET":
            method, members = "GET", members | UPGRADE
        # The client of tests takes twice the time, and there are thousands of rows.
        environ = self.environ | {"PATH_INFO": path, "REQUEST_METHOD": method}
        environ |= {name: value for name, value in members.items() if value is not None}
        return Response.from_app(self.client.application, environ)


@pytest.fixture
def browser(
    make_app: MakeApp,
    sign: Sign,
    good_claims: dict[str, Any],
    issue: Issue,
    entries: dict[str, Any],
) -> Browser:
    """A browser of an app that takes cookies, its own tokens and those of an issuer."""
    app = make_app(**SETTINGS, ISSUERS={ID: entries[ID]})
    methods = [method for method in METHODS if method != "WEBSOCKET"]

    def add(path: str, view: Any) -> None:
        app.add_url_rule(path, path, view, methods=methods, provide_automatic_options=False)
        app.add_url_rule(path, path, view, methods=["GET"], websocket=True)

    add("/guarded", token_required(new_view()))
    add("/open", lambda: jsonify(current_token.location if current_token else None))
    add("/login", lambda: set_token_cookies(jsonify("in"), issue_token_pair("bob")))
    add("/logout", lambda: unset_token_cookies(jsonify("out")))
    return Browser(
        app,
        expired=sign(good_claims | {"csrf": "the claim", "exp": 1}),
        # A second ahead, lest it is older than the store.
        foreign=issue(csrf="the claim", iat=int(time.time()) + 1)["Authorization"].removeprefix(
            "Bearer "
        ),
    )


def _passes(method: str, cookie: str, row: Row) -> bool:
    """Whether a request passes whose credential is a good cookie."""
    if method in SAFE or row.verdict is not None:
        return method in SAFE or bool(row.verdict)
    return cookie == "fresh" and row.csrf == "the claim"


def _guarded(method: str, cookie: str, authorization: str, row: Row) -> int:
    """Look up the status of a guarded view."""
    if authorization in ("good", "bad"):
        return 200 if authorization == "good" else 401
    if cookie in ("no cookie", "expired", "two"):
        return 400 if cookie == "two" else 401
    return 200 if _passes(method, cookie, row) else 403


def _change(method: str, cookie: str, authorization: str, row: Row) -> int:
    """Look up the status of a view that sets or deletes cookies."""
    if method in SAFE or authorization == "good":
        return 200
    if row.verdict is not None:
        return 200 if row.verdict else 403
    is_good = cookie == "fresh" or (cookie == "foreign" and authorization != "bad")
    return 403 if is_good and not _passes(method, cookie, row) else 200


each_authorization = pytest.mark.parametrize("authorization", AUTHORIZATIONS)
each_cookie = pytest.mark.parametrize("cookie", COOKIES)


@each_authorization
@each_cookie
def test_a_cookie_counts_only_for_requests_of_the_own_site(
    browser: Browser, cookie: str, authorization: str
) -> None:
    for method, row in product(METHODS, ROWS):
        response = browser.send("/guarded", method, cookie, authorization, row)
        assert response.status_code == _guarded(method, cookie, authorization, row), (method, row)


@each_authorization
@each_cookie
def test_cookies_are_changed_only_by_requests_of_the_own_site(
    browser: Browser, cookie: str, authorization: str
) -> None:
    for method, row in product(METHODS, ROWS):
        response = browser.send("/logout", method, cookie, authorization, row)
        status = _change(method, cookie, authorization, row)
        assert response.status_code == status, (method, row)
        assert ("Set-Cookie" in response.headers) == (status == 200)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_open_view_is_anonymous_for_another_site(browser: Browser, method: str) -> None:
    for row in ROWS:
        response = browser.send("/open", method, "fresh", "no header", row)
        where = "cookie" if _passes(method, "fresh", row) else None
        assert (response.status_code, response.get_json()) == (200, where), row


# Logins and logouts


@pytest.mark.parametrize("cookie", ["no cookie", "fresh", "expired"])
def test_another_site_logs_nobody_in_and_its_session_ends(browser: Browser, cookie: str) -> None:
    row = Row("cross-site", "https://evil.example", None)
    response = browser.send("/login", "POST", cookie, "no header", row)
    assert (response.status_code, "Set-Cookie" in response.headers) == (403, False)
    with browser.client.application.app_context():
        assert sessions_of("bob") == []


def test_a_script_without_cookies_logs_in(browser: Browser) -> None:
    response = browser.send("/login", "POST", "no cookie", "no header", Row(None, None, None))
    assert (response.status_code, len(response.headers.getlist("Set-Cookie"))) == (200, 3)


def test_a_login_over_a_good_session_asks_for_its_claim(browser: Browser) -> None:
    answers = [
        browser.send("/login", "POST", "fresh", "no header", Row(None, None, csrf)).status_code
        for csrf in CLAIMS
    ]
    assert answers == [403, 200, 403]


def _log_in(browser: Browser) -> dict[str, str]:
    """Log in, and return the cookies by their names."""
    response = browser.send("/login", "POST", "no cookie", "no header", Row("none", None, None))
    cookies = [cookie.partition(";")[0] for cookie in response.headers.getlist("Set-Cookie")]
    return dict(cookie.split("=", 1) for cookie in cookies)


@pytest.mark.parametrize("ends", [False, True], ids=["alive", "ended"])
def test_a_refresh_cookie_alone_asks_for_its_claim_too(browser: Browser, ends: bool) -> None:
    cookies = _log_in(browser)
    if ends:
        with browser.client.application.app_context():
            end_all_sessions("bob")
    browser.cookies["refresh"] = f"{REFRESH}={cookies[REFRESH]}"
    response = browser.send("/login", "POST", "refresh", "no header", Row(None, None, None))
    assert response.status_code == (200 if ends else 403)


def test_a_form_s_own_token_is_no_pass_for_a_login(make_app: MakeApp) -> None:
    app = make_app(TOKEN_LOCATIONS=["cookie", "form"], STORAGE_URI="memory://")
    app.add_url_rule(
        "/",
        "login",
        lambda: set_token_cookies(jsonify("in"), issue_token_pair("mallory")),
        methods=["POST"],
    )
    with app.app_context():
        form = {"access_token": issue_token("mallory")}
    response = app.test_client().post("/", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403


def test_another_site_sets_no_token_without_a_session(make_app: MakeApp) -> None:
    app = make_app(TOKEN_LOCATIONS=["cookie"])

    @app.post("/")
    def alone() -> Any:
        return set_token_cookies(jsonify("in"), {"access_token": issue_token("mallory")})

    response = app.test_client().post("/", headers={"Sec-Fetch-Site": "cross-site"})
    assert (response.status_code, "Set-Cookie" in response.headers) == (403, False)


@pytest.mark.parametrize(
    ("method", "status"),
    [("OPTIONS", 200), ("TRACE", 200), ("PUT", 403), ("PATCH", 403), ("PROPFIND", 403)],
)
def test_every_method_but_the_safe_ones_is_checked(
    make_app: MakeApp, method: str, status: int
) -> None:
    app = make_app(TOKEN_LOCATIONS=["cookie"])
    view = token_required(new_view())
    app.add_url_rule("/", "all", view, methods=[method], provide_automatic_options=False)
    with app.app_context():
        headers = {"Cookie": f"{ACCESS}={issue_token('alice')}", "Sec-Fetch-Site": "cross-site"}
    client = app.test_client(use_cookies=False)
    assert client.open("/", method=method, headers=headers).status_code == status


# What the token's claim comes in


def _send_claim(browser: Browser, **request: Any) -> int:
    headers = {"Cookie": browser.cookies["fresh"]}
    return browser.client.post("/guarded", headers=headers, base_url=OWN, **request).status_code


def test_a_form_may_hold_the_claim(browser: Browser) -> None:
    assert _send_claim(browser, data={"csrf_token": browser.csrf}) == 200
    assert _send_claim(browser, data={"csrf_token": "another"}) == 403


def test_a_form_with_a_file_may_hold_the_claim(browser: Browser) -> None:
    file = (BytesIO(b"content"), "name.txt")
    assert _send_claim(browser, data={"csrf_token": browser.csrf, "file": file}) == 200


def test_a_form_beyond_the_bound_is_not_looked_into(browser: Browser) -> None:
    assert _send_claim(browser, data={"csrf_token": browser.csrf, "more": "x" * 40_000}) == 403


def test_json_holds_no_claim(browser: Browser) -> None:
    assert _send_claim(browser, json={"csrf_token": browser.csrf}) == 403


def test_a_token_of_before_the_cookies_passes_by_no_claim(
    make_app: MakeApp, sign: Sign, good_claims: dict[str, Any]
) -> None:
    app = make_app(TOKEN_LOCATIONS=["cookie"])
    app.add_url_rule("/", "guarded", token_required(new_view()), methods=["POST"])
    for csrf in ({}, {"csrf": ""}, {"csrf": None}, {"csrf": 1}):
        headers = {"Cookie": f"{ACCESS}={sign(good_claims | csrf)}", "X-CSRF-Token": ""}
        assert app.test_client(use_cookies=False).post("/", headers=headers).status_code == 403


# Whose origin it is


@pytest.mark.parametrize(
    ("host", "origin", "passes"),
    [
        ("app.example", "https://app.example", True),
        ("APP.example", "https://app.example", True),
        ("app.example:443", "https://app.example", True),
        ("app.example:", "https://app.example", True),
        ("app.example:8443", "https://app.example:8443", True),
        ("app.example:80", "https://app.example", False),
        ("app.example", "https://app.example:8443", False),
        ("app.example", "https://app.example.", False),
        ("app.example", "https://APP.example", False),
        ("app.example", "app.example", False),
        ("app.example", "ftp://app.example", False),
        ("app.example", "https://other.example", False),
        ("app.example", "", False),
        ("", "https://", False),
        ("", "null", False),
        ("app.example", "http://app.example", False),
        ("192.168.1.7", "http://192.168.1.7", False),
        ("localhost:5000", "http://localhost:5000", True),
        ("localhost:80", "http://localhost", True),
        ("app.localhost", "http://app.localhost", True),
        ("127.0.0.1:5000", "http://127.0.0.1:5000", True),
        ("127.9.9.9", "http://127.9.9.9", True),
        ("[::1]:5000", "http://[::1]:5000", True),
        ("localhost:5000", "http://127.0.0.1:5000", False),
        ("localhost:5000", "http://localhost:5001", False),
        ("localhost.evil.example", "http://localhost.evil.example", False),
    ],
)
def test_an_origin_is_ours_by_the_host_that_was_asked(
    browser: Browser, host: str, origin: str, passes: bool
) -> None:
    environ = {"HTTP_HOST": host, "HTTP_ORIGIN": origin, "HTTP_COOKIE": browser.cookies["fresh"]}
    response = browser.client.post("/guarded", environ_overrides=environ)
    assert response.status_code == (200 if passes else 403)


def test_what_a_proxy_forwards_is_no_host(browser: Browser) -> None:
    row = {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"}
    headers = row | {"Cookie": str(browser.cookies["fresh"]), "X-Forwarded-Proto": "https"}
    assert browser.client.post("/guarded", headers=headers, base_url=OWN).status_code == 403


def test_the_switch_for_development_lets_plain_http_in(guard_app: GuardApp) -> None:
    app = Flask(__name__)
    app.testing = True
    guard_app(app, TOKEN_LOCATIONS=["cookie"], COOKIE_INSECURE=True)
    app.add_url_rule("/", "guarded", token_required(new_view()), methods=["POST"])
    with app.app_context():
        cookie = f"access_token={issue_token('alice')}"
    headers = {"Cookie": cookie, "Origin": "http://192.168.1.7:5000"}
    client = app.test_client(use_cookies=False)
    answers = [
        client.post("/", headers=headers, base_url=f"http://{host}").status_code
        for host in ("192.168.1.7:5000", "192.168.1.8:5000")
    ]
    assert answers == [200, 403]


def test_the_log_names_both_and_the_remedy(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "flask_tokenguard"):
        browser.send("/guarded", "POST", "fresh", "no header", Row(None, "https://o.example", None))
    assert 'Origin "https://o.example", Host "app.example" came' in caplog.text
    assert "ProxyFix" in caplog.text
    assert "TOKENGUARD_TRUSTED_ORIGINS" in caplog.text
    assert browser.fresh not in caplog.text


def test_a_refusal_has_no_challenge_and_holds_the_claims(browser: Browser) -> None:
    with received(token_rejected, browser.client.application) as sent:
        response = browser.send("/guarded", "POST", "fresh", "no header", Row("none ", None, None))
    assert response.get_json() == {
        "error": "cross_site",
        "error_description": "The request may come from another site",
    }
    assert "WWW-Authenticate" not in response.headers
    assert [type(refusal["error"]) for refusal in sent] == [CrossSiteRequest]
    assert sent[0]["error"].claims["sub"] == "alice"


# Frameworks that answer errors in a way of their own


class _Resource(Resource):  # type: ignore[misc]  # flask-restful has no types
    method_decorators: ClassVar[list[Any]] = [token_required()]

    def post(self) -> Any:
        return {}


class _RestxResource(flask_restx.Resource):  # type: ignore[misc]  # has no types
    method_decorators: ClassVar[list[Any]] = [token_required()]

    def post(self) -> Any:
        return {}


def _restful(app: Flask) -> None:
    RestfulApi(app).add_resource(_Resource, "/notes")


def _restx(app: Flask) -> None:
    flask_restx.Api(app).add_resource(_RestxResource, "/notes")


def _plain(app: Flask) -> None:
    app.add_url_rule("/notes", "notes", token_required(new_view()), methods=["POST"])


@pytest.mark.parametrize(
    ("kind", "build"),
    [(Flask, _plain), (APIFlask, _plain), (Flask, _restful), (Flask, _restx)],
    ids=["flask", "apiflask", "flask-restful", "flask-restx"],
)
def test_a_refusal_is_the_same_under_every_framework(
    guard_app: GuardApp, kind: type[Flask], build: Callable[[Flask], None]
) -> None:
    app = guard_app(kind(__name__), TOKEN_LOCATIONS=["cookie"])
    build(app)
    with app.app_context():
        cookie = f"{ACCESS}={issue_token('alice')}"
    client = app.test_client(use_cookies=False)
    answers = [
        client.post("/notes", headers={"Cookie": cookie, "Sec-Fetch-Site": site})
        for site in ("same-origin", "cross-site")
    ]
    assert [answer.status_code for answer in answers] == [200, 403]
    assert answers[1].get_json()["error"] == "cross_site"


# Headers of any content

OCTETS = st.text(st.characters(max_codepoint=255), max_size=40)
RUBBISH = st.fixed_dictionaries(
    {},
    optional={
        "HTTP_SEC_FETCH_SITE": OCTETS | st.sampled_from(["same-origin", "cross-site", ""]),
        "HTTP_ORIGIN": OCTETS | st.sampled_from([OWN, "null", "https://[", "https://a:b@c"]),
        "HTTP_HOST": OCTETS | st.sampled_from([HOST, "[::1", "a:b", "[]:1"]),
        "HTTP_X_CSRF_TOKEN": OCTETS,
        "HTTP_UPGRADE": OCTETS | st.just("WebSocket"),
        "CONTENT_TYPE": OCTETS | st.sampled_from(["multipart/form-data", FORM]),
        "wsgi.input": st.binary(max_size=40).map(BytesIO),
        "CONTENT_LENGTH": OCTETS | st.just("20"),
    },
)


@given(environ=RUBBISH)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_headers_of_any_content_are_refused_or_ours(
    browser: Browser, environ: dict[str, Any]
) -> None:
    environ = {"HTTP_HOST": HOST, "HTTP_COOKIE": browser.cookies["fresh"]} | environ
    status = browser.client.post("/guarded", environ_overrides=environ).status_code
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    is_ours = site in ("same-origin", "none") or (site is None and origin == OWN)
    assert status in ({200, 400, 403} if is_ours else {400, 403})


@given(
    cookie=OCTETS | OCTETS.map(lambda text: f"{ACCESS}={text}"),
    path=st.sampled_from(["/guarded", "/logout"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cookies_of_any_content_are_no_server_error(
    browser: Browser, cookie: str, path: str
) -> None:
    environ = {"HTTP_COOKIE": cookie}
    status = browser.client.post(path, environ_overrides=environ).status_code
    assert status in {200, 400, 401}
