"""What is refused although it is good: revoked tokens, and those that are older than an end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flask_tokenguard.errors import InvalidToken, Unavailable
from flask_tokenguard.issue import ids
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.sessions.revocation import Revocation
from flask_tokenguard.stores.base import Store
from flask_tokenguard.stores.memory import MemoryStore
from flask_tokenguard.verify.claims import Claims, VerifiedToken

from ..support import NO_INSTANTS, SettableClock

MakeToken = Callable[..., VerifiedToken]


class AwayStore(MemoryStore):
    """A store that cannot be reached."""

    def standing(self, *_: object) -> Any:
        """Fail."""
        raise Unavailable


@pytest.fixture
def store(clock: SettableClock) -> Store:
    return MemoryStore(clock=clock)


@pytest.fixture
def revocation(store: Store, clock: SettableClock) -> Revocation:
    return new_revocation(store, clock)


def new_revocation(store: Store, clock: SettableClock, **options: Any) -> Revocation:
    return Revocation(
        store,
        longest_lifetime=timedelta(days=1),
        leeway=timedelta(0),
        clock=clock,
        **options,
    )


@pytest.fixture
def new_token(store: Store, clock: SettableClock) -> MakeToken:
    """Make a token that was issued now, with these claims too."""

    def make(**claims: Any) -> VerifiedToken:
        now = int(clock())
        instant = store.next_instant(ids.subject_id(None, "alice"))
        members = {
            "sub": "alice",
            "jti": ids.to_text(ids.new_jti(instant)),
            "iat": now,
            "exp": now + 60,
        }
        return VerifiedToken(Header("HS256", None, "at+jwt", {}), Claims(members | claims))

    return make


def test_a_token_of_which_nothing_is_known_passes(
    revocation: Revocation, new_token: MakeToken
) -> None:
    revocation.check(new_token())


def test_a_revoked_token_is_refused(revocation: Revocation, new_token: MakeToken) -> None:
    token = new_token()
    revocation.revoke(token.claims)
    with pytest.raises(InvalidToken, match="was revoked") as caught:
        revocation.check(token)
    assert caught.value.claim == "jti"


def test_another_token_of_the_same_subject_is_not(
    revocation: Revocation, new_token: MakeToken
) -> None:
    revocation.revoke(new_token().claims)
    revocation.check(new_token())


@pytest.mark.parametrize("subject", ["alice", None])
def test_a_token_is_revoked_by_its_jti_alone(
    revocation: Revocation, new_token: MakeToken, subject: str | None
) -> None:
    token = new_token()
    revocation.revoke_id(token.claims["jti"], subject=subject)
    with pytest.raises(InvalidToken):
        revocation.check(token)


def test_the_same_jti_of_another_issuer_is_another_token(
    revocation: Revocation, new_token: MakeToken
) -> None:
    token = new_token()
    revocation.revoke_id(token.claims["jti"], issuer="https://other.example")
    revocation.check(token)


@pytest.mark.parametrize("claims", [{}, {"jti": "1"}, {"exp": 2}, {"jti": 1, "exp": 2}], ids=repr)
def test_what_has_no_name_cannot_be_revoked(
    revocation: Revocation, claims: dict[str, object]
) -> None:
    with pytest.raises(InvalidToken, match="no jti and exp"):
        revocation.revoke(claims)


def test_what_names_no_issuer_as_text_cannot_be_revoked(revocation: Revocation) -> None:
    with pytest.raises(InvalidToken) as caught:
        revocation.revoke({"jti": "1", "exp": 2**33, "iss": ["us"]})
    assert caught.value.claim == "iss"


@pytest.mark.parametrize("exp", NO_INSTANTS, ids=lambda exp: str(exp)[:20])
def test_what_ends_at_no_instant_cannot_be_revoked(revocation: Revocation, exp: object) -> None:
    with pytest.raises(InvalidToken, match="no valid exp"):
        revocation.revoke({"jti": "1", "exp": exp})


def test_an_expired_token_costs_the_store_nothing(clock: SettableClock) -> None:
    class Untouchable(MemoryStore):
        def revoke(self, *_: object, **__: object) -> None:
            raise AssertionError

    revocation = new_revocation(Untouchable(clock=clock), clock)
    revocation.revoke({"jti": "1", "exp": clock() - 1})


def test_every_token_of_an_ended_subject_is_refused(
    revocation: Revocation, new_token: MakeToken
) -> None:
    token = new_token()
    revocation.end_subject("alice")
    with pytest.raises(InvalidToken, match="all of its subject's") as caught:
        revocation.check(token)
    assert caught.value.claim == "sub"


def test_who_logs_in_again_in_that_very_second_gets_in(
    revocation: Revocation, new_token: MakeToken
) -> None:
    new_token()
    revocation.end_subject("alice")
    revocation.check(new_token())


def test_a_foreign_token_of_that_very_second_is_refused(
    revocation: Revocation, new_token: MakeToken, clock: SettableClock
) -> None:
    clock.now += 10
    revocation.end_subject("alice")
    with pytest.raises(InvalidToken):
        revocation.check(new_token(jti="foreign"))


def test_a_foreign_token_of_a_later_second_passes(
    revocation: Revocation, new_token: MakeToken, clock: SettableClock
) -> None:
    revocation.end_subject("alice")
    clock.now += 2
    revocation.check(new_token(jti="foreign"))


def test_another_subject_goes_on(revocation: Revocation, new_token: MakeToken) -> None:
    revocation.end_subject("bob")
    revocation.check(new_token())


def test_what_is_older_than_the_store_is_refused(
    new_token: MakeToken, clock: SettableClock
) -> None:
    token = new_token()
    clock.now += 1
    begun_later = new_revocation(MemoryStore(clock=clock), clock)
    with pytest.raises(InvalidToken, match="older than our records"):
        begun_later.check(token)


def test_a_sid_that_is_not_ours_names_no_session(
    revocation: Revocation, new_token: MakeToken
) -> None:
    revocation.check(new_token(sid="a session of somebody else's"))


def test_while_the_store_is_away_nothing_is_accepted(
    clock: SettableClock, new_token: MakeToken
) -> None:
    with pytest.raises(Unavailable):
        new_revocation(AwayStore(clock=clock), clock).check(new_token())


def test_an_app_may_choose_to_accept(clock: SettableClock, new_token: MakeToken) -> None:
    new_revocation(AwayStore(clock=clock), clock, accepts_in_outage=True).check(new_token())
