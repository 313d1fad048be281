"""`flask tokenguard inspect`: fixtures."""

import pytest

from .support import new_encryption


@pytest.fixture
def encryption() -> dict[str, str]:
    """A setting for encrypted tokens."""
    return new_encryption()
