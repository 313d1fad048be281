"""TOKENGUARD_FORMER_TOKENS: fixtures."""

import time
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    TokenGuard,
    token_required,
)

from ...conftest import MakeApp
from ...support import SettableClock
from ..former import PROFILE, SHORT_SECRET, FormerApp
from .support import Build, Config, day_after


@pytest.fixture
def clock() -> SettableClock:
    """A clock that is ahead of the real one, by which the former app issues."""
    return SettableClock(time.time() + 2)


@pytest.fixture
def former() -> FormerApp:
    return FormerApp()


@pytest.fixture
def entry(clock: SettableClock) -> Config:
    """Tokens of the former app."""
    return {"profile": PROFILE, "key": SHORT_SECRET, "until": day_after(clock)}


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    return TokenGuard(clock=clock)


@pytest.fixture
def build(make_app: MakeApp, guard: TokenGuard, entry: Config) -> Build:
    """Make an app that takes tokens of the former one."""

    def build(
        own: TokenGuard | None = None, *, more: Config | None = None, **settings: Any
    ) -> Flask:
        app = make_app(own or guard, FORMER_TOKENS=entry | (more or {}), **settings)

        @app.get("/fresh")
        @token_required(max_age=900)
        def fresh() -> str:
            return "fresh"

        return app

    return build
