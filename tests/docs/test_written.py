"""The pages of settings and commands are what the code has, and each example of a setting works."""

import ast
import re
import shlex
from dataclasses import Field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard.config.settings import PREFIX, Settings

from .written import DOCS, PARTS, filled, setting_texts

TEXTS = setting_texts()
WRITTEN = [path for path in DOCS.glob("*.md") if "<!-- written: " in path.read_text()]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_a_page_is_as_the_code_has_it(path: Path) -> None:
    page = path.read_text()
    assert page == filled(page), "write it anew: python -m tests.docs.written"


def test_every_setting_has_a_text_below_its_field() -> None:
    assert list(TEXTS) == [setting.name for setting in fields(Settings)]


def test_settings_and_commands_have_a_page_each() -> None:
    assert sorted(path.stem for path in WRITTEN) == sorted(PARTS)


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_the_example_of_a_setting_is_accepted(setting: Field[Any], tmp_path: Path) -> None:
    example = ast.literal_eval(TEXTS[setting.name].example)
    config = {PREFIX + setting.name.upper(): example}
    settings = Settings.read(config, pytest.fail, folder=tmp_path)
    assert getattr(settings, setting.name) != setting.default


def test_the_lines_for_the_environment_set_what_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = re.findall(r"^export (\w+)=(.+)$", (DOCS / "settings.md").read_text(), re.MULTILINE)
    for name, value in lines:
        monkeypatch.setenv(name, shlex.split(value)[0])
    app = Flask("app")
    app.config.from_prefixed_env()
    settings = Settings.read(app.config, pytest.fail, folder=Path())
    assert settings.access_token_lifetime == timedelta(minutes=5)
    assert settings.audience == ("notes-api", "admin-api")
