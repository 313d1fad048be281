"""Sessions: how they end, and how they are listed."""

import pytest

from ...stores.base import Store
from .family import LIFETIME, Family, Now, StoreFixtures, Wait, WaitFor, new_id, new_refresh


class SessionContract(StoreFixtures):
    """Sessions that end, and that are listed."""

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

    def test_an_origin_stays_until_another_comes(self, family: Family) -> None:
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

    def test_what_endangers_the_data_is_written_in_sentences(self, store: Store) -> None:
        assert all(risk.endswith(".") for risk in store.risks())
