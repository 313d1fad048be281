"""`flask tokenguard`: faults, and colours, the command that is installed."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from flask import Flask

from flask_tokenguard.cli.commands import tokenguard

from ...conftest import MakeApp
from ...support import Config
from .support import run, run_alone, run_with

NEEDS_AN_APP = [
    *(["keys"], ["rotate"], ["prune"], ["jwks"], ["issue", "ada"]),
    *(["routes"], ["doctor"], ["sessions", "ada"], ["logout", "ada"], ["revoke", "x"]),
]


@pytest.mark.parametrize("command", NEEDS_AN_APP, ids=" ".join)
def test_every_fault_of_a_config_has_its_own_line(make_app: MakeApp, command: list[str]) -> None:
    result = run_with(lambda: make_app(ALGORITHMS="HS256", LEEWAY=-1), *command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "Error: TOKENGUARD_ALGORITHMS is not a setting; did you mean TOKENGUARD_ALGORITHM?",
        "TOKENGUARD_LEEWAY must be from 0 to 300 seconds, and is -1",
    ]


@pytest.mark.parametrize("command", NEEDS_AN_APP, ids=" ".join)
def test_no_app_is_an_error(command: list[str]) -> None:
    result = run_alone(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Could not locate a Flask application." in result.stderr


@pytest.mark.parametrize("command", NEEDS_AN_APP, ids=" ".join)
def test_an_app_without_a_guard_is_an_error(command: list[str]) -> None:
    result = run(Flask("plain"), *command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: The app 'plain' has no TokenGuard\n"


@pytest.mark.parametrize(
    "settings",
    [{"KEY": "tooshortasecret"}, {"KEY_FILE": "{tooshortasecret"}, {"KEYS": ["tooshortasecret"]}],
)
def test_an_error_never_quotes_a_secret(make_app: MakeApp, settings: Config) -> None:
    result = run_with(lambda: make_app(**settings), "keys")
    assert result.exit_code == 2
    assert "tooshortasecret" not in result.output


def test_an_unknown_command_is_an_error() -> None:
    result = run_alone("keygne")
    assert (result.exit_code, result.stdout) == (2, "")


def test_help_names_every_command() -> None:
    result = run_alone("--help")
    assert all(
        f"\n  {name} " in result.stdout
        for name in "doctor inspect issue jwks keygen keys logout prune revoke rotate routes"
        " sessions".split()
    )


@pytest.mark.parametrize("name", sorted(tokenguard.commands))
def test_every_command_prints_json_for_programs(name: str) -> None:
    assert "--json" in run_alone(name, "--help").stdout


def test_there_is_no_colour_where_there_is_no_terminal(make_app: MakeApp) -> None:
    assert "\x1b" not in run(make_app(), "doctor").output


def test_there_is_colour_on_a_terminal(make_app: MakeApp) -> None:
    assert "\x1b[33m" in run(make_app(), "doctor", color=True).stdout


def test_a_verdict_has_a_colour_on_a_terminal(make_app: MakeApp) -> None:
    result = run(make_app(), "inspect", "nonsense", color=True)
    assert "\x1b[31m" in result.stdout


def test_no_color_is_heeded_on_a_terminal(make_app: MakeApp) -> None:
    result = run(make_app(), "doctor", color=True, env={"NO_COLOR": "1"})
    assert "\x1b[3" not in result.stdout


def test_json_has_no_colour_on_a_terminal(make_app: MakeApp) -> None:
    assert "\x1b" not in run(make_app(), "doctor", "--json", color=True).stdout


@pytest.mark.skipif(
    not entry_points(group="flask.commands", name="tokenguard"),
    reason="the package is not installed, so that flask does not know its commands",
)
def test_flask_finds_the_commands_for_every_app(tmp_path: Path) -> None:
    app = tmp_path / "served.py"
    app.write_text(
        "from flask import Flask\nfrom flask_tokenguard import TokenGuard\napp = Flask('served')\n"
        "app.config['TOKENGUARD_KEY'] = '0123456789' * 8\nTokenGuard(app)\n"
    )
    command = [sys.executable, "-m", "flask", "--app", str(app), "tokenguard", "routes"]
    result = subprocess.run(  # noqa: S603 - the command is ours
        command, capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.splitlines()[0].split() == ["endpoint", "methods", "rule", "demands"]
