"""The cache of verified tokens: fixtures."""

import pytest

from flask_tokenguard import (
    TokenGuard,
)
from flask_tokenguard.jose.jwk import Key

from ...jose.tokens import signed
from ...support import SettableClock
from .support import HEADER, NOW, OWN, SECRET


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    """A guard with a clock that stands."""
    return TokenGuard(clock=clock)


@pytest.fixture
def token() -> str:
    """A good token of the apps here."""
    return signed(Key(SECRET), OWN, HEADER)
