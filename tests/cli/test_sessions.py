"""The command line and a store: what it prints, and what it does."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from flask_tokenguard import TokenGuard, issue_token_pair, revoke_token
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.errors import Unavailable
from flask_tokenguard.keys.ring_files import INDEX, read_index
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..support import Config, SettableClock, turn_ring

DAY = 86_400


class AwayStore(MemoryStore):
    """A store that cannot be reached."""

    def risks(self) -> Sequence[str]:
        """Fail."""
        raise Unavailable

    def next_instant(self, _: bytes) -> int:
        """Fail."""
        raise Unavailable("The token store is out of reach")

    def prune(self, *_: Any) -> int:
        """Fail."""
        raise Unavailable("The token store is out of reach")


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(tokenguard, list(arguments))


def findings_about(app: Flask, about: str) -> list[str]:
    rows = json.loads(run(app, "doctor", "--json").stdout)
    return [row["why"] for row in rows if row["about"] == f"TOKENGUARD_{about}"]


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """A ring with a retired key."""
    for now in (1, 2):
        turn_ring(tmp_path / "ring", alg="ES256", now=now)
    return tmp_path / "ring"


def stale_store(clock: SettableClock) -> MemoryStore:
    """Make a store with one entry that expired long ago."""
    store = MemoryStore(clock=clock, monotonic=clock)
    store.revoke(b"j" * 16, subject=None, expires=int(clock()))
    clock.now += 2 * DAY
    return store


def test_prune_drops_what_expired_in_the_store(make_app: MakeApp, clock: SettableClock) -> None:
    app = make_app(TokenGuard(store=stale_store(clock)))
    result = run(app, "prune")
    assert (result.exit_code, result.stdout) == (0, "1 entry dropped\n")
    assert run(app, "prune").stdout == "0 entries dropped\n"


def test_prune_drops_the_keys_of_the_ring_too(
    make_app: MakeApp, ring: Path, clock: SettableClock
) -> None:
    app = make_app(TokenGuard(store=stale_store(clock)), KEYRING=str(ring))
    assert run(app, "prune").stdout == "1 key dropped\n1 entry dropped\n"


def test_prune_counts_what_it_dropped_for_programs(make_app: MakeApp, clock: SettableClock) -> None:
    app = make_app(TokenGuard(store=stale_store(clock)))
    assert json.loads(run(app, "prune", "--json").stdout) == {"keys": None, "entries": 1}


def test_prune_of_a_ring_that_is_named_leaves_the_store(
    make_app: MakeApp, ring: Path, clock: SettableClock
) -> None:
    app = make_app(TokenGuard(store=stale_store(clock)))
    assert run(app, "prune", "--keyring", str(ring)).stdout == "1 key dropped\n"


@pytest.mark.parametrize("arguments", [["prune"], ["issue", "alice"]], ids=" ".join)
def test_a_command_fails_in_a_line_while_the_store_is_away(
    make_app: MakeApp, arguments: list[str]
) -> None:
    result = run(make_app(TokenGuard(store=AwayStore())), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("Error: The token store is out of reach\n")
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("command", ["keys", "jwks", "routes", "prune", "doctor"])
def test_an_app_that_needs_its_store_to_start_fails_in_a_line(command: str) -> None:
    def create_app() -> Flask:
        raise Unavailable("The token store is out of reach")

    result = CliRunner().invoke(tokenguard, [command], obj=ScriptInfo(create_app=create_app))
    assert (result.exit_code, result.stderr) == (2, "Error: The token store is out of reach\n")


def test_a_ring_rotates_while_the_store_is_away(
    ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create_app() -> Flask:
        raise Unavailable("The token store is out of reach")

    monkeypatch.setenv("FLASK_TOKENGUARD_KEYRING", str(ring))
    info = ScriptInfo(create_app=create_app)
    result = CliRunner().invoke(tokenguard, ["rotate", "--now"], obj=info)
    assert (result.exit_code, result.stderr) == (0, f"The ring: {ring}\n")


def test_keys_of_a_ring_that_broke_meanwhile_fail_in_a_line(make_app: MakeApp, ring: Path) -> None:
    app = make_app(KEYRING=str(ring))
    (ring / INDEX).write_text("{")
    result = run(app, "keys")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: The ring cannot be read: ring.json is malformed")


def test_a_ring_keeps_the_keys_of_refresh_tokens(make_app: MakeApp, ring: Path) -> None:
    app = make_app(KEYRING=str(ring), STORAGE_URI="memory://")
    run(app, "rotate", "--now")
    assert run(app, "prune").stdout.startswith("1 key dropped\n")
    assert [entry.state for entry in read_index(ring)] == ["verify-only", "active", "next"]
    assert app.extensions["tokenguard"].longest_lifetime.days == 30


def test_a_refresh_token_outlives_an_access_token_of_a_ring(make_app: MakeApp, ring: Path) -> None:
    app = make_app(KEYRING=str(ring), STORAGE_URI="memory://")
    with app.app_context():
        pair = issue_token_pair("alice")
    claims = app.extensions["tokenguard"].sessions.verify(pair["refresh_token"]).claims
    assert claims["exp"] - claims["iat"] == 30 * DAY


def test_doctor_warns_of_memory(make_app: MakeApp) -> None:
    (why,) = findings_about(make_app(STORAGE_URI="memory://"), "STORAGE_URI")
    assert "its own memory" in why


def test_doctor_has_nothing_to_say_of_a_file(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(STORAGE_URI=f"sqlite:///{tmp_path / 'store.db'}")
    assert findings_about(app, "STORAGE_URI") == []


def test_doctor_tells_of_a_store_that_is_away(make_app: MakeApp) -> None:
    app = make_app(TokenGuard(store=AwayStore()))
    assert findings_about(app, "STORAGE_URI") == ["It cannot be reached."]


def test_doctor_names_what_is_accepted_in_an_outage(make_app: MakeApp) -> None:
    app = make_app(STORAGE_URI="memory://", STORAGE_OUTAGE="accept")
    (why,) = findings_about(app, "STORAGE_OUTAGE")
    assert re.search("revoked access tokens are accepted", why)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"STORAGE_URI": "memory://", "REVOCATION_DELAY": 2}, "at most 2 seconds more"),
        ({"STORAGE_URI": "memory://", "REVOCATION_DELAY": 2, "CACHE_SIZE": 0}, "no effect"),
        ({"STORAGE_URI": "memory://", "REVOCATION_DELAY": 2, "CACHE_LIFETIME": 0}, "no effect"),
        ({"REVOCATION_DELAY": 2}, "no effect"),
        ({"STORAGE_URI": "memory://"}, None),
        ({"STORAGE_URI": "memory://", "CACHE_SIZE": 0}, None),
    ],
)
def test_doctor_prints_the_bound_of_the_delay(
    make_app: MakeApp, settings: Config, why: str | None
) -> None:
    found = findings_about(make_app(**settings), "REVOCATION_DELAY")
    assert [str(why) in each for each in found] == [True] * (why is not None)


def test_inspect_tells_of_a_revoked_token(make_app: MakeApp) -> None:
    app = make_app(STORAGE_URI="memory://")
    with app.app_context():
        token = issue_token_pair("alice")["access_token"]
        assert run(app, "inspect", token).exit_code == 0
        revoke_token(token)
    result = run(app, "inspect", "--json", token)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["checks"]["revocation"] == "refused: The token was revoked"


def test_inspect_asks_no_store_for_a_token_that_is_bad_anyway(
    make_app: MakeApp, clock: SettableClock
) -> None:
    app = make_app(TokenGuard(store=MemoryStore(clock=clock), clock=clock))
    with app.app_context():
        token = issue_token_pair("alice", lifetime=1)["access_token"]
    clock.now += 1
    result = run(app, "inspect", "--json", token)
    assert json.loads(result.stdout)["checks"]["revocation"] == "not checked"
