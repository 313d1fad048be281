"""Revocation: tokens and subjects, and the instants by which a subject's tokens are ended."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from ...jose.compact import LAST_NUMERIC_DATE
from ...stores.base import Store
from .family import HOUR, LIFETIME, THREADS, AtAnotherTime, Family, Now, StoreFixtures, Wait, new_id


class RevocationContract(StoreFixtures):
    """Tokens that were revoked, and subjects that were ended."""

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

    def test_what_is_revoked_for_ever_is_never_pruned(self, store: Store) -> None:
        jti, subject = new_id(), new_id()
        store.revoke(jti, subject=subject, expires=LAST_NUMERIC_DATE)
        store.prune(lambda _done, _steps: None)
        assert store.standing(jti, None, subject).is_revoked

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
