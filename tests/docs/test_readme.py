"""The README says what is true: its code runs, its table lists every setting."""

import re
from dataclasses import fields
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_tokenguard import current_user, errors, token_required
from flask_tokenguard.config.settings import PREFIX, Settings

from ..support import ROOT, bearer, challenge_of

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


def test_the_settings_table_lists_every_setting_in_order() -> None:
    listed = re.findall(rf"^\| `({PREFIX}\w+)` \|", README, re.MULTILINE)
    assert listed == [PREFIX + item.name.upper() for item in fields(Settings)]


def test_the_table_of_errors_is_right() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (\d+) \|", README, re.MULTILINE)
    assert len(listed) == 7
    assert {name: int(status) for name, status in listed} == {
        name: getattr(errors, name).code for name, _ in listed
    }
