"""`flask tokenguard`: what the tests share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import NoAppException, ScriptInfo

from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.keys.ring_files import read_index

PASSWORD = "correct horse"


def run(app: Flask, *arguments: str | Path, **options: Any) -> Result:
    """Type a command beside an app."""
    return app.test_cli_runner().invoke(tokenguard, list(map(str, arguments)), **options)


def run_with(create_app: Callable[[], Flask], *arguments: str | Path, **options: Any) -> Result:
    """Type a command where the app is yet to be made."""
    info = ScriptInfo(create_app=create_app)
    return CliRunner().invoke(tokenguard, list(map(str, arguments)), obj=info, **options)


def no_app() -> Flask:
    """Find no app, as where there is none."""
    raise NoAppException("Could not locate a Flask application.")


def run_alone(*arguments: str | Path, **options: Any) -> Result:
    """Type a command where there is no app."""
    return run_with(no_app, *arguments, **options)


def states(folder: Path) -> list[str]:
    """Read the states of a ring's keys."""
    return [entry.state for entry in read_index(folder)]
