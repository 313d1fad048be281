"""TOKENGUARD_FORMER_TOKENS: what the tests share."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    TokenGuard,
)
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.errors import InvalidToken, Reason

from ...support import SettableClock, bearer

DAY = 86_400
Config = dict[str, Any]
Build = Callable[..., Flask]


def day_after(clock: SettableClock, days: int = 30) -> str:
    return datetime.fromtimestamp(clock.now + days * DAY, UTC).date().isoformat()


def verdict(app: Flask, token: str, path: str = "/claims") -> tuple[int, Any]:
    """Read the status, and the reason of a refusal or the claims."""
    answer = app.test_client().get(path, headers=bearer(token))
    return answer.status_code, answer.get_json(silent=True)


def accepts(app: Flask, token: str, path: str = "/claims") -> bool:
    return verdict(app, token, path)[0] == 200


def reason_of(app: Flask, token: str) -> Reason:
    guard: TokenGuard = app.extensions["guard"]
    with pytest.raises(InvalidToken) as raised:
        guard.verify(token)
    return raised.value.reason


def run_import(app: Flask, lines: str = "") -> None:
    result = app.test_cli_runner().invoke(tokenguard, ["import-revoked", "-"], input=lines)
    assert result.exit_code == 0, result.output
