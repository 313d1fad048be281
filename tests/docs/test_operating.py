"""The page for operators: each line of it does what the page promises."""

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from flask_tokenguard import TokenGuard, issue_token, issue_token_pair
from flask_tokenguard.cli.commands import tokenguard

from ..conftest import MakeApp
from ..support import ROOT, Config, bearer, turn_ring

PAGE = (ROOT / "docs" / "operating.md").read_text()
Type = Callable[[Flask, str], list[Result]]


@pytest.fixture
def safe(private_pems: dict[str, str], tmp_path: Path) -> Config:
    """Settings of an app that its doctor finds well."""
    uri = f"sqlite:///{tmp_path / 'store.db'}"
    return {"KEY": private_pems["ES256"], "ISSUER": "us", "AUDIENCE": "api", "STORAGE_URI": uri}


@pytest.fixture
def type_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Type the lines of a section, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLASK_DEBUG", raising=False)

    def type_section(app: Flask, heading: str) -> list[Result]:
        (block,) = re.findall(
            rf"^## {heading}\n.*?^```sh\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE
        )
        return [type_line(app, os.path.expandvars(line)) for line in block.splitlines()]

    return type_section


def type_line(app: Flask, line: str) -> Result:
    """Type a line, as a shell reads it that knows of files alone."""
    command, _, target = line.partition(" > ")
    command, _, source = command.partition(" < ")
    flask, group, *arguments = shlex.split(command)
    assert (flask, group) == ("flask", "tokenguard")
    text = Path(source).read_text() if source else None
    result = app.test_cli_runner().invoke(tokenguard, arguments, input=text)
    if target:
        Path(target).write_text(result.stdout)
    return result


def pair_of(app: Flask) -> dict[str, str]:
    with app.app_context():
        return {name: str(value) for name, value in issue_token_pair("alice").items()}


def is_accepted(app: Flask, token: str) -> bool:
    return app.test_client().get("/claims", headers=bearer(token)).status_code == 200


def codes(results: list[Result]) -> list[int]:
    return [result.exit_code for result in results]


def test_the_lines_at_a_glance_are_those_of_the_sections() -> None:
    table, _, sections = PAGE.partition("\n## ")
    lines = re.findall(r"`(flask tokenguard .+?)`", table)
    assert len(lines) == 6
    assert [line for line in lines if f"\n{line}\n" not in sections] == []


def test_a_stolen_account_is_closed(make_app: MakeApp, safe: Config, type_section: Type) -> None:
    app = make_app(**safe)
    token = pair_of(app)["access_token"]
    assert codes(type_section(app, "An account is stolen")) == [0]
    assert not is_accepted(app, token)


def test_a_lost_device_is_logged_out(
    make_app: MakeApp, safe: Config, type_section: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(**safe)
    lost, kept = (pair_of(app)["access_token"] for _ in range(2))
    monkeypatch.setenv("SID", app.extensions["guard"].verify(lost).claims["sid"])
    listed, ended = type_section(app, "A device is lost")
    assert (listed.stdout.count("\n"), ended.exit_code) == (3, 0)
    assert [is_accepted(app, token) for token in (lost, kept)] == [False, True]


def test_a_leaked_token_is_refused(
    make_app: MakeApp, safe: Config, type_section: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(**safe)
    with app.app_context():
        tokens = [issue_token("alice") for _ in range(2)]
    Path("token.txt").write_text(tokens[0])
    monkeypatch.setenv("JTI", str(app.extensions["guard"].verify(tokens[1]).claims.id))
    assert codes(type_section(app, "A token leaked")) == [0, 0]
    assert [is_accepted(app, token) for token in tokens] == [False, False]


def test_a_leaked_ring_verifies_nothing_more(
    make_app: MakeApp, tmp_path: Path, type_section: Type
) -> None:
    turn_ring(tmp_path / "ring", alg="ES256", now=1)
    stolen = make_app(KEYRING=str(tmp_path / "ring"))
    with stolen.app_context():
        token = issue_token("alice")
    assert codes(type_section(stolen, "A key leaked")) == [0, 0, 0]
    app = make_app(KEYRING=str(tmp_path / "ring"))
    assert not is_accepted(app, token)


def test_a_programs_token_lives_long(make_app: MakeApp, safe: Config, type_section: Type) -> None:
    guard = TokenGuard()
    app = make_app(guard, **safe)
    assert codes(type_section(app, "A program needs a token")) == [0]
    written = json.loads(Path("token.json").read_text())
    assert written.keys() == {"access_token", "token_type", "expires_in", "jti"}
    assert (written["expires_in"], is_accepted(app, written["access_token"])) == (7_776_000, True)


def test_a_refused_token_is_explained(make_app: MakeApp, safe: Config, type_section: Type) -> None:
    Path("token.txt").write_text("nonsense")
    assert codes(type_section(make_app(**safe), "Something is refused")) == [1]


def test_a_healthy_app_passes(make_app: MakeApp, safe: Config, type_section: Type) -> None:
    assert codes(type_section(make_app(**safe), "Before it is night")) == [0, 0]
