"""Time under tools that stop it: freezegun replaces functions, time-machine their workings."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from freezegun import freeze_time

from flask_tokenguard import (
    TokenGuard,
    end_all_sessions,
    issue_token,
    issue_token_pair,
    token_required,
)
from flask_tokenguard.clock import Clock, Steady

from ..support import bearer
from .conftest import GuardApp
from .support import new_view

Freeze = Callable[[datetime], AbstractContextManager[Any]]
TOOLS: dict[str, Freeze] = {
    "freezegun": freeze_time,
    "time-machine": lambda moment: time_machine.travel(moment, tick=False),
}
MOMENTS = {"past": datetime(2001, 2, 3, tzinfo=UTC), "future": datetime(2099, 2, 3, tzinfo=UTC)}
STORES = {"no store": None, "memory": "memory://", "SQLite": "sqlite:///tokenguard.db"}


@pytest.fixture(params=TOOLS)
def freeze(request: pytest.FixtureRequest) -> Freeze:
    """Each tool that stops the time at a moment."""
    return TOOLS[request.param]


@pytest.fixture(params=MOMENTS)
def moment(request: pytest.FixtureRequest) -> datetime:
    """A moment before and one after all others of the test."""
    return MOMENTS[request.param]


def _served(guard_app: GuardApp, folder: Path, store: str | None) -> Flask:
    app: Flask = guard_app(
        Flask(__name__, instance_path=str(folder)), TokenGuard(), STORAGE_URI=store
    )
    app.add_url_rule("/", view_func=token_required(new_view()))
    return app


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str | None:
    """Each store that goes by this machine's clock, and none."""
    return STORES[request.param]


def test_a_token_lives_by_the_time_that_is_frozen(
    guard_app: GuardApp, tmp_path: Path, freeze: Freeze, moment: datetime, store: str | None
) -> None:
    with freeze(moment):
        app = _served(guard_app, tmp_path, store)
        with app.app_context():
            headers = bearer(issue_token("alice"))
    assert _statuses(app, headers, freeze, moment) == [200, 200, 401]


@pytest.mark.parametrize(
    ("when", "storage"),
    [("future", name) for name in STORES] + [("past", "no store")],
)
def test_an_app_that_was_made_before_follows_a_frozen_time(
    guard_app: GuardApp, tmp_path: Path, freeze: Freeze, when: str, storage: str
) -> None:
    app, moment = _served(guard_app, tmp_path, STORES[storage]), MOMENTS[when]
    with freeze(moment), app.app_context():
        headers = bearer(issue_token("alice"))
    assert _statuses(app, headers, freeze, moment) == [200, 200, 401]


def _statuses(app: Flask, headers: dict[str, str], freeze: Freeze, moment: datetime) -> list[int]:
    """Send a token at its first and last moment, and when it has expired."""
    statuses = []
    for life in (timedelta(0), timedelta(minutes=15, microseconds=-1), timedelta(minutes=15)):
        with freeze(moment + life):
            statuses.append(app.test_client().get("/", headers=headers).status_code)
    return statuses


def test_a_store_of_the_present_is_no_store_of_the_past(
    guard_app: GuardApp, tmp_path: Path, freeze: Freeze, caplog: pytest.LogCaptureFixture
) -> None:
    app = _served(guard_app, tmp_path, STORES["SQLite"])
    with freeze(MOMENTS["past"]), app.app_context():
        issue_token("alice")
    assert "a store for a time that a test has stopped is made under it" in caplog.text


@pytest.mark.parametrize("storage", ["memory", "SQLite"])
def test_a_session_begins_and_ends_under_a_frozen_time(
    guard_app: GuardApp, tmp_path: Path, freeze: Freeze, moment: datetime, storage: str
) -> None:
    statuses = []
    with freeze(moment):
        app = _served(guard_app, tmp_path, STORES[storage])
        client = app.test_client()
        with app.app_context():
            for _ in range(2):
                headers = bearer(issue_token_pair("alice")["access_token"])
                statuses.append(client.get("/", headers=headers).status_code)
                end_all_sessions("alice")
                statuses.append(client.get("/", headers=headers).status_code)
    assert statuses == [200, 401, 200, 401]


@pytest.mark.parametrize("now", [Steady.now, Steady.since_start])
def test_durations_are_not_frozen(freeze: Freeze, moment: datetime, now: Clock) -> None:
    began = now()
    with freeze(moment):
        frozen = now()
        time.sleep(0.01)
        assert 0 < now() - frozen < 60
    assert 0 <= frozen - began < 60
