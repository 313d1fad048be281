"""TOKENGUARD_REVOCATION_DELAY in an app: what ends a token here ends it at once."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import (
    TokenGuard,
    end_all_sessions,
    end_session,
    issue_token_pair,
    refresh_token_pair,
    revoke_token,
)
from flask_tokenguard.errors import InvalidGrant, Unavailable
from flask_tokenguard.jose.compact import parse, parse_payload
from flask_tokenguard.stores.base import Standing
from flask_tokenguard.stores.memory import MemoryStore

from ..conftest import MakeApp
from ..support import status_of


class CountingStore(MemoryStore):
    """A store that counts the questions about tokens."""

    asked = 0

    def standing(self, jti: bytes, session: bytes | None, subject: bytes) -> Standing:
        self.asked += 1
        return super().standing(jti, session, subject)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def guard(store: CountingStore) -> TokenGuard:
    return TokenGuard(store=store)


@pytest.fixture
def app(make_app: MakeApp, guard: TokenGuard) -> Flask:
    return make_app(guard, REVOCATION_DELAY=300, REFRESH_GRACE=0)


def sid_of(pair: Any) -> str:
    """Read the name of a pair's session."""
    return str(parse_payload(parse(pair["refresh_token"]))["sid"])


def test_a_token_that_comes_again_costs_no_question(app: Flask, store: CountingStore) -> None:
    with app.app_context():
        token = issue_token_pair("alice")["access_token"]
    assert [status_of(app, token) for _ in range(3)] == [200] * 3
    assert store.asked == 1


def test_an_answer_is_forgotten_with_its_token(
    make_app: MakeApp, guard: TokenGuard, store: CountingStore
) -> None:
    app = make_app(guard, REVOCATION_DELAY=300, CACHE_SIZE=1)
    with app.app_context():
        tokens = [issue_token_pair("alice")["access_token"] for _ in range(2)]
    for _ in range(3):
        assert [status_of(app, token) for token in tokens] == [200] * 2
    assert store.asked == 6


ENDS: dict[str, Callable[[Any], object]] = {
    "the token": lambda pair: revoke_token(pair["access_token"]),
    "the refresh token": lambda pair: revoke_token(pair["refresh_token"]),
    "a logout": lambda pair: end_session(sid_of(pair)),
    "all sessions": lambda _: end_all_sessions("alice"),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_ends_a_token_here_ends_it_at_once(app: Flask, end: Callable[[Any], object]) -> None:
    with app.app_context():
        pair = issue_token_pair("alice")
    assert status_of(app, pair["access_token"]) == 200
    with app.app_context():
        end(pair)
    assert status_of(app, pair["access_token"]) == 401


def test_what_another_app_of_the_process_ends_is_refused(
    app: Flask, make_app: MakeApp, store: CountingStore
) -> None:
    other = make_app(TokenGuard(store=store))
    with app.app_context():
        token = issue_token_pair("alice")["access_token"]
    assert status_of(app, token) == 200
    with other.app_context():
        end_all_sessions("alice")
    assert status_of(app, token) == 401


def test_a_reuse_ends_the_access_tokens_at_once(app: Flask) -> None:
    with app.app_context():
        first = issue_token_pair("alice")
        second = refresh_token_pair(token=first["refresh_token"])
    assert status_of(app, second["access_token"]) == 200
    with app.app_context(), pytest.raises(InvalidGrant):
        refresh_token_pair(token=first["refresh_token"])
    assert status_of(app, second["access_token"]) == 401


def test_a_rotation_ends_nothing_and_drops_no_answer(app: Flask, store: CountingStore) -> None:
    with app.app_context():
        pair = issue_token_pair("alice")
    assert status_of(app, pair["access_token"]) == 200
    with app.app_context():
        refresh_token_pair(token=pair["refresh_token"])
    assert status_of(app, pair["access_token"]) == 200
    assert store.asked == 1


LOST: dict[str, Callable[[Any], object]] = {
    "advance": lambda pair: refresh_token_pair(token=pair["refresh_token"]),
    "end_session": lambda pair: end_session(sid_of(pair)),
}


@pytest.mark.parametrize("operation", LOST)
def test_an_operation_whose_answer_was_lost_drops_answers(
    app: Flask, store: CountingStore, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        pair = issue_token_pair("alice")
    assert status_of(app, pair["access_token"]) == 200

    def lose(*_: object, **__: object) -> None:
        raise Unavailable

    monkeypatch.setattr(store, operation, lose)
    with app.app_context(), pytest.raises(Unavailable):
        LOST[operation](pair)
    assert status_of(app, pair["access_token"]) == 200
    assert store.asked == 2
