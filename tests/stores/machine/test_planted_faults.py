"""The state machine finds faults: each of these is planted, and found within its 100 runs."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis.errors import Flaky

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.issue import ids
from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.sessions.revocation import Revocation
from flask_tokenguard.sessions.rotation import Sessions
from flask_tokenguard.stores.base import RefreshState, Successor
from flask_tokenguard.stores.redis.store import RedisStore
from flask_tokenguard.stores.sql.store import SQLStore
from flask_tokenguard.stores.sqlite.store import SqliteStore
from flask_tokenguard.verify import validators

from ..servers import RealServer
from .runs import NewStores, on, run
from .stores import Memory, Sqlite, Valkey

pytestmark = pytest.mark.ci
Change = Callable[..., Any]
Patch = pytest.MonkeyPatch


def wrap(patch: Patch, owner: Any, name: str, change: Change) -> None:
    """Put `change` in a function's place; it is called with the function itself before the rest."""
    right = getattr(owner, name)
    patch.setattr(owner, name, lambda *args, **options: change(right, *args, **options))


def in_store(name: str, change: Change) -> Callable[[Patch], None]:
    """Change an operation of every store."""

    def plant(patch: Patch) -> None:
        for store in (SqliteStore, RedisStore, SQLStore):
            wrap(patch, store, name, change)

    return plant


def of(owner: Any, name: str, change: Change) -> Callable[[Patch], None]:
    return lambda patch: wrap(patch, owner, name, change)


def forget_the_successor(advance: Change, *args: Any, **options: Any) -> Any:
    *others, successor = args
    advanced = advance(*others, successor._replace(jti=bytes(16)), **options)
    return advanced._replace(unspent=successor) if advanced.outcome == "advanced" else advanced


def make_a_second_successor(advance: Change, *args: Any, **options: Any) -> Any:
    advanced = advance(*args, **options)
    successor: RefreshState = args[-1]
    return advanced._replace(unspent=successor) if advanced.outcome == "repeated" else advanced


def call_it_used(advance: Change, *args: Any, **options: Any) -> Any:
    advanced = advance(*args, **options)
    successor: Successor | None = advanced.successor
    return advanced._replace(successor=successor and successor._replace(is_used=True))


def ignore_issuer(claim: str) -> Callable[[Patch], None]:
    def digest(right: Change, kind: str, issuer: str | None, value: str) -> Any:
        return right(kind, None if kind == claim else issuer, value)

    return of(ids, "_digest", digest)


def ask_once(patch: Patch) -> None:
    """Believe for ever what was heard of a token once."""
    heard: set[str] = set()

    def check(right: Change, revocation: Any, token: Any) -> None:
        if token.claims["jti"] not in heard:
            right(revocation, token)
            heard.add(token.claims["jti"])

    wrap(patch, Revocation, "check", check)


def accept_in_an_outage(check: Change, revocation: Any, token: Any) -> None:
    with suppress(Unavailable):
        check(revocation, token)


FAULTS: dict[str, Callable[[Patch], None]] = {
    "the grace is not compared": in_store(
        "advance", lambda right, *args, **more: right(*args, **more | {"grace": 10**9})
    ),
    "there is no grace": in_store(
        "advance", lambda right, *args, **more: right(*args, **more | {"grace": 0})
    ),
    "the epoch is ignored": in_store(
        "standing", lambda right, *args: right(*args)._replace(epoch=0)
    ),
    "the end of a subject is ignored": in_store(
        "standing", lambda right, *args: right(*args)._replace(ended_at=None)
    ),
    "the end of a session is ignored": in_store(
        "standing", lambda right, store, jti, _, subject: right(store, jti, None, subject)
    ),
    "a revoked token is a good one": in_store(
        "standing", lambda right, *args: right(*args)._replace(is_revoked=False)
    ),
    "the successor is not stored": in_store("advance", forget_the_successor),
    "a retry gets a second successor": in_store("advance", make_a_second_successor),
    "every successor was used": in_store("advance", call_it_used),
    "a session is ended by anybody": in_store(
        "end_session", lambda right, store, session, **_: right(store, session, subject=None)
    ),
    "an instant lies before the end of its subject": in_store(
        "next_instant", lambda right, *args: right(*args) - 5000
    ),
    "a jti of another issuer is ours": ignore_issuer("jti"),
    "a subject of another issuer is ours": ignore_issuer("sub"),
    "a token is asked for once": ask_once,
    "a store that is away has nothing against it": of(Revocation, "check", accept_in_an_outage),
    "the scope may grow": of(
        Sessions, "verify", lambda right, *args, **more: right(*args, **more | {"scope": None})
    ),
    "a refresh token passes as an access token": of(
        validators, "has_type", lambda *_: lambda _: None
    ),
    "a key that was dropped verifies what is remembered": of(
        KeyRing, "__contains__", lambda *_: True
    ),
    "what was revoked is dropped at once": of(
        SqliteStore, "_horizon", lambda right, *args: right(*args) + 200_000
    ),
}


def look_for(new_stores: NewStores, folder: Path) -> None:
    # The first runs are always the same with one version of hypothesis, and find all; with another
    # one they may miss one in a hundred, and what follows is by chance.
    for is_fixed in (True, False):
        phases = [Phase.generate]
        run(new_stores, folder, phases=phases, derandomize=is_fixed, database=None)


def find(new_stores: NewStores, folder: Path) -> None:
    # A server's time goes on meanwhile, so that what failed may fail elsewhere when it is repeated.
    with pytest.raises((AssertionError, ValueError, KeyError, Flaky)):
        look_for(new_stores, folder)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_in_memory(folder: Path, monkeypatch: Patch, fault: str) -> None:
    FAULTS[fault](monkeypatch)
    find(lambda _: Memory(), folder)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_in_sqlite(folder: Path, monkeypatch: Patch, fault: str) -> None:
    FAULTS[fault](monkeypatch)
    find(Sqlite, folder)


@pytest.mark.parametrize("fault", list(FAULTS)[:-1])
def test_a_fault_is_found_in_valkey(
    folder: Path, valkey: RealServer, monkeypatch: Patch, fault: str
) -> None:
    Valkey.make_clock_movable(monkeypatch)
    FAULTS[fault](monkeypatch)
    find(on(valkey), folder)
