"""What many tests say, in few words."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_tokenguard import testing
from flask_tokenguard.keys.ring_files import INDEX, RingEntry, make, rotate

SettableClock = testing.SettableClock

# What a token may hold in place of an instant.
NO_INSTANTS: list[object] = [
    None,
    True,
    False,
    "1700000001",
    [1_700_000_001],
    {},
    -1,
    -0.5,
    253_402_300_800,
    2**63,
    1e300,
    10**400,
    10**4000,
    float("nan"),
    float("inf"),
]

ROOT = Path(__file__).parents[1]

# A source distribution is tested without the package beside its tests: the installed one is used.
needs_source = pytest.mark.skipif(
    not (ROOT / "flask_tokenguard").exists(), reason="the package's source is not beside its tests"
)


def turn_ring(
    folder: Path, *, alg: str = "EdDSA", password: str | None = None, now: int, least_age: int = 0
) -> tuple[RingEntry, ...]:
    """Rotate a ring, or make it where there is none."""
    if not (folder / INDEX).exists():
        return make(folder, alg=alg, password=password, now=now)
    return rotate(folder, alg=alg, password=password, now=now, least_age=least_age)


def bearer(token: str) -> dict[str, str]:
    """Write the headers that carry a token."""
    return {"Authorization": f"Bearer {token}"}


def status_of(app: Flask, token: str) -> int:
    """Use an access token."""
    return app.test_client().get("/claims", headers=bearer(token)).status_code


def challenge_of(response: TestResponse) -> str:
    """Read the one challenge of an answer."""
    challenges = response.headers.getlist("WWW-Authenticate")
    assert len(challenges) == 1
    return challenges[0]


Config = dict[str, Any]


@contextmanager
def listening(listen: Callable[[], object], level: int = logging.INFO) -> Iterator[None]:
    """Call a function for each line of our log, as an app's own handler may."""

    class Listener(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            listen()

    logger, listener = logging.getLogger("flask_tokenguard"), Listener()
    before = logger.level
    logger.setLevel(level)
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)
        logger.setLevel(before)
