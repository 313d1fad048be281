"""The app of docs/browser.md does what the page states of it."""

import re
from types import ModuleType

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_tokenguard.issue.members import RESERVED_CLAIMS
from flask_tokenguard.web.credentials.cookies import MOST_OCTETS

from ..support import ROOT

PAGE = (ROOT / "docs" / "browser.md").read_text()
HOST = "notes.example"
FORM = {"name": "ada", "password": "correct horse battery staple"}
ACCESS, REFRESH, CSRF = re.findall(r"^\| `(__Host-\w+)` \|", PAGE, re.MULTILINE)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, secret: str) -> ModuleType:
    """What the page has in Python."""
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", secret)
    monkeypatch.setenv("FLASK_TOKENGUARD_STORAGE_URI", "memory://")
    for name, value in re.findall(r"^```\n(TOKENGUARD_\w+) = (.*)\n```", PAGE, re.MULTILINE):
        monkeypatch.setenv(f"FLASK_{name}", value)
    module = ModuleType("app")
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    exec(compile(code, "browser.md", "exec"), module.__dict__)  # noqa: S102 - it is what we test
    return module


@pytest.fixture
def client(module: ModuleType) -> FlaskClient:
    """A client of the page's app."""
    client: FlaskClient = module.app.test_client()
    return client


def post(
    client: FlaskClient, path: str, data: dict[str, str] | None = None, **headers: str
) -> TestResponse:
    """Send a form of the page, or of another one."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, data=data, headers=sent, base_url=f"https://{HOST}")


def log_in(client: FlaskClient, **more: str) -> list[str]:
    """Log in, and return the cookies as they are set."""
    response = post(client, "/login", FORM | more, Sec_Fetch_Site="same-origin")
    assert (response.status_code, response.location) == (302, "/notes")
    return response.headers.getlist("Set-Cookie")


def test_a_login_sets_the_cookies_of_the_table(client: FlaskClient) -> None:
    cookies = {cookie.partition("=")[0]: cookie for cookie in log_in(client)}
    assert list(cookies) == [ACCESS, REFRESH, CSRF]
    assert ["HttpOnly" in cookies[name] for name in cookies] == [True, True, False]


@pytest.mark.parametrize(("more", "lasts"), [({}, False), ({"remember": "on"}, True)])
def test_remember_me_outlives_the_browser(
    client: FlaskClient, more: dict[str, str], lasts: bool
) -> None:
    assert ["Max-Age" in cookie for cookie in log_in(client, **more)] == [lasts] * 3


def test_the_page_s_form_works_in_a_browser_without_the_headers(client: FlaskClient) -> None:
    log_in(client)
    page = client.get("/notes", base_url=f"https://{HOST}").text
    (claim,) = re.findall(r'name="csrf_token" value="([^"]+)"', page)
    assert post(client, "/notes", {"csrf_token": claim}).location == "/notes#ada"
    assert post(client, "/notes").status_code == 403


def test_another_site_s_form_is_refused(client: FlaskClient) -> None:
    log_in(client)
    headers = {"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example"}
    answers = [post(client, path, FORM, **headers) for path in ("/login", "/logout", "/notes")]
    assert [answer.get_json()["error"] for answer in answers] == ["cross_site"] * 3


def test_a_person_is_led_to_the_login_and_back(client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Mode": "navigate"}
    asked = client.get("/notes?a=b", base_url=f"https://{HOST}", headers=headers)
    assert (asked.status_code, asked.location) == (303, "/login?next=/notes?a%3Db")
    page = client.get(str(asked.location), base_url=f"https://{HOST}").text
    (back,) = re.findall(r'name="next" value="([^"]+)"', page)
    answer = post(client, "/login", FORM | {"next": back}, Sec_Fetch_Site="same-origin")
    assert answer.location == "/notes?a=b"


def test_the_page_s_app_lets_sessions_slide(client: FlaskClient) -> None:
    log_in(client)
    client.delete_cookie(ACCESS, domain=HOST)
    answer = client.get("/notes", base_url=f"https://{HOST}")
    assert (answer.status_code, len(answer.headers.getlist("Set-Cookie"))) == (200, 3)


def test_the_page_names_the_grace(client: FlaskClient) -> None:
    grace = client.application.extensions["tokenguard"].settings.refresh_grace
    assert f"`TOKENGUARD_REFRESH_GRACE` ({grace.seconds} seconds)" in PAGE


def test_a_logout_deletes_the_cookies(client: FlaskClient) -> None:
    log_in(client)
    assert post(client, "/logout", Sec_Fetch_Site="same-origin").status_code == 302
    assert [client.get_cookie(name, HOST) for name in (ACCESS, REFRESH, CSRF)] == [None] * 3


def test_the_endpoints_are_where_the_page_has_them(client: FlaskClient) -> None:
    log_in(client)
    answer = post(client, "/auth/token", Origin=f"https://{HOST}")
    assert answer.get_json().keys() == {"expires_in"}
    assert post(client, "/auth/revoke", Origin=f"https://{HOST}").status_code == 200


def test_the_page_s_own_test_passes(module: ModuleType) -> None:
    module.test_notes_are_written_from_this_site_alone()


def test_the_page_names_the_largest_cookie_and_the_claim() -> None:
    assert f"longer than {MOST_OCTETS:,} octets" in PAGE
    assert "csrf" in RESERVED_CLAIMS
