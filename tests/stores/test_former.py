"""The import of what another program had revoked, on each kind of store, and what it survives."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import TokenGuard, sessions_of
from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.issue import ids
from flask_tokenguard.jose.compact import parse, parse_payload

from ..conftest import MakeApp
from ..support import SettableClock, status_of
from ..web.former import PROFILE, SHORT_SECRET, FormerApp
from .topologies import Cluster

Build = Callable[..., Flask]


@pytest.fixture
def build(make_app: MakeApp, clock: SettableClock, prefix: str, secret: str) -> Build:
    """Make an app that takes former tokens, on a store."""
    until = (datetime.fromtimestamp(clock.now, UTC) + timedelta(days=30)).date().isoformat()

    def build(uri: str, **settings: Any) -> Flask:
        entry = {"profile": PROFILE, "key": SHORT_SECRET, "until": until}
        settings |= {"FORMER_TOKENS": entry, "KEY": secret}
        return make_app(STORAGE_URI=uri, STORAGE_PREFIX=prefix, **settings)

    return build


def run_import(app: Flask, *tokens: str) -> None:
    claims = [parse_payload(parse(token)) for token in tokens]
    lines = "".join(f"{each['jti']},{each['exp']}\n" for each in claims)
    runner = app.test_cli_runner()
    result = runner.invoke(tokenguard, ["import-revoked", "-"], input=lines)
    assert result.exit_code == 0, result.output


def test_an_import_lets_in_what_was_not_revoked(store_uri: str, build: Build) -> None:
    app, former = build(store_uri), FormerApp()
    tokens = [former.access() for _ in range(2)]
    assert [status_of(app, token) for token in tokens] == [401, 401]
    run_import(app, tokens[0])
    assert [status_of(app, token) for token in tokens] == [401, 200]


@pytest.mark.parametrize("rotation", ["on", "off"])
def test_an_old_refresh_token_has_one_session(store_uri: str, build: Build, rotation: str) -> None:
    app, old = build(store_uri, REFRESH_ROTATION=rotation), FormerApp().refresh()
    run_import(app)
    guard: TokenGuard = app.extensions["guard"]
    pairs = [guard.refresh_token_pair(token=old) for _ in range(2)]
    assert [status_of(app, pair["access_token"]) for pair in pairs] == [200, 200]
    with app.app_context():
        assert len(sessions_of("alice")) == 1


def test_another_process_knows_of_the_import(build: Build, tmp_path: Path) -> None:
    uri, token = f"sqlite:///{tmp_path}/tokens.db", FormerApp().access()
    run_import(build(uri))
    assert status_of(build(uri), token) == 200


def test_a_file_from_before_the_import_lets_nobody_in(build: Build, tmp_path: Path) -> None:
    file, token = tmp_path / "tokens.db", FormerApp().access()
    status_of(build(f"sqlite:///{file}"), token)
    backup = file.read_bytes()
    app = build(f"sqlite:///{file}")
    run_import(app)
    assert status_of(app, token) == 200
    restored = tmp_path / "restored.db"
    restored.write_bytes(backup)
    assert status_of(build(f"sqlite:///{restored}"), token) == 401


@pytest.mark.usefixtures("clusters_begin")
def test_a_node_that_lost_its_data_lets_nobody_in(build: Build, cluster: Cluster) -> None:
    app, former = build(cluster.uri, STORAGE_TIMEOUT=10), FormerApp()
    tokens = [former.access(f"user {number}") for number in range(24)]
    run_import(app)
    assert {status_of(app, token) for token in tokens} == {200}
    lost = cluster.nodes[0]
    lost.ask("FLUSHALL")
    known = {
        token
        for token in tokens
        if all(cluster.owner_of(slot) is not lost for slot in slots_of(app, token))
    }
    assert {token for token in tokens if status_of(app, token) == 200} == known
    assert known != set(tokens)


def slots_of(app: Flask, token: str) -> list[int]:
    """Return the slots of what is known of a token: by its subject, and by its own id."""
    from redis.crc import key_slot  # noqa: PLC0415 - with a cluster alone

    claims = parse_payload(parse(token))
    prefix = app.config["TOKENGUARD_STORAGE_PREFIX"]
    found = (ids.subject_id(None, claims["sub"]), ids.token_id(None, claims["jti"]))
    return [int(key_slot(f"{prefix}{{{each[0]:02x}}}:epoch".encode())) for each in found]
