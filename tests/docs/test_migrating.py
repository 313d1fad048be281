"""What docs/migrating.md has an app write, with tokens of the real flask-jwt-extended."""

import io
import re
import secrets
import sqlite3
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, g

from flask_tokenguard import (
    InvalidGrant,
    InvalidToken,
    TokenGuard,
    issue_token,
    token_required,
)
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.config.locations import read_locations
from flask_tokenguard.jose.compact import parse, parse_payload

from ..conftest import MakeApp
from ..support import ROOT, SettableClock, status_of
from ..web.former import FormerApp

PAGE = (ROOT / "docs" / "migrating.md").read_text()
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SETTING, EXPORT, CALLBACK, _, PLACES, VIEWS, OWN, COOKIES, RENAMED, *OTHERS = CODE
REVOKED, SHAPE, BY_HAND, FLASK_JWT = OTHERS
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


def test_what_the_old_version_revoked_is_refused_of_ours_too() -> None:
    app, revoked = Flask("new"), set[str]()
    app.config.update(TOKENGUARD_KEY=secrets.token_urlsafe(32), TOKENGUARD_STORAGE_URI="memory://")
    names = {"InvalidToken": InvalidToken, "TokenGuard": TokenGuard, "find_user": str}
    guard = run(REVOKED, app=app, is_in_blocklist=revoked.__contains__, **names)["guard"]
    app.add_url_rule("/claims", "claims", token_required(lambda: "served"))
    pair = guard.issue_token_pair("alice")
    assert status_of(app, pair["access_token"]) == 200
    tokens = [pair["access_token"], pair["refresh_token"]]
    revoked |= {parse_payload(parse(token))["jti"] for token in tokens}
    assert status_of(app, tokens[0]) == 401
    with pytest.raises(InvalidGrant, match="gone"):
        guard.refresh_token_pair(token=tokens[1])


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


def settings_of(code: str) -> dict[str, Any]:
    """Read the settings of a block, without their prefix."""
    return {
        name.removeprefix("TOKENGUARD_"): value
        for name, value in run(code).items()
        if name.startswith("TOKENGUARD_")
    }


@pytest.mark.parametrize("code", [PLACES, COOKIES, RENAMED])
def test_the_places_are_settings(make_app: MakeApp, code: str) -> None:
    assert make_app(**settings_of(code)).extensions["tokenguard"].cookies is not None


def test_every_entry_of_the_table_is_one() -> None:
    table = PAGE.partition("| entry |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| .* \| `([^`]+)`.*\|$", table, re.MULTILINE)
    assert "header:Authorization:Token" in rows
    assert read_locations(rows)


def test_views_name_places_of_their_own(make_app: MakeApp) -> None:
    app = make_app()
    run(VIEWS, app=app, g=g, token_required=token_required)
    client = app.test_client()
    with app.app_context():
        token = issue_token("alice")
    assert client.get(f"/report.pdf?jwt={token}").text == "for alice"
    assert client.get(f"/news?jwt={token}").text == "everybody's"
    client.set_cookie("__Host-access_token", token)
    assert client.get("/news", base_url="https://localhost").text == "yours"


def test_a_function_finds_a_token(make_app: MakeApp) -> None:
    app = Flask(__name__)
    app.config["TOKENGUARD_KEY"] = make_app().config["TOKENGUARD_KEY"]
    guard = run(OWN, app=app, TokenGuard=TokenGuard)["guard"]
    app.add_url_rule("/", view_func=token_required(lambda: g.claims.subject))
    headers = {"X-Legacy": f"jwt={guard.issue_token('alice')}"}
    assert app.test_client().get("/", headers=headers).text == "alice"
