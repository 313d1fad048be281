"""What every store does. A store's test class inherits `StoreContract` and gives it the store.

Time moves by the fixtures `wait` and `wait_for`: a store with a clock of its own overrides them,
and `now` as well.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import pytest

from flask_tokenguard.jose.compact import LAST_NUMERIC_DATE
from flask_tokenguard.stores.base import (
    KEPT_AFTER_EXPIRY,
    Advance,
    RefreshState,
    Standing,
    Store,
    StoredSession,
)

from ..support import SettableClock

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
    return secrets.token_bytes(16)


def new_refresh(now: int, *, scope: str = "read", lifetime: int = LIFETIME) -> RefreshState:
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
        return self.store.standing(new_id(), self.session, self.subject)

    def listed(self) -> list[StoredSession]:
        return list(self.store.sessions_of(self.subject))


class StoreContract:
    """One test for each thing that a caller relies on."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError

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
        return lambda instant: wait(max(0.0, instant + 0.01 - time.time()))

    @pytest.fixture
    def now(self) -> Now:
        """Tell the time by the store's clock, in whole seconds."""
        return lambda: int(time.time())

    @pytest.fixture
    def at_another_time(self) -> AtAnotherTime:
        """Set the store's clock so many seconds ahead, and right again."""
        raise NotImplementedError

    @pytest.fixture
    def family(self, store: Store, now: Now) -> Family:
        """A session that has begun."""
        family = Family(store, now)
        family.start()
        return family

    def test_a_token_that_nobody_revoked_is_good(self, store: Store) -> None:
        standing = store.standing(new_id(), new_id(), new_id())
        assert (standing.is_revoked, standing.ended_at) == (False, None)

    def test_a_revoked_token_is_revoked(self, store: Store, now: Now) -> None:
        jti, subject = new_id(), new_id()
        store.revoke(jti, subject=subject, expires=now() + LIFETIME)
        assert store.standing(jti, None, subject).is_revoked

    def test_a_token_revoked_without_its_subject_is_revoked(self, store: Store, now: Now) -> None:
        jti = new_id()
        store.revoke(jti, subject=None, expires=now() + LIFETIME)
        assert store.standing(jti, None, new_id()).is_revoked

    def test_a_revoked_token_is_revoked_whatever_its_session(self, store: Store, now: Now) -> None:
        jti, subject = new_id(), new_id()
        store.revoke(jti, subject=subject, expires=now() + LIFETIME)
        assert store.standing(jti, subject[:1] + secrets.token_bytes(15), subject).is_revoked

    def test_an_ended_session_differs_from_a_revoked_token(self, family: Family) -> None:
        jti = new_id()
        family.store.revoke(jti, subject=family.subject, expires=family.now() + LIFETIME)
        family.store.end_session(family.session, subject=None)
        standings = [
            family.store.standing(token, session, family.subject)
            for token, session in (
                (jti, None),
                (jti, family.session),
                (new_id(), family.session),
            )
        ]
        assert [(one.is_revoked, one.by_session) for one in standings] == [
            (True, False),
            (True, False),
            (True, True),
        ]

    def test_revoking_a_token_leaves_the_others(self, store: Store, now: Now) -> None:
        subject = new_id()
        store.revoke(new_id(), subject=subject, expires=now() + LIFETIME)
        standing = store.standing(new_id(), None, subject)
        assert (standing.is_revoked, standing.ended_at) == (False, None)

    def test_another_process_sees_what_was_revoked(
        self, store: Store, beside: Store, now: Now
    ) -> None:
        jti, subject = new_id(), new_id()
        store.revoke(jti, subject=subject, expires=now() + LIFETIME)
        assert beside.standing(jti, None, subject).is_revoked

    def test_pruning_drops_nothing_that_matters(self, family: Family) -> None:
        jti = new_id()
        family.store.revoke(jti, subject=family.subject, expires=family.now() + LIFETIME)
        assert family.store.prune(lambda _done, _steps: None) >= 0
        assert family.store.standing(jti, None, family.subject).is_revoked
        assert len(family.listed()) == 1

    def test_an_instant_lies_after_the_epoch_of_any_token(self, store: Store) -> None:
        subject = new_id()
        instant = store.next_instant(subject)
        assert all(store.standing(new_id(), None, subject).epoch < instant for _ in range(8))

    def test_an_instant_is_the_present(self, store: Store, now: Now) -> None:
        assert abs(store.next_instant(new_id()) / 1000 - now()) < 5

    def test_the_epoch_stands_still(self, store: Store, wait: Wait) -> None:
        jti, subject = new_id(), new_id()
        before = store.standing(jti, None, subject).epoch
        wait(0.01)
        store.next_instant(subject)
        assert store.standing(jti, None, subject).epoch == before

    def test_another_process_finds_the_same_epoch(self, store: Store, beside: Store) -> None:
        jti, subject = new_id(), new_id()
        epoch = store.standing(jti, None, subject).epoch
        assert beside.standing(jti, None, subject).epoch == epoch

    def test_ending_a_subject_ends_every_token_issued_before(self, store: Store, now: Now) -> None:
        subject = new_id()
        instants = [store.next_instant(subject) for _ in range(3)]
        store.end_subject(subject, expires=now() + LIFETIME)
        ended_at = store.standing(new_id(), None, subject).ended_at
        assert ended_at is not None
        assert max(instants) <= ended_at

    def test_ending_a_subject_ends_no_token_issued_after(self, store: Store, now: Now) -> None:
        subject = new_id()
        store.end_subject(subject, expires=now() + LIFETIME)
        instant = store.next_instant(subject)
        ended_at = store.standing(new_id(), None, subject).ended_at
        assert ended_at is not None
        assert instant > ended_at

    def test_a_session_that_begins_after_its_subject_ended_is_good(
        self, family: Family, now: Now
    ) -> None:
        family.store.end_subject(family.subject, expires=now() + LIFETIME)
        again = Family(family.store, now, subject=family.subject)
        instant = again.start()
        standing = again.standing()
        assert not standing.is_revoked
        assert standing.ended_at is not None
        assert instant > standing.ended_at

    def test_ending_a_subject_leaves_the_others(self, family: Family, now: Now) -> None:
        family.store.end_subject(new_id(), expires=now() + LIFETIME)
        assert family.standing().ended_at is None
        assert family.present(family.first.jti).outcome == "advanced"

    def test_ending_a_subject_ends_its_sessions(self, family: Family, now: Now) -> None:
        family.store.end_subject(family.subject, expires=now() + LIFETIME)
        assert family.listed() == []
        assert family.present(family.first.jti)[:2] == ("ended", None)

    def test_a_subject_ended_again_is_ended_later(self, store: Store, now: Now) -> None:
        subject = new_id()
        store.end_subject(subject, expires=now() + LIFETIME)
        instant = store.next_instant(subject)
        store.end_subject(subject, expires=now() + 1)
        ended_at = store.standing(new_id(), None, subject).ended_at
        assert ended_at is not None
        assert ended_at >= instant

    def test_ending_a_subject_ends_its_sessions_tokens_by_any_clock(
        self, family: Family, now: Now
    ) -> None:
        family.store.end_subject(family.subject, expires=now() + LIFETIME)
        assert family.standing().is_revoked

    @pytest.mark.parametrize("step", ["login", "end", "end and login"])
    def test_a_clock_once_ahead_locks_no_subject_out(
        self, store: Store, now: Now, at_another_time: AtAnotherTime, step: str
    ) -> None:
        subject, expires = new_id(), now() + LIFETIME
        with at_another_time(2 * HOUR):
            if "end" in step:
                store.end_subject(subject, expires=expires)
            if "login" in step:
                store.next_instant(subject)
        if step == "login":
            store.end_subject(subject, expires=expires)
        instants = [store.next_instant(subject), Family(store, now, subject=subject).start()]
        ended_at = store.standing(new_id(), None, subject).ended_at
        assert ended_at is not None
        assert now() * 1000 <= ended_at < min(instants) <= max(instants) < (now() + HOUR) * 1000

    def test_a_clock_ahead_at_a_login_ends_what_was_issued_since(
        self, store: Store, now: Now, at_another_time: AtAnotherTime
    ) -> None:
        subject = new_id()
        with at_another_time(2 * HOUR):
            store.next_instant(subject)
        instant = store.next_instant(subject)
        store.end_subject(subject, expires=now() + LIFETIME)
        ended_at = store.standing(new_id(), None, subject).ended_at
        assert ended_at is not None
        assert now() * 1000 <= instant <= ended_at

    def test_an_unspent_token_is_replaced_by_its_successor(self, family: Family) -> None:
        successor = new_refresh(family.now(), scope="read write")
        advance = family.present(family.first.jti, successor)
        assert advance[:2] == ("advanced", successor)

    def test_an_advance_gives_an_instant_for_the_access_token(self, family: Family) -> None:
        advance = family.present(family.first.jti)
        assert family.standing().epoch < advance.instant
        assert abs(advance.instant / 1000 - family.now()) < 5

    def test_a_family_goes_on_from_token_to_token(self, family: Family) -> None:
        token = family.first
        for _ in range(5):
            successor = new_refresh(family.now())
            assert family.present(token.jti, successor)[:2] == ("advanced", successor)
            token = successor

    def test_another_process_goes_on_with_a_family(self, family: Family, beside: Store) -> None:
        successor = new_refresh(family.now())
        family.present(family.first.jti, successor)
        family.store = beside
        assert family.present(successor.jti).outcome == "advanced"

    def test_a_caller_that_did_not_hear_the_outcome_may_ask_again(self, family: Family) -> None:
        successor = new_refresh(family.now())
        family.present(family.first.jti, successor)
        again = family.present(family.first.jti, successor, grace=0)
        assert again[:2] == ("advanced", successor)

    def test_within_the_grace_a_spent_token_gets_the_same_successor(self, family: Family) -> None:
        successor = new_refresh(family.now(), scope="write")
        family.present(family.first.jti, successor)
        repeated = family.present(family.first.jti, new_refresh(family.now(), scope="read"))
        assert repeated[:2] == ("repeated", successor)

    def test_within_the_grace_it_may_be_asked_for_many_times(self, family: Family) -> None:
        successor = new_refresh(family.now())
        family.present(family.first.jti, successor)
        repeated = [family.present(family.first.jti)[:2] for _ in range(3)]
        assert repeated == [("repeated", successor)] * 3
        assert family.present(successor.jti).outcome == "advanced"

    def test_after_the_grace_a_spent_token_is_reused(self, family: Family, wait: Wait) -> None:
        family.present(family.first.jti)
        wait(0.11)
        assert family.present(family.first.jti, grace=100)[:2] == ("reused", None)

    def test_without_a_grace_not_even_the_same_instant_counts(self, family: Family) -> None:
        family.present(family.first.jti)
        assert family.present(family.first.jti, grace=0)[:2] == ("reused", None)

    def test_the_grace_is_over_once_the_successor_is_spent(self, family: Family) -> None:
        successor = new_refresh(family.now())
        family.present(family.first.jti, successor)
        family.present(successor.jti)
        assert family.present(family.first.jti).outcome == "reused"

    def test_a_token_that_the_family_does_not_know_is_reused(self, family: Family) -> None:
        assert family.present(new_id()).outcome == "reused"

    def test_after_reuse_the_family_has_ended(self, family: Family) -> None:
        successor = new_refresh(family.now())
        family.present(family.first.jti, successor)
        family.present(new_id())
        assert family.present(successor.jti)[:2] == ("ended", None)
        assert family.present(family.first.jti)[:2] == ("ended", None)
        assert family.listed() == []

    def test_after_reuse_the_familys_access_tokens_are_revoked(self, family: Family) -> None:
        assert not family.standing().is_revoked
        family.present(new_id())
        assert family.standing().is_revoked

    def test_reuse_shows_how_old_an_unused_successor_is(self, family: Family, wait: Wait) -> None:
        family.present(family.first.jti)
        wait(0.11)
        successor = family.present(family.first.jti, grace=100).successor
        assert successor is not None
        assert 100 <= successor.age < MINUTE
        assert not successor.is_used

    def test_reuse_shows_that_the_successor_was_used(self, family: Family, wait: Wait) -> None:
        successor = new_refresh(family.now())
        family.present(family.first.jti, successor)
        wait(0.05)
        family.present(successor.jti)
        reused = family.present(family.first.jti).successor
        assert reused is not None
        assert 0 <= reused.age < MINUTE
        assert reused.is_used

    def test_a_session_that_never_advanced_has_no_successor(self, family: Family) -> None:
        assert family.present(new_id()).successor is None

    def test_only_reuse_shows_a_successor(self, family: Family) -> None:
        successor = new_refresh(family.now())
        advances = [
            family.present(family.first.jti, successor),
            family.present(family.first.jti, successor),
            family.present(family.first.jti),
        ]
        family.store.end_session(family.session, subject=None)
        advances.append(family.present(successor.jti))
        assert [each.outcome for each in advances] == ["advanced", "advanced", "repeated", "ended"]
        assert [each.successor for each in advances] == [None] * 4

    def test_a_successor_is_not_younger_than_nothing(
        self, family: Family, at_another_time: AtAnotherTime
    ) -> None:
        with at_another_time(60):
            family.present(family.first.jti)
        successor = family.present(family.first.jti).successor
        assert successor == (0, False)

    def test_a_family_that_never_began_has_ended(self, store: Store, now: Now) -> None:
        assert Family(store, now).present(new_id())[:2] == ("ended", None)

    def test_a_token_of_another_program_begins_its_session(self, store: Store, now: Now) -> None:
        family, successor = Family(store, now), new_refresh(now())
        assert family.begin_by(new_id(), successor)[:2] == ("advanced", successor)
        assert [each.session for each in family.listed()] == [family.session]
        assert family.present(successor.jti).outcome == "advanced"

    def test_a_token_that_began_a_session_is_spent(self, store: Store, now: Now) -> None:
        family, first, successor = Family(store, now), new_id(), new_refresh(now())
        family.begin_by(first, successor)
        assert family.begin_by(first)[:2] == ("repeated", successor)
        family.present(successor.jti)
        assert family.begin_by(first)[:2] == ("reused", None)

    @pytest.mark.parametrize("way", ["end_session", "end_subject", "reuse"])
    def test_a_token_begins_no_second_session(self, store: Store, now: Now, way: str) -> None:
        family, first = Family(store, now), new_id()
        family.begin_by(first)
        if way == "end_session":
            store.end_session(family.session, subject=family.subject)
        elif way == "end_subject":
            store.end_subject(family.subject, expires=now() + LIFETIME)
        else:
            family.present(new_id())
        assert family.begin_by(first)[:2] == ("ended", None)
        assert family.listed() == []

    def test_a_token_that_was_revoked_begins_no_session(self, store: Store, now: Now) -> None:
        family, first = Family(store, now), new_id()
        store.revoke(first, subject=family.subject, expires=now() + LIFETIME)
        assert family.begin_by(first)[:2] == ("ended", None)
        assert family.listed() == []

    def test_a_token_may_take_its_own_place(self, store: Store, now: Now) -> None:
        family, lasting = Family(store, now), new_refresh(now())
        advances = [family.begin_by(lasting.jti, lasting)[:2] for _ in range(3)]
        assert advances == [("advanced", lasting)] * 3
        assert len(family.listed()) == 1

    def test_many_at_once_begin_one_session(self, store: Store, now: Now) -> None:
        family, first = Family(store, now), new_id()
        with ThreadPoolExecutor(THREADS) as pool:
            advances = list(pool.map(lambda _: family.begin_by(first), range(THREADS)))
        outcomes = sorted(advance.outcome for advance in advances)
        assert outcomes == ["advanced", *["repeated"] * (THREADS - 1)]
        assert len({advance.unspent for advance in advances}) == 1
        assert len(family.listed()) == 1

    def test_what_is_revoked_for_ever_is_never_pruned(self, store: Store) -> None:
        jti, subject = new_id(), new_id()
        store.revoke(jti, subject=subject, expires=LAST_NUMERIC_DATE)
        store.prune(lambda _done, _steps: None)
        assert store.standing(jti, None, subject).is_revoked

    def test_reuse_ends_no_other_session_of_the_subject(self, family: Family, now: Now) -> None:
        other = Family(family.store, now, subject=family.subject)
        other.start()
        family.present(new_id())
        assert not other.standing().is_revoked
        assert other.present(other.first.jti).outcome == "advanced"

    @pytest.mark.parametrize("grace", [0, GRACE])
    def test_many_presentations_at_once_yield_one_successor(
        self, store: Store, now: Now, grace: int
    ) -> None:
        for _ in range(10):
            family = Family(store, now)
            family.start()
            with ThreadPoolExecutor(THREADS) as threads:
                asked = [
                    threads.submit(family.present, family.first.jti, grace=grace)
                    for _ in range(THREADS)
                ]
            advances = [each.result() for each in asked]
            outcomes = [advance.outcome for advance in advances]
            assert outcomes.count("advanced") == 1
            assert len({advance.unspent for advance in advances if advance.unspent}) == 1
            assert grace == 0 or set(outcomes) == {"advanced", "repeated"}

    def test_many_instants_and_ends_at_once_leave_no_token_between(
        self, store: Store, now: Now
    ) -> None:
        subject = new_id()

        def end_and_issue(_: int) -> int:
            store.end_subject(subject, expires=now() + LIFETIME)
            return store.next_instant(subject)

        with ThreadPoolExecutor(THREADS) as threads:
            instants = list(threads.map(end_and_issue, range(THREADS * 4)))
        store.end_subject(subject, expires=now() + LIFETIME)
        ended_at = store.standing(new_id(), None, subject).ended_at
        assert ended_at is not None
        assert max(instants) <= ended_at < store.next_instant(subject)

    @pytest.mark.parametrize("is_named", [True, False])
    def test_a_session_is_ended(self, family: Family, is_named: bool) -> None:
        subject = family.subject if is_named else None
        assert family.store.end_session(family.session, subject=subject)
        assert family.standing().is_revoked
        assert family.present(family.first.jti)[:2] == ("ended", None)
        assert family.listed() == []

    def test_a_session_that_has_ended_is_not_ended_again(self, family: Family) -> None:
        family.store.end_session(family.session, subject=None)
        assert not family.store.end_session(family.session, subject=None)

    def test_a_session_that_never_began_is_not_ended(self, store: Store) -> None:
        assert not store.end_session(new_id(), subject=None)

    def test_a_session_is_not_ended_by_another_subject(self, family: Family) -> None:
        assert not family.store.end_session(family.session, subject=new_id())
        assert not family.standing().is_revoked
        assert family.present(family.first.jti).outcome == "advanced"

    def test_a_session_is_listed_with_what_is_known_of_it(self, family: Family) -> None:
        (listed,) = family.listed()
        assert (listed.session, listed.expires) == (family.session, family.first.expires)
        assert (listed.origin, listed.last_used) == ("phone", listed.started)
        assert abs(listed.started / 1000 - family.now()) < 5

    def test_a_subjects_sessions_are_listed_from_the_newest_on(
        self, family: Family, now: Now, wait: Wait
    ) -> None:
        sessions = [family.session]
        for _ in range(3):
            wait(0.01)
            newer = Family(family.store, now, subject=family.subject)
            newer.start()
            sessions.insert(0, newer.session)
        assert [listed.session for listed in family.listed()] == sessions

    def test_nobody_elses_sessions_are_listed(self, family: Family) -> None:
        assert list(family.store.sessions_of(new_id())) == []

    def test_an_advance_shows_in_the_list(self, family: Family, wait: Wait) -> None:
        wait(0.01)
        successor = new_refresh(family.now(), lifetime=LIFETIME + 50)
        family.present(family.first.jti, successor)
        (listed,) = family.listed()
        assert listed.expires == successor.expires
        assert listed.last_used > listed.started

    def test_an_origin_stays_until_another_is_told(self, family: Family) -> None:
        successor = new_refresh(family.now())
        family.present(family.first.jti, successor)
        assert [listed.origin for listed in family.listed()] == ["phone"]
        family.present(successor.jti, origin="büro ☎")
        assert [listed.origin for listed in family.listed()] == ["büro ☎"]

    def test_an_origin_may_be_left_out(self, store: Store, now: Now) -> None:
        family = Family(store, now)
        family.start(origin="")
        assert [listed.origin for listed in family.listed()] == [""]

    @pytest.mark.parametrize("scope", ["", "read", "read write", 'a"\\ü\n'])
    def test_a_scope_comes_back_as_it_was(self, family: Family, scope: str) -> None:
        successor = new_refresh(family.now(), scope=scope)
        family.present(family.first.jti, successor)
        repeated = family.present(family.first.jti)
        assert repeated.unspent == successor

    def test_a_session_is_not_listed_once_its_refresh_token_expired(
        self, store: Store, now: Now, wait_for: WaitFor
    ) -> None:
        family = Family(store, now)
        family.start(lifetime=1)
        wait_for(family.first.expires)
        assert family.listed() == []

    def test_a_token_begins_no_second_session_once_the_first_expired(
        self, store: Store, now: Now, wait_for: WaitFor
    ) -> None:
        family, first = Family(store, now), new_id()
        successor = new_refresh(now(), lifetime=1)
        family.begin_by(first, successor)
        wait_for(successor.expires)
        again = family.present(first, grace=0, begins_until=now() + LIFETIME)
        assert again.outcome in ("ended", "reused")
        assert family.listed() == []

    def test_ids_are_any_octets(self, store: Store, now: Now) -> None:
        for octets in (b"\x00" * 16, b"\xff" * 16, b"{}\r\n'\"\\%{}*?[a]:", b"}{" * 8):
            family = Family(store, now, subject=octets)
            family.start()
            store.revoke(octets, subject=None, expires=now() + LIFETIME)
            assert store.standing(octets, None, octets).is_revoked
            assert family.present(family.first.jti).outcome == "advanced"
            store.end_subject(octets, expires=now() + LIFETIME)
            assert family.listed() == []

    def test_what_endangers_the_data_is_said_in_sentences(self, store: Store) -> None:
        assert all(risk.endswith(".") for risk in store.risks())


class SettableClockContract(StoreContract):
    """What takes longer than a test may wait, for stores that take a test's clock."""

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
