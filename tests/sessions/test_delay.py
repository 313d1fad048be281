"""The delay: for how long an answer of the store is good, whatever happens meanwhile."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_tokenguard.clock import Steady
from flask_tokenguard.errors import InvalidToken, Unavailable
from flask_tokenguard.issue import ids
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.sessions.revocation import Revocation
from flask_tokenguard.stores.base import Standing
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.verify.claims import Claims, RevocationKey, VerifiedToken

from ..support import SettableClock

DELAY = 1.0


class WatchedStore(MemoryStore):
    """A store that counts questions, and lets a test act between answer and its arrival."""

    asked = 0
    is_away = False

    @staticmethod
    def on_the_way() -> None:
        """Do nothing while an answer is on its way."""

    def standing(self, jti: bytes, session: bytes | None, subject: bytes) -> Standing:
        self.asked += 1
        if self.is_away:
            raise Unavailable
        answer = super().standing(jti, session, subject)
        self.on_the_way()
        return answer


class Kit:
    """A store that another process has too, a revocation, a token, and the machine's clock."""

    def __init__(self, *, delay: float = DELAY, accepts_in_outage: bool = False) -> None:
        clock = SettableClock(1_700_000_000.0)
        self.since_start = SettableClock(5_000.0)
        self.store = WatchedStore(clock=clock)
        self.here = Revocation(
            self.store,
            longest_lifetime=timedelta(days=1),
            leeway=timedelta(0),
            clock=clock,
            delay=timedelta(seconds=delay),
            accepts_in_outage=accepts_in_outage,
            since_start=self.since_start,
        )
        jti = ids.to_text(ids.new_jti(self.store.next_instant(ids.subject_id(None, "alice"))))
        claims = Claims(sub="alice", jti=jti, iat=1_700_000_000, exp=1_700_000_060)
        self.token = VerifiedToken(Header("HS256", None, "at+jwt", {}), claims)

    def accepts(self) -> bool:
        try:
            self.here.check(self.token)
        except InvalidToken:
            return False
        return True

    def revoke_elsewhere(self) -> None:
        jti = ids.token_id(None, self.token.claims["jti"])
        self.store.revoke(jti, subject=None, expires=self.token.claims["exp"])

    def wait(self, seconds: float) -> None:
        self.since_start.now += seconds


@pytest.fixture
def kit() -> Kit:
    return Kit()


END: dict[str, Callable[[Kit], object]] = {
    "the token": lambda kit: kit.here.revoke(kit.token.claims),
    "its name": lambda kit: kit.here.revoke_id(kit.token.claims["jti"]),
    "its subject": lambda kit: kit.here.end_subject("alice"),
}
ends = pytest.mark.parametrize("end", END.values(), ids=END)


def test_an_answer_is_good_for_the_next_questions(kit: Kit) -> None:
    assert [kit.accepts() for _ in range(3)] == [True] * 3
    assert kit.store.asked == 1


def test_without_a_delay_every_question_is_asked() -> None:
    kit = Kit(delay=0)
    assert [kit.accepts() for _ in range(3)] == [True] * 3
    assert kit.store.asked == 3


def test_what_was_revoked_elsewhere_is_refused_after_the_delay(kit: Kit) -> None:
    kit.accepts()
    kit.revoke_elsewhere()
    kit.wait(DELAY - 0.001)
    assert kit.accepts()
    kit.wait(0.001)
    assert not kit.accepts()


def test_the_delay_counts_from_before_the_question(kit: Kit) -> None:
    kit.store.on_the_way = lambda: kit.wait(0.9)  # type: ignore[method-assign] # a slow answer
    kit.accepts()
    kit.revoke_elsewhere()
    kit.wait(0.1)
    assert not kit.accepts()


def test_an_answer_that_comes_after_the_delay_is_never_good(kit: Kit) -> None:
    kit.store.on_the_way = lambda: kit.wait(DELAY)  # type: ignore[method-assign] # as above
    kit.accepts()
    kit.accepts()
    assert kit.store.asked == 2


@pytest.mark.parametrize("jump", [-4000.0, -0.001, 4000.0])
def test_where_the_clock_jumps_the_store_is_asked(kit: Kit, jump: float) -> None:
    kit.accepts()
    kit.revoke_elsewhere()
    kit.wait(jump)
    assert not kit.accepts()
    kit.wait(-jump)
    assert not kit.accepts()


@ends
def test_what_this_process_ends_is_refused_at_once(kit: Kit, end: Callable[[Kit], object]) -> None:
    kit.accepts()
    end(kit)
    assert not kit.accepts()


@ends
def test_an_end_that_crosses_a_question_drops_its_answer(
    kit: Kit, end: Callable[[Kit], object]
) -> None:
    kit.store.on_the_way = lambda: end(kit)  # type: ignore[assignment] # while it is on its way
    assert kit.accepts()
    del kit.store.on_the_way
    assert not kit.accepts()


@pytest.mark.parametrize("operation", ["revoke", "end_subject"])
def test_an_end_whose_answer_was_lost_drops_answers(
    kit: Kit, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    perform = getattr(kit.store, operation)

    def lose(*arguments: Any, **options: Any) -> None:
        perform(*arguments, **options)
        raise Unavailable

    kit.accepts()
    monkeypatch.setattr(kit.store, operation, lose)
    for end in END.values():
        with suppress(Unavailable):
            end(kit)
    assert not kit.accepts()


def test_of_a_refused_token_nothing_is_kept(kit: Kit) -> None:
    kit.accepts()
    kit.revoke_elsewhere()
    kit.wait(DELAY)
    kit.accepts()
    key = kit.token.revocation_key
    assert key is not None
    assert key.answer is None


class LosingKey(RevocationKey):
    """A key whose answer another thread drops as soon as it was looked at."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name == "answer":
            self.answer = None
        return value


def test_an_answer_that_another_thread_drops_is_asked_anew(kit: Kit) -> None:
    kit.accepts()
    key = kit.token.revocation_key
    assert key is not None
    kit.token.revocation_key = LosingKey(
        key.token, key.session, key.subject, key.instant, key.answer
    )
    assert [kit.accepts() for _ in range(2)] == [True] * 2
    assert kit.store.asked == 2


def test_while_the_store_is_away_an_answer_is_good_until_its_end(kit: Kit) -> None:
    kit.accepts()
    kit.store.is_away = True
    kit.wait(DELAY - 0.001)
    assert kit.accepts()
    kit.wait(0.001)
    with pytest.raises(Unavailable):
        kit.accepts()


def test_what_an_outage_lets_through_is_no_answer() -> None:
    kit = Kit(accepts_in_outage=True)
    kit.revoke_elsewhere()
    kit.store.is_away = True
    assert kit.accepts()
    kit.store.is_away = False
    assert not kit.accepts()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.floats(0, 1.5)),
        st.tuples(st.just("ask"), st.floats(0, 1.5)),
        st.tuples(st.just("outage"), st.just(0.0)),
        st.tuples(st.just("revoke"), st.just(0.0)),
    ),
    max_size=12,
)


@given(STEPS)
def test_no_token_outlives_its_revocation_by_more_than_it(steps: list[tuple[str, float]]) -> None:
    kit = Kit()
    revoked_at = float("inf")
    for step, seconds in steps:
        kit.store.is_away = step == "outage"
        if step == "wait":
            kit.wait(seconds)
        elif step == "revoke":
            kit.revoke_elsewhere()
            revoked_at = min(revoked_at, kit.since_start())
        else:
            kit.store.on_the_way = lambda: kit.wait(seconds)  # type: ignore[method-assign] # noqa: B023 - called within this step
            began = kit.since_start()
            with suppress(Unavailable):
                assert not (kit.accepts() and began >= revoked_at + DELAY)


def test_the_clock_goes_on_while_the_machine_is_suspended() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    now = Steady.since_start()
    assert before <= now <= time.clock_gettime(time.CLOCK_BOOTTIME)
