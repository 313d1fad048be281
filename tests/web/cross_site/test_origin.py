"""Requests from other sites: whose origin it is, headers of any content."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_tokenguard import (
    CrossSiteRequest,
    issue_token,
    token_rejected,
    token_required,
)

from ..conftest import GuardApp
from ..support import new_view, received
from .support import ACCESS, HOST, OWN, Browser, Row

FORM = "application/x-www-form-urlencoded"


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
