"""A session as one caller sees it, and the fixtures that the contract's tests ask for.

Time moves by the fixtures `wait` and `wait_for`: a store whose clock a test sets overrides them,
and `now` and `at_another_time` as well; see `contract.SettableClockContract`.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from ...clock import wall_clock
from ...stores.base import Advance, RefreshState, Standing, Store, StoredSession

Wait = Callable[[float], None]
WaitFor = Callable[[int], None]
Now = Callable[[], int]
AtAnotherTime = Callable[[float], AbstractContextManager[object]]

LIFETIME = 900
HOUR = 3600
GRACE = 10_000
MINUTE = 60_000
THREADS = 16


def new_id() -> bytes:
    """Make an id that no other test has."""
    return secrets.token_bytes(16)


def new_refresh(now: int, *, scope: str = "read", lifetime: int = LIFETIME) -> RefreshState:
    """Make a refresh token's state."""
    return RefreshState(new_id(), now + lifetime, scope)


class Family:
    """A session and its refresh tokens, as one caller sees them."""

    def __init__(self, store: Store, now: Now, *, subject: bytes | None = None) -> None:
        self.store = store
        self.now = now
        self.subject = subject or new_id()
        self.session = self.subject[:1] + secrets.token_bytes(15)
        self.first = new_refresh(now())

    def start(self, *, lifetime: int = LIFETIME, access: int = 60, origin: str = "phone") -> int:
        """Begin it, and return the instant for its access token."""
        self.first = new_refresh(self.now(), lifetime=lifetime)
        return self.store.start_session(
            self.session,
            self.subject,
            self.first,
            access_expires=self.now() + access,
            origin=origin,
        )

    def present(
        self,
        presented: bytes,
        successor: RefreshState | None = None,
        *,
        grace: int = GRACE,
        access: int = 60,
        origin: str = "",
        begins_until: int | None = None,
    ) -> Advance:
        """Present a refresh token."""
        return self.store.advance(
            self.session,
            self.subject,
            presented,
            successor or new_refresh(self.now()),
            grace=grace,
            access_expires=self.now() + access,
            origin=origin,
            begins_until=begins_until,
        )

    def begin_by(self, presented: bytes, successor: RefreshState | None = None) -> Advance:
        """Present a token that another program issued."""
        return self.present(presented, successor, begins_until=self.now() + LIFETIME)

    def standing(self) -> Standing:
        """Return what the store knows of a token of this session."""
        return self.store.standing(new_id(), self.session, self.subject)

    def listed(self) -> list[StoredSession]:
        """List the sessions of its subject."""
        return list(self.store.sessions_of(self.subject))


class StoreFixtures:
    """What the tests of the contract ask for."""

    @pytest.fixture
    def store(self) -> Store:
        """The store under test; each subclass has its own."""
        raise NotImplementedError("give the test class a fixture store that returns your store")

    @pytest.fixture
    def beside(self, store: Store) -> Store:
        """The store as another process sees it."""
        return store

    @pytest.fixture
    def wait(self) -> Wait:
        """Let so many seconds pass by the store's clock."""

        def wait(seconds: float) -> None:
            time.sleep(seconds)

        return wait

    @pytest.fixture
    def wait_for(self, wait: Wait) -> WaitFor:
        """Let the store's clock pass an instant, in seconds."""
        return lambda instant: wait(max(0.0, instant + 0.01 - wall_clock()))

    @pytest.fixture
    def now(self) -> Now:
        """Return the time by the store's clock, in whole seconds."""
        return lambda: int(wall_clock())

    @pytest.fixture
    def at_another_time(self) -> AtAnotherTime:
        """Set the store's clock so many seconds ahead, and right again."""
        pytest.skip("the fixture at_another_time is not there, which sets the store's clock")

    @pytest.fixture
    def family(self, store: Store, now: Now) -> Family:
        """A session that has begun."""
        family = Family(store, now)
        family.start()
        return family
