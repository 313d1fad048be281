"""The app of docs/backend-for-frontend.md signs in at a provider, and keeps what it gets there."""

import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ..support import ROOT
from ..web.browser import HOST, NAMES, REFRESH, SAME, cookie_of, get, post
from .provider import CLIENT, FILES, Provider, running_provider

PAGE = (ROOT / "docs" / "backend-for-frontend.md").read_text()
PERSON = {"Sec-Fetch-Mode": "navigate"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider that listens."""
    with running_provider() as provider:
        yield provider


@pytest.fixture
def page(
    provider: Provider, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """The page's app, with the settings that the page names."""
    settings = {
        "SECRET_KEY": secrets.token_urlsafe(),
        "TOKENGUARD_KEY": secret,
        "TOKENGUARD_STORAGE_URI": "memory://",
        "PROVIDER_CLIENT_ID": CLIENT,
        "PROVIDER_CLIENT_SECRET": provider.client_secret,
        "PROVIDER_SERVER_METADATA_URL": f"{provider.url}/.well-known/openid-configuration",
        "PROVIDER_API_BASE_URL": f"{provider.url}/",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"FLASK_{name}", value)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    module = ModuleType("page")
    module.__file__ = str(tmp_path / "page.py")
    monkeypatch.setitem(sys.modules, "page", module)
    exec(compile(code, module.__file__, "exec"), module.__dict__)  # noqa: S102 - it is what we test
    return module


@pytest.fixture
def client(page: ModuleType) -> FlaskClient:
    """A browser that is not signed in."""
    client: FlaskClient = page.app.test_client()
    return client


def begin(client: FlaskClient, path: str = "/") -> str:
    """Open a page, follow to the provider, and return the address that it sends the browser to."""
    login = get(client, path, headers=PERSON)
    assert login.status_code == 303
    provider = get(client, str(login.location)).location
    assert provider is not None
    return requests.get(provider, allow_redirects=False, timeout=10).headers["Location"]


def path_of(address: str) -> str:
    parts = urlsplit(address)
    assert parts.netloc == HOST
    return f"{parts.path}?{parts.query}"


def sign_in(client: FlaskClient, path: str = "/") -> TestResponse:
    return get(client, path_of(begin(client, path)))


def test_the_page_names_the_settings_of_its_app() -> None:
    named = set(re.findall(r"^FLASK_(\w+)=", PAGE, re.MULTILINE))
    assert {name for name in named if not name.startswith("TOKENGUARD_KEY")} == {
        *("SECRET_KEY", "TOKENGUARD_STORAGE_URI", "PROVIDER_CLIENT_ID", "PROVIDER_CLIENT_SECRET"),
        *("PROVIDER_SERVER_METADATA_URL", "PROVIDER_API_BASE_URL"),
    }


def test_a_person_is_sent_to_the_provider_and_back(client: FlaskClient) -> None:
    answer = sign_in(client, "/?folder=new")
    assert (answer.status_code, answer.location) == (302, "/?folder=new")
    assert "Files of Alice" in get(client, "/").text


def test_the_backend_calls_the_provider_s_api(client: FlaskClient) -> None:
    sign_in(client)
    assert get(client, "/api/files").get_json() == FILES


def test_the_browser_gets_no_token_of_the_provider(
    client: FlaskClient, provider: Provider, page: ModuleType
) -> None:
    answers = [sign_in(client), get(client, "/"), get(client, "/api/files")]
    (text,) = page.run("SELECT token FROM tokens")
    assert provider.accepted[-1] in text
    sent = "".join(f"{answer.headers} {answer.text}" for answer in answers)
    for token in re.findall(r'"(?:access_token|refresh_token|id_token)": "([^"]+)"', text):
        assert token not in sent
    assert all("HttpOnly" in cookie for cookie in answers[0].headers.getlist("Set-Cookie")[:2])


def test_the_provider_s_token_is_refreshed_on_the_way(
    client: FlaskClient, provider: Provider
) -> None:
    provider.lifetime = 1
    sign_in(client)
    assert get(client, "/api/files").get_json() == FILES
    assert get(client, "/api/files").get_json() == FILES
    assert provider.refreshes == 2


def test_a_session_that_the_provider_ended_is_a_401(
    client: FlaskClient, provider: Provider
) -> None:
    provider.lifetime = 1
    sign_in(client)
    provider.is_over = True
    assert get(client, "/api/files").status_code == 401
    assert str(get(client, "/api/files", headers=PERSON).location).startswith("/login")


def test_an_answer_not_asked_for_by_the_browser_signs_nobody_in(
    client: FlaskClient, page: ModuleType
) -> None:
    address = begin(page.app.test_client())
    answer = get(client, path_of(address))
    assert answer.status_code == 400
    assert cookie_of(client, REFRESH) is None


def test_a_logout_ends_both_sessions(client: FlaskClient, provider: Provider, page: Any) -> None:
    sign_in(client)
    answer = post(client, "/logout")
    address = urlsplit(str(answer.location))
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{provider.url}/logout"
    query = parse_qs(address.query)
    assert query["post_logout_redirect_uri"] == [f"https://{HOST}/"]
    assert query["id_token_hint"][0].count(".") == 2
    assert [cookie_of(client, name) for name in NAMES] == [None] * 3
    assert page.run("SELECT token FROM tokens") is None


def test_another_site_signs_nobody_out(client: FlaskClient) -> None:
    sign_in(client)
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert post(client, "/logout", headers=headers).status_code == 403
    assert get(client, "/").status_code == 200
    assert post(client, "/logout", headers=SAME).status_code == 302
