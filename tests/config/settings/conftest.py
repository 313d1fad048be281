"""Every setting: fixtures."""

import pytest
from flask import Flask

from flask_tokenguard.config.settings import Settings

from .support import FOLDER, FromEnvironment


@pytest.fixture
def from_environment(monkeypatch: pytest.MonkeyPatch) -> FromEnvironment:
    """Read settings as `app.config.from_prefixed_env` does."""

    def read_environment(**variables: str) -> tuple[Settings, list[str]]:
        faults: list[str] = []
        for name, value in variables.items():
            monkeypatch.setenv(f"FLASK_TOKENGUARD_{name}", value)
        app = Flask(__name__)
        app.config.from_prefixed_env()
        return Settings.read(app.config, faults.append, folder=FOLDER), faults

    return read_environment
