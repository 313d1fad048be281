"""Clients refresh and revoke at our endpoints, and a browser's reads why it was refused."""

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from flask_tokenguard import TokenGuard, issue_token_pair

from ...conftest import MakeApp
from ...support import status_of
from ..page import PAGE, check_row
from ..support import npm_version_of, version_of
from .clients import CLIENT_ID, CLIENTS, Client, LoggedIn
from .conftest import Packages

LogIn: TypeAlias = Callable[[], LoggedIn]
SECTION = "Clients, servers and proxies"
NPM = ["openid-client", "@badgateway/oauth2-client"]
each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app with sessions and the token endpoints."""
    guard = TokenGuard()
    app = make_app(guard, STORAGE_URI="memory://")
    app.register_blueprint(guard.token_endpoints(), url_prefix="/oauth")
    return app


@pytest.fixture
def log_in(app: Flask) -> Iterator[LogIn]:
    """Log in at the app, which is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    issuer = f"http://127.0.0.1:{server.port}"

    def log_in() -> LoggedIn:
        with app.app_context():
            pair = issue_token_pair("ada", client_id=CLIENT_ID, scope="notes:read")
        return LoggedIn(
            issuer=issuer,
            token_url=f"{issuer}/oauth/token",
            revocation_url=f"{issuer}/oauth/revoke",
            pair=pair,
        )

    yield log_in
    server.shutdown()
    thread.join()
    server.server_close()


def works(
    app: Flask, log_in: LogIn, refresh: Callable[..., str], revoke: Callable[..., Any]
) -> str:
    """Refresh, and in another session revoke; return what works."""
    revoked = log_in()
    revoke(revoked)
    outcomes = {
        "refresh": status_of(app, refresh(log_in())) == 200,
        "revoke": status_of(app, revoked.pair["access_token"]) == 401,
    }
    return ", ".join(act for act, is_done in outcomes.items() if is_done)


@each_client
def test_a_client_refreshes_and_revokes(app: Flask, log_in: LogIn, client: Client) -> None:
    assert works(app, log_in, client.refresh, client.revoke) == "refresh, revoke"


@pytest.mark.wire
@each_client
def test_the_page_has_its_row(app: Flask, log_in: LogIn, client: Client) -> None:
    done = works(app, log_in, client.refresh, client.revoke)
    check_row(SECTION, client.name, version_of(client.distribution), done, client.mind)


@pytest.mark.wire
@pytest.mark.parametrize("name", NPM)
def test_the_page_has_the_row_of_npm_s(
    app: Flask, log_in: LogIn, packages: Packages, name: str
) -> None:
    def acting(act: str) -> Callable[[LoggedIn], str]:
        job = {"client": name, "act": act}
        return lambda ours: packages.scripts.run("clients.mjs", {**job, "ours": ours.job})

    done = works(app, log_in, acting("refresh"), acting("revoke"))
    check_row(SECTION, name, npm_version_of(packages.folder, name), done, "-")


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A client of the app after the page's line for CORS."""
    (line,) = re.findall(r"^CORS\(.*\)$", PAGE.read_text(), re.MULTILINE)
    names: dict[str, Any] = {"app": app}
    exec(f"from flask_cors import CORS\n{line}", names)  # noqa: S102 - it is what we test
    return app.test_client()


ORIGIN = "https://app.example.org"


@pytest.mark.parametrize("path", ["/claims", "/oauth/token", "/oauth/revoke"])
def test_a_page_of_another_origin_may_ask(browser: FlaskClient, path: str) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization"
    answer = browser.options(path, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization"


def test_a_page_of_another_origin_reads_the_challenge(browser: FlaskClient) -> None:
    answer = browser.get("/claims", headers={"Origin": ORIGIN})
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"WWW-Authenticate", "Retry-After"} <= {*exposed}
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_of_another_origin_reads_the_errors_of_a_refresh(
    browser: FlaskClient, method: str
) -> None:
    answer = browser.open("/oauth/token", method=method, headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.get_json()["error"] == "invalid_request"


@pytest.mark.parametrize("scheme", ["DPoP", "Token"])
def test_a_token_with_another_scheme_is_none_and_is_logged(
    app: Flask, caplog: pytest.LogCaptureFixture, scheme: str
) -> None:
    caplog.set_level("INFO", "flask_tokenguard")
    answer = app.test_client().get("/claims", headers={"Authorization": f"{scheme} a.b.c"})
    assert (answer.status_code, answer.get_json()["error"]) == (401, "token_missing")
    assert scheme in caplog.text
    assert "a.b.c" not in caplog.text


def test_a_page_of_a_stranger_reads_nothing(browser: FlaskClient) -> None:
    answer = browser.get("/claims", headers={"Origin": "https://evil.example.com"})
    assert "Access-Control-Allow-Origin" not in answer.headers
