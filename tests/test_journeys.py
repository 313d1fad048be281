"""The journeys of a token: how many files a reader has to open to follow one."""

import pytest

from benchmarks.journeys import Journey, journeys

# What stands; a change that makes one longer has to earn it.
MOST = {
    "start-up with one secret": Journey(files=20, calls=1200, changes=260),
    "a token never seen": Journey(files=12, calls=39, changes=20),
    "the same token again": Journey(files=7, calls=14, changes=10),
    "the same cookie again": Journey(files=10, calls=24, changes=16),
    "rotation": Journey(files=20, calls=96, changes=55),
}


@pytest.fixture(scope="module")
def followed() -> dict[str, Journey]:
    """Every journey, followed once."""
    return dict(journeys())


@pytest.mark.parametrize("name", MOST)
def test_a_journey_stays_short(name: str, followed: dict[str, Journey]) -> None:
    counts, most = followed[name], MOST[name]
    assert Journey(*map(max, counts, most)) == most
