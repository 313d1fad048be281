"""What docs/migrating.md has an app write, with tokens of the real flask-jwt-extended."""

import io
import re
import sqlite3
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.jose.compact import parse, parse_payload

from ..conftest import MakeApp
from ..support import ROOT, SettableClock, bearer
from ..web.former import FormerApp

PAGE = (ROOT / "docs" / "migrating.md").read_text()
SETTING, EXPORT, CALLBACK, _ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(QUERY,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
NOW = 1_790_000_000


def run(code: str, **names: Any) -> dict[str, Any]:
    exec(compile(code, "migrating.md", "exec"), names)  # noqa: S102 - it is what we test
    return names


@pytest.fixture
def entry() -> dict[str, Any]:
    """What the page sets."""
    found: dict[str, Any] = run(SETTING)["TOKENGUARD_FORMER_TOKENS"]
    return found


@pytest.fixture
def clock() -> SettableClock:
    """A clock before the day of the page."""
    return SettableClock(time.time())


def test_the_setting_takes_the_tokens_that_are_out(
    make_app: MakeApp, entry: dict[str, Any], clock: SettableClock
) -> None:
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(clock.now + 86_400))
    app = make_app(FORMER_TOKENS=entry | {"until": tomorrow})
    assert status_of(app, FormerApp(entry["key"]).access()) == 200


def status_of(app: Flask, token: str) -> int:
    return app.test_client().get("/claims", headers=bearer(token)).status_code


def test_the_callback_asks_the_old_blocklist(
    make_app: MakeApp, entry: dict[str, Any], clock: SettableClock
) -> None:
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(clock.now + 86_400))
    guard = TokenGuard()
    app = make_app(guard, FORMER_TOKENS=entry | {"until": tomorrow})
    tokens = [FormerApp(entry["key"]).access() for _ in range(2)]
    revoked = parse_payload(parse(tokens[0]))["jti"]
    run(CALLBACK, guard=guard, is_in_blocklist=lambda jti: jti == revoked)
    assert [status_of(app, token) for token in tokens] == [401, 200]


def test_the_query_writes_lines_to_import() -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE token_blocklist (jti TEXT, created_at DATETIME)")
    row = ("6d1c", time.strftime("%Y-%m-%d %H:%M:%S.123456", time.gmtime(NOW)))
    database.execute("INSERT INTO token_blocklist VALUES (?, ?)", row)
    assert database.execute(QUERY).fetchall() == [(f"6d1c,{NOW + 2_592_000}",)]
    database.close()


def test_the_export_from_redis_writes_lines_to_import(
    make_app: MakeApp, entry: dict[str, Any]
) -> None:
    class Blocklist:
        def scan_iter(self) -> Iterator[str]:
            yield from ("alive", "for ever")

        def ttl(self, jti: str) -> int:
            return {"alive": 60, "for ever": -1}[jti]

    file = io.StringIO()
    clock = SimpleNamespace(time=lambda: NOW + 0.5)
    run(EXPORT, time=clock)["write_revoked"](Blocklist(), file)
    assert file.getvalue() == f"alive,{NOW + 60}\nfor ever,{NOW + 2_592_000}\n"
    app = make_app(STORAGE_URI="memory://", FORMER_TOKENS=entry | {"until": "2020-01-01"})
    runner = app.test_cli_runner()
    result = runner.invoke(tokenguard, ["import-revoked", "-"], input=file.getvalue())
    assert result.exit_code == 0
