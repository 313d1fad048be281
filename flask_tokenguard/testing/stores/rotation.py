"""Rotation: refresh tokens that are spent, repeated and reused."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ...stores.base import Store
from .family import (
    GRACE,
    LIFETIME,
    MINUTE,
    THREADS,
    AtAnotherTime,
    Family,
    Now,
    StoreFixtures,
    Wait,
    new_id,
    new_refresh,
)


class RotationContract(StoreFixtures):
    """What becomes of a refresh token that is presented."""

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
        assert store.standing(first, None, family.subject).is_revoked
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
