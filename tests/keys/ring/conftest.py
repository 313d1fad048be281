"""Key rings: fixtures."""

from pathlib import Path

import pytest

from flask_tokenguard.keys.ring import KeyRing

from ...support import SettableClock
from .support import rotate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a ring with an active key and a next one."""
    rotate(tmp_path / "ring")
    return tmp_path / "ring"


@pytest.fixture
def monotonic() -> SettableClock:
    """What a ring's looks are timed with."""
    return SettableClock(100.0)


@pytest.fixture
def ring(folder: Path, monotonic: SettableClock) -> KeyRing:
    """The ring in that folder, in use."""
    return KeyRing(folder, monotonic=monotonic)
