"""A person who may not see a page is sent to the login, and from there back to the page."""

import secrets
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from flask import Flask, Request, redirect, request
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import TestResponse

from flask_tokenguard import (
    InvalidToken,
    TokenGuard,
    Unavailable,
    issue_token_pair,
    next_path,
    public,
    require_token,
    set_token_cookies,
    token_rejected,
    token_required,
)

from ..conftest import MakeApp
from ..support import SettableClock, bearer
from .browser import HOST, OWN, SAME, SETTINGS, get, post
from .support import received, refusal_of

PERSON = {"Sec-Fetch-Mode": "navigate"}
# What browsers send, and those before `Sec-Fetch-Mode` send alone.
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
LOGIN = SETTINGS | {"LOGIN_VIEW": "login"}


def with_views(app: Flask) -> Flask:
    """Add a login that leads back, and guarded pages."""

    @app.route("/login", methods=["GET", "POST"])
    def login() -> Any:
        if request.method == "GET":
            return next_path("/home")
        return set_token_cookies(redirect(next_path("/home")), issue_token_pair("alice", scope="a"))

    app.add_url_rule("/page", "page", token_required(lambda: "page"), methods=["GET", "POST"])
    app.add_url_rule("/any/<path:rest>", "any", token_required(lambda rest: rest))
    app.add_url_rule("/b", "b", token_required(scope="b")(lambda: "b"))
    app.add_url_rule("/recent", "recent", token_required(max_age=60)(lambda: "recent"))
    app.add_url_rule("/asks", "asks", public(lambda: str(require_token().subject)))
    return app


@pytest.fixture
def app(make_app: MakeApp, clock: SettableClock) -> Flask:
    """An app with a login view."""
    return with_views(make_app(TokenGuard(clock=clock), **LOGIN))


def visit(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    """Open a page as a person does."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return get(client, path, headers=PERSON | sent)


# Who is sent


@pytest.mark.parametrize("path", ["/page", "/asks", "/b"])
def test_a_person_without_a_token_is_sent_to_the_login(client: FlaskClient, path: str) -> None:
    response = visit(client, path)
    assert (response.status_code, response.location) == (303, f"/login?next={path}")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": ACCEPT},
        {"Accept": "text/html"},
        {"Accept": ACCEPT, "Sec-Fetch-Mode": "navigate"},
        {"Accept": "*/*", "Sec-Fetch-Mode": "navigate"},
        {"Accept": ACCEPT, "Authorization": "Basic YTpi"},
    ],
)
def test_a_navigation_is_known_by_its_headers(client: FlaskClient, headers: dict[str, str]) -> None:
    assert get(client, "/page", headers=headers).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept": "*/*"},
        {"Accept": "application/json"},
        {"Accept": "application/json, text/html"},
        {"Accept": "application/json, text/html;q=0.9"},
        {"Accept": "application/json, text/plain, */*"},
        {"Accept": ACCEPT, "Sec-Fetch-Mode": "cors"},
        {"Accept": ACCEPT, "Sec-Fetch-Mode": "no-cors"},
        {"Accept": ACCEPT, "Sec-Fetch-Mode": ""},
    ],
)
def test_a_call_of_an_api_keeps_its_401(client: FlaskClient, headers: dict[str, str]) -> None:
    response = get(client, "/page", headers=headers)
    assert (response.status_code, response.get_json()["error"]) == (401, "token_missing")


def test_a_bad_bearer_header_keeps_its_401(client: FlaskClient) -> None:
    headers = PERSON | bearer("x")
    assert get(client, "/page", headers=headers).status_code == 401


def test_nobody_is_sent_anywhere_without_the_setting(make_app: MakeApp) -> None:
    client = with_views(make_app(**SETTINGS)).test_client()
    assert visit(client, "/page").status_code == 401


def test_a_person_whose_token_has_ended_is_sent(client: FlaskClient, clock: SettableClock) -> None:
    post(client, "/login")
    assert visit(client, "/page").text == "page"
    clock.now += 901
    assert visit(client, "/page").location == "/login?next=/page"


def test_a_person_who_must_sign_in_anew_is_sent(client: FlaskClient, clock: SettableClock) -> None:
    post(client, "/login")
    clock.now += 61
    assert visit(client, "/recent").location == "/login?next=/recent"


def test_a_person_who_may_not_do_it_stays(client: FlaskClient) -> None:
    post(client, "/login")
    assert refusal_of(visit(client, "/b"))[0] == 403


def test_a_form_of_another_site_is_not_sent(client: FlaskClient) -> None:
    post(client, "/login")
    headers = PERSON | {"Sec-Fetch-Site": "cross-site"}
    assert post(client, "/page", headers=headers).status_code == 403


def test_an_outage_sends_nobody_to_the_login(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Any:
        raise Unavailable

    post(client, "/login")
    monkeypatch.setattr(app.extensions["tokenguard"].store, "standing", fail)
    assert visit(client, "/page").status_code == 503


def test_a_login_that_is_guarded_itself_is_no_circle(make_app: MakeApp) -> None:
    app = make_app(**LOGIN)
    app.add_url_rule("/login", "login", token_required(lambda: ""))
    assert visit(app.test_client(), "/login").status_code == 401


@pytest.mark.parametrize("name", ["logn", "any"])
def test_a_login_view_that_is_none_is_logged_and_the_401_stays(
    make_app: MakeApp, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = with_views(make_app(**LOGIN | {"LOGIN_VIEW": name}))
    assert visit(app.test_client(), "/page").status_code == 401
    assert f"TOKENGUARD_LOGIN_VIEW '{name}' is no endpoint" in caplog.text
    assert "as `flask routes` lists it, not as a path" in caplog.text


def test_the_callback_for_refusals_shapes_the_rest(app: Flask, client: FlaskClient) -> None:
    guard: TokenGuard = app.extensions["guard"]
    guard.error_response(lambda error: {"msg": error.description})
    assert visit(client, "/page").status_code == 303
    assert get(client, "/page").get_json().keys() == {"msg"}


@pytest.mark.parametrize("package", ["flask_restful", "flask_restx"])
def test_a_framework_s_pages_send_to_the_login_too(app: Flask, package: str) -> None:
    framework = import_module(package)

    class Page(framework.Resource):  # type: ignore[misc, name-defined] # untyped
        @token_required
        def get(self) -> str:
            return ""

    framework.Api(app).add_resource(Page, "/framed", endpoint="framed")
    response = visit(app.test_client(), "/framed")
    assert (response.status_code, response.location) == (303, "/login?next=/framed")
    assert response.data == b""


def test_an_app_s_own_handler_comes_first(app: Flask, client: FlaskClient) -> None:
    @app.errorhandler(InvalidToken)
    def answer(_: InvalidToken) -> tuple[str, int]:
        return "own", 401

    client.set_cookie("__Host-access_token", "x", domain=HOST, secure=True)
    assert visit(client, "/page").text == "own"


def test_who_is_sent_is_refused_for_signals_too(app: Flask, client: FlaskClient) -> None:
    with received(token_rejected, app) as rejected:
        visit(client, "/page")
    assert [signal["reason"] for signal in rejected] == ["token_missing"]


# The way back


@pytest.mark.parametrize(
    "path", ["/page", "/page?a=b&c=%2F%26+d", "/any/a%20b/%C3%A4%25", "/any/a:b;c@d?%00", "/page?"]
)
def test_a_login_leads_back_to_the_page(client: FlaskClient, path: str) -> None:
    address = visit(client, path).location
    assert address is not None
    back = post(client, address).location
    assert back == path.removesuffix("?")
    assert visit(client, str(back)).status_code == 200


def test_a_form_that_was_sent_is_not_gone_back_to(client: FlaskClient) -> None:
    assert post(client, "/page", headers=PERSON | SAME).location == "/login"


def test_a_query_that_may_hold_a_token_goes_nowhere(make_app: MakeApp) -> None:
    app = with_views(make_app(**LOGIN | {"TOKEN_LOCATIONS": ["query", "cookie"]}))
    assert visit(app.test_client(), "/page?access_token=x").location == "/login"
    assert visit(app.test_client(), "/page").location == "/login?next=/page"


def _in_query(request: Request) -> tuple[str, str]:
    return request.args.get("jwt", ""), "query"


@pytest.mark.parametrize(
    ("locations", "find"), [(["query:jwt"], None), (None, _in_query)], ids=["view", "app"]
)
def test_a_query_with_a_token_goes_nowhere(
    make_app: MakeApp, locations: list[str] | None, find: Any
) -> None:
    app = with_views(make_app(TokenGuard(locations=find), **LOGIN))
    app.add_url_rule("/feed", "feed", token_required(locations=locations)(lambda: "feed"))
    assert visit(app.test_client(), "/feed?jwt=x&a=b").location == "/login"
    assert visit(app.test_client(), "/feed?a=b").location == "/login?next=/feed?a%3Db"


def test_a_page_with_a_long_address_is_not_gone_back_to(client: FlaskClient) -> None:
    assert visit(client, f"/page?{'a' * 2000}").location == "/login"


# What servers in front decode before they look for dots.
ENCODED = ("/app/%2e%2e%2fpage", "/app/..%2Fpage", "/app/a%2f..%2f..%2fpage", "/app/..%5cpage")


def test_an_app_below_a_path_leads_back_into_itself(app: Flask) -> None:
    mounted = DispatcherMiddleware(Flask("outer"), {"/app": app.wsgi_app})
    outer = Flask("server")
    outer.wsgi_app = mounted  # type: ignore[method-assign] # Flask documents it so
    client = outer.test_client()
    assert visit(client, "/app/page").location == "/app/login?next=/app/page"
    for path in ("/app/page", "/app", "/app?a"):
        assert get(client, "/app/login", query_string={"next": path}).text == path
    for path in ("/page", "/apple", "/app/../page", "/app/%2e%2E/page", "/", *ENCODED):
        assert get(client, "/app/login", query_string={"next": path}).text == "/home"


HOSTILE = [
    *("https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil"),
    *("/\t/evil.example", "/\n/evil.example", "\t//evil.example", " /page", "/page\r\nA: b"),
    *("javascript:alert(1)", "page", "", "/..//evil.example", "/./page", "/%2e%2e/page"),
    *("/\x00", "/\u2215evil.example", "https:evil.example", "/ /evil.example", "/\\\\evil.example"),
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_next_that_leads_elsewhere_is_passed_over(client: FlaskClient, path: str) -> None:
    assert get(client, "/login", query_string={"next": path}).text == "/home"
    assert post(client, "/login", data={"next": path}).location == "/home"


@given(path=st.one_of(st.text(), st.text(alphabet="/\\.%2e:@?#\t e"), st.sampled_from(HOSTILE)))
def test_whatever_comes_as_next_stays_in_the_app(path: str) -> None:
    app = Flask(__name__)
    with app.test_request_context("/login", base_url=OWN, query_string={"next": path}):
        chosen = next_path("/home")
    resolved = urlsplit(urljoin(OWN, chosen))
    assert (resolved.scheme, resolved.netloc) == ("https", HOST)
    assert chosen in (path, "/home")


@cache
def rubbish_client() -> FlaskClient:
    """A client of one app for all examples."""
    app = Flask(__name__)
    settings = LOGIN | {"KEY": secrets.token_urlsafe(64)}
    app.config.update({f"TOKENGUARD_{name}": value for name, value in settings.items()})
    TokenGuard(app)
    return with_views(app).test_client()


@given(
    path=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="?#")),
    accept=st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n\0")),
)
def test_whatever_page_is_asked_for_the_answer_is_no_error(path: str, accept: str) -> None:
    response = rubbish_client().get(f"/any/{path}", base_url=OWN, headers={"Accept": accept})
    assert response.status_code in (303, 308, 401, 404)
    if response.status_code == 303:
        (back,) = parse_qs(urlsplit(str(response.location)).query).get("next", ["/"])
        assert back.startswith("/")
        assert not back.startswith("//")
