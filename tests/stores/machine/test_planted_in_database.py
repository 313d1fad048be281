"""The state machine finds the faults of a store in a database as well.

MariaDB differs from PostgreSQL in the words of its statements alone; what is planted above a store
is found with the others.
"""

from pathlib import Path

import pytest

from ..databases import Database
from .runs import in_database
from .test_planted_faults import FAULTS, Patch, find

pytestmark = pytest.mark.ci
OF_A_STORE = [
    "the grace is not compared",
    "the epoch is ignored",
    "the end of a subject is ignored",
    "the end of a session is ignored",
    "a revoked token is a good one",
    "the successor is not stored",
    "an instant lies before the end of its subject",
]


@pytest.mark.parametrize("fault", OF_A_STORE)
def test_a_fault_is_found_in_postgresql(
    folder: Path, postgresql: Database, monkeypatch: Patch, fault: str
) -> None:
    FAULTS[fault](monkeypatch)
    find(in_database(postgresql), folder)
