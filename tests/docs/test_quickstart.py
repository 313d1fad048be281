"""The quick start does what its page states, and so does what three pages add to its app."""

import re
import shutil
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_tokenguard import current_user, token_required

from ..support import ROOT, bearer, challenge_of
from .shell import BIN, Session, run_blocks

DOCS = ROOT / "docs"
PAGE = (DOCS / "quickstart.md").read_text()
PASSWORD = "correct horse battery staple"
_CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
# Pages whose code goes below that of the quick start.
_GUARDED = re.compile(r"```python\n(@guard\..*?)```", re.DOTALL)
ADDED = "\n".join(
    code
    for name in ("views", "issuing", "errors")
    for code in _GUARDED.findall((DOCS / f"{name}.md").read_text())
)


def run_as_module(code: str) -> ModuleType:
    """Run the code of pages as one module."""
    module = ModuleType("app")
    exec(compile(code, "docs", "exec"), module.__dict__)  # noqa: S102 - it is what we test
    return module


@pytest.fixture
def quick_start(monkeypatch: pytest.MonkeyPatch, secret: str) -> ModuleType:
    """The app of the quick start, with what other pages add to it."""
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", secret)
    monkeypatch.setenv("FLASK_TOKENGUARD_STORAGE_URI", "memory://")
    return run_as_module("\n".join([*_CODE.findall(PAGE), ADDED]))


@pytest.fixture
def client(quick_start: ModuleType) -> FlaskClient:
    """A client of that app."""
    client: FlaskClient = quick_start.app.test_client()
    return client


def log_in(client: FlaskClient) -> dict[str, Any]:
    answer = client.post("/login", data={"name": "ada", "password": PASSWORD})
    body: dict[str, Any] = answer.get_json()
    return body


def test_the_quick_start_logs_in_and_reads(client: FlaskClient) -> None:
    answer = client.get("/notes", headers=bearer(log_in(client)["access_token"]))
    assert answer.get_json() == {"notes of": "ada"}


def test_the_quick_start_challenges_a_visitor(client: FlaskClient) -> None:
    answer = client.get("/notes")
    assert answer.status_code == 401
    assert challenge_of(answer) == 'Bearer realm="app"'


def test_the_quick_start_keeps_a_guest_from_deleting(client: FlaskClient) -> None:
    answer = client.delete("/notes", headers=bearer(log_in(client)["access_token"]))
    assert answer.status_code == 403
    assert 'scope="notes:write"' in challenge_of(answer)


def test_the_quick_start_finds_its_user(quick_start: ModuleType, client: FlaskClient) -> None:
    quick_start.app.add_url_rule("/me", view_func=token_required(lambda: dict(current_user)))
    answer = client.get("/me", headers=bearer(log_in(client)["access_token"]))
    assert answer.get_json() == {"issuer": None, "name": "ada"}


def test_a_session_is_refreshed_and_ended(client: FlaskClient) -> None:
    pair = client.post("/session", data={"name": "ada", "password": PASSWORD}).get_json()
    grant = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    headers = bearer(client.post("/oauth/token", data=grant).get_json()["access_token"])
    assert client.get("/notes", headers=headers).status_code == 200
    assert client.delete("/session", headers=headers).status_code == 204
    assert client.get("/notes", headers=headers).status_code == 401


def test_the_quick_start_needs_no_store(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", secret)
    client = run_as_module(_CODE.findall(PAGE)[0]).app.test_client()
    assert client.get("/notes", headers=bearer(log_in(client)["access_token"])).status_code == 200


def test_a_wrong_password_is_answered_as_on_the_page_of_sessions(client: FlaskClient) -> None:
    answers = [
        client.post(path, data={"name": "ada", "password": "guess"})
        for path in ("/login", "/session")
    ]
    # The page of errors has a callback that shapes answers.
    texts = {"invalid_grant", "Wrong name or password"}
    assert [(answer.status_code, {*answer.get_json().values()}) for answer in answers] == [
        (400, texts)
    ] * 2


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The quick start and what follows of keys, from top to bottom in one shell."""
    if shutil.which("curl") is None or not (BIN / "flask").exists():
        pytest.skip("curl or the command flask is not installed")
    pages = PAGE + (DOCS / "keys.md").read_text()
    return run_blocks(pages, tmp_path_factory.mktemp("reader"))


def test_the_quick_start_can_be_followed_in_one_shell(session: Session) -> None:
    assert session.status == 0, session.stderr
    requests = re.findall(r'((?:GET|POST) /\S+) HTTP/1\.1[^"]*" (\d+)', session.stderr)
    assert requests == [
        ("POST /login", "200"),
        ("GET /notes", "200"),
        ("GET /notes", "401"),
        ("POST /session", "200"),
        ("POST /oauth/token", "200"),
        ("POST /oauth/revoke", "200"),
    ]


def test_the_quick_start_shows_what_its_commands_print(session: Session) -> None:
    printed = iter(session.stdout.splitlines())
    assert [line for line in session.shown if line not in printed] == []
