"""The README says what is true: its code runs, its table lists every setting."""

import re
import shutil
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_tokenguard import current_user, errors, token_required
from flask_tokenguard.config.settings import PREFIX, Settings

from ..support import ROOT, bearer, challenge_of
from .shell import BIN, Session, exported_names, run_blocks

README = (ROOT / "README.md").read_text()
PASSWORD = "correct horse battery staple"


@pytest.fixture
def quick_start(monkeypatch: pytest.MonkeyPatch, secret: str) -> ModuleType:
    """Run the README's Python, as one module."""
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", secret)
    monkeypatch.setenv("FLASK_TOKENGUARD_STORAGE_URI", "memory://")
    module = ModuleType("app")
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    exec(compile(code, "README.md", "exec"), module.__dict__)  # noqa: S102 - it is what we test
    return module


@pytest.fixture
def client(quick_start: ModuleType) -> FlaskClient:
    """A client of the quick start's app."""
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


def test_the_quick_start_needs_no_store(
    quick_start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert quick_start.app.config["TOKENGUARD_STORAGE_URI"] == "memory://"
    monkeypatch.delenv("FLASK_TOKENGUARD_STORAGE_URI")
    first, _ = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[:2]
    module = ModuleType("app")
    exec(compile(first, "README.md", "exec"), module.__dict__)  # noqa: S102 - it is what we test
    client = module.app.test_client()
    assert client.get("/notes", headers=bearer(log_in(client)["access_token"])).status_code == 200


def test_a_wrong_password_is_answered_as_on_the_page_of_sessions(client: FlaskClient) -> None:
    answers = [
        client.post(path, data={"name": "ada", "password": "guess"})
        for path in ("/login", "/session")
    ]
    # The page has a callback that shapes answers.
    texts = {"invalid_grant", "Wrong name or password"}
    assert [(answer.status_code, {*answer.get_json().values()}) for answer in answers] == [
        (400, texts)
    ] * 2


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The README, followed from top to bottom in one shell."""
    if shutil.which("curl") is None or not (BIN / "flask").exists():
        pytest.skip("curl or the command flask is not installed")
    return run_blocks(README, tmp_path_factory.mktemp("reader"))


def test_the_readme_can_be_followed_in_one_shell(session: Session) -> None:
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


def test_the_readme_shows_what_its_commands_print(session: Session) -> None:
    printed = iter(session.stdout.splitlines())
    assert [line for line in session.shown if line not in printed] == []


PAGES = {path: path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}
EXPORTS = [(path, name) for path, page in PAGES.items() for name in sorted(exported_names(page))]


@pytest.mark.parametrize(("path", "name"), EXPORTS, ids=lambda value: getattr(value, "name", value))
def test_every_export_on_a_page_has_its_undoing(path: Path, name: str) -> None:
    assert f"`unset {name}` undoes it" in PAGES[path]


def test_the_readme_exports_each_setting_that_it_needs() -> None:
    names = {name for path, name in EXPORTS if path.name == "README.md"}
    assert {name.removeprefix("FLASK_TOKENGUARD_") for name in names} == {
        *("KEY", "STORAGE_URI", "ENCRYPTION", "KEYRING")
    }


def test_the_settings_table_lists_every_setting_in_order() -> None:
    listed = re.findall(rf"^\| `({PREFIX}\w+)` \|", README, re.MULTILINE)
    assert listed == [PREFIX + item.name.upper() for item in fields(Settings)]


def test_the_table_of_errors_is_right() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (\d+) \|", README, re.MULTILINE)
    assert len(listed) == 7
    assert {name: int(status) for name, status in listed} == {
        name: getattr(errors, name).code for name, _ in listed
    }
