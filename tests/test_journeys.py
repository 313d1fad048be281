"""The journeys of a token: how many files a reader has to open to follow one."""

import pytest

from benchmarks.journeys import Journey, journeys

# What stands; a change that makes one longer has to earn it.
MOST = {
    "start-up with one secret": Journey(files=23, calls=1200, changes=260),
    "a token never seen": Journey(files=15, calls=39, changes=22),
    "the same token again": Journey(files=8, calls=14, changes=11),
    "rotation": Journey(files=27, calls=124, changes=68),
}


@pytest.fixture(scope="module")
def followed() -> dict[str, Journey]:
    """Every journey, followed once."""
    return dict(journeys())


@pytest.mark.parametrize("name", MOST)
def test_a_journey_stays_short(name: str, followed: dict[str, Journey]) -> None:
    assert all(count <= most for count, most in zip(followed[name], MOST[name], strict=True))
