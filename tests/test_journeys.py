"""The journeys of a token: how many files a reader has to open to follow one."""

import re
import subprocess
import sys

import pytest

from benchmarks.journeys import Journey

from .support import ROOT

# What stands; a change that makes one longer has to earn it.
MOST = {
    "start-up with one secret": Journey(files=20, calls=1127, changes=233),
    "a token never seen": Journey(files=12, calls=39, changes=20),
    "the same token again": Journey(files=7, calls=14, changes=10),
    "the same cookie again": Journey(files=10, calls=24, changes=16),
    "rotation": Journey(files=20, calls=96, changes=55),
}


@pytest.fixture(scope="module")
def followed() -> dict[str, Journey]:
    """Every journey, followed once, in a process in which no other test listens to a signal."""
    command = [sys.executable, "-m", "benchmarks.journeys"]
    printed = subprocess.run(  # noqa: S603 - our own module, by the interpreter that runs this
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    rows = re.findall(r"^(.+): (\d+) files, (\d+) calls, (\d+) changes$", printed, re.MULTILINE)
    return {name: Journey(*map(int, counts)) for name, *counts in rows}


@pytest.mark.parametrize("name", MOST)
def test_a_journey_stays_short(name: str, followed: dict[str, Journey]) -> None:
    counts, most = followed[name], MOST[name]
    assert Journey(*map(max, counts, most)) == most
