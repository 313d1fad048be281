"""The contract of stores, as classes of tests that a store's own test class inherits."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ...clock import wall_clock
from ...stores.base import KEPT_AFTER_EXPIRY, Store
from ..clock import SettableClock
from .family import LIFETIME, AtAnotherTime, Family, Now, Wait, WaitFor, new_id, new_refresh
from .revocation import RevocationContract
from .rotation import RotationContract
from .sessions import SessionContract


class StoreContract(RevocationContract, RotationContract, SessionContract):
    """One test for each thing that a caller relies on; a subclass has the fixture `store`."""


class SettableClockContract(StoreContract):
    """What takes longer than a test may wait, for stores that take a test's clock.

    The fixture `store` takes the fixture `clock`, and gives it to the store.
    """

    @pytest.fixture
    def clock(self) -> SettableClock:
        """The clock that the store goes by."""
        return SettableClock(wall_clock())

    @pytest.fixture
    def wait(self, clock: SettableClock) -> Wait:
        def wait(seconds: float) -> None:
            clock.now += seconds

        return wait

    @pytest.fixture
    def wait_for(self, wait: Wait, clock: SettableClock) -> WaitFor:
        return lambda instant: wait(instant + 0.01 - clock())

    @pytest.fixture
    def now(self, clock: SettableClock) -> Now:
        return lambda: int(clock())

    @pytest.fixture
    def at_another_time(self, clock: SettableClock) -> AtAnotherTime:
        @contextmanager
        def at_another_time(seconds: float) -> Iterator[None]:
            clock.now += seconds
            yield
            clock.now -= seconds

        return at_another_time

    def test_a_token_is_still_revoked_a_day_after_it_expired(
        self, store: Store, now: Now, wait: Wait
    ) -> None:
        jti, subject = new_id(), new_id()
        store.revoke(jti, subject=subject, expires=now() + LIFETIME)
        wait(LIFETIME + KEPT_AFTER_EXPIRY - 5)
        store.prune(lambda _done, _steps: None)
        assert store.standing(jti, None, subject).is_revoked

    def test_revoking_again_with_an_earlier_expiry_shortens_nothing(
        self, store: Store, now: Now, wait: Wait
    ) -> None:
        jti, subject = new_id(), new_id()
        store.revoke(jti, subject=subject, expires=now() + LIFETIME)
        store.revoke(jti, subject=subject, expires=now() + 1)
        wait(LIFETIME + KEPT_AFTER_EXPIRY - 5)
        store.prune(lambda _done, _steps: None)
        assert store.standing(jti, None, subject).is_revoked

    def test_a_subject_stays_ended_a_day_past_its_tokens_expiry(
        self, store: Store, now: Now, wait: Wait
    ) -> None:
        subject = new_id()
        store.end_subject(subject, expires=now() + LIFETIME)
        store.end_subject(subject, expires=now() + 1)
        wait(LIFETIME + KEPT_AFTER_EXPIRY - 5)
        store.prune(lambda _done, _steps: None)
        assert store.standing(new_id(), None, subject).ended_at is not None

    @pytest.mark.parametrize("outcome", ["advanced", "repeated"])
    def test_access_tokens_stay_ended_until_the_last_of_them_expired(
        self, family: Family, wait: Wait, outcome: str
    ) -> None:
        successor = new_refresh(family.now())
        if outcome == "advanced":
            family.present(family.first.jti, successor, access=LIFETIME)
            family.present(successor.jti, access=1)
        else:
            family.present(family.first.jti, successor, access=1)
            family.present(family.first.jti, access=LIFETIME)
            family.present(family.first.jti, access=1)
        family.store.end_session(family.session, subject=None)
        wait(LIFETIME + KEPT_AFTER_EXPIRY - 5)
        family.store.prune(lambda _done, _steps: None)
        assert family.standing().is_revoked
