"""A wall clock that jumps while a SQLite store is used, beside a steady one that does not."""

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flask_tokenguard.stores.base import KEPT_AFTER_EXPIRY, RefreshState
from flask_tokenguard.stores.sqlite.store import SqliteStore

from ..support import SettableClock

HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
SUBJECT = bytes(16)
SESSION = bytes(15) + b"s"


@pytest.fixture
def steady() -> SettableClock:
    """The machine's clock that is never set; it begins again when the machine does."""
    return SettableClock(50_000.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(file: Path, clock: SettableClock, steady: SettableClock) -> SqliteStore:
    return SqliteStore(file, clock=clock, monotonic=steady)


def new_id() -> bytes:
    return secrets.token_bytes(16)


def is_revoked(store: SqliteStore, jti: bytes) -> bool:
    return store.standing(jti, None, SUBJECT).is_revoked


def use(store: SqliteStore, times: int = 8) -> None:
    """Write often enough that a little is pruned."""
    for _ in range(times):
        store.next_instant(SUBJECT)


def prune(store: SqliteStore) -> int:
    return store.prune(lambda *_: None)


def pass_time(seconds: float, *clocks: SettableClock) -> None:
    for one in clocks:
        one.now += seconds


def test_a_clock_a_year_ahead_and_back_brings_no_token_back(
    store: SqliteStore, clock: SettableClock, steady: SettableClock
) -> None:
    jti = new_id()
    store.revoke(jti, subject=None, expires=int(clock()) + HOUR)
    pass_time(YEAR, clock)
    for _ in range(30):
        pass_time(60, clock, steady)
        use(store)
    assert prune(store) == 0
    pass_time(-YEAR, clock)
    assert is_revoked(store, jti)


def test_an_ended_session_stays_ended_by_a_clock_a_year_ahead(
    store: SqliteStore, clock: SettableClock
) -> None:
    first = RefreshState(new_id(), int(clock()) + DAY, "")
    store.start_session(SESSION, SUBJECT, first, access_expires=int(clock()) + HOUR, origin="")
    store.end_session(SESSION, subject=None)
    pass_time(YEAR, clock)
    use(store)
    prune(store)
    pass_time(-YEAR, clock)
    assert store.standing(new_id(), SESSION, SUBJECT).is_revoked


def test_a_clock_set_back_ends_all_tokens_issued_before(
    store: SqliteStore, clock: SettableClock
) -> None:
    issued = store.next_instant(SUBJECT)
    pass_time(-YEAR, clock)
    store.end_subject(SUBJECT, expires=int(clock()) + 2 * YEAR)
    ended_at = store.standing(new_id(), None, SUBJECT).ended_at
    assert ended_at is not None
    assert ended_at >= issued


def test_a_clock_set_back_lets_a_subject_log_in_again(
    store: SqliteStore, clock: SettableClock
) -> None:
    store.end_subject(SUBJECT, expires=int(clock()) + 2 * YEAR)
    pass_time(-YEAR, clock)
    standing = store.standing(new_id(), None, SUBJECT)
    assert standing.ended_at is not None
    assert store.next_instant(SUBJECT) > standing.ended_at


def test_a_clock_set_back_drops_nothing(
    store: SqliteStore, clock: SettableClock, steady: SettableClock
) -> None:
    jti = new_id()
    store.revoke(jti, subject=None, expires=int(clock()) + HOUR)
    pass_time(-YEAR, clock)
    pass_time(3 * DAY, clock, steady)
    assert prune(store) == 0
    assert is_revoked(store, jti)


def test_a_clock_set_back_within_the_grace_ends_no_session(
    store: SqliteStore, clock: SettableClock
) -> None:
    first = RefreshState(new_id(), int(clock()) + DAY, "")
    store.start_session(SESSION, SUBJECT, first, access_expires=int(clock()) + HOUR, origin="")

    def present() -> str:
        successor = RefreshState(new_id(), int(clock()) + DAY, "")
        return store.advance(
            *(SESSION, SUBJECT, first.jti, successor),
            grace=10_000,
            access_expires=int(clock()) + HOUR,
            origin="",
        ).outcome

    assert present() == "advanced"
    pass_time(-1, clock)
    assert present() == "repeated"


def test_only_what_expired_more_than_a_day_ago_goes(
    store: SqliteStore, clock: SettableClock, steady: SettableClock
) -> None:
    old, young = new_id(), new_id()
    now = int(clock())
    store.revoke(old, subject=None, expires=now)
    store.revoke(young, subject=None, expires=now + 2)
    pass_time(KEPT_AFTER_EXPIRY + 1, clock, steady)
    assert prune(store) == 1
    assert (is_revoked(store, old), is_revoked(store, young)) == (False, True)


def test_use_alone_drops_the_old_and_keeps_the_young(
    store: SqliteStore, clock: SettableClock, steady: SettableClock
) -> None:
    old, young = new_id(), new_id()
    now = int(clock())
    store.revoke(old, subject=None, expires=now)
    store.revoke(young, subject=None, expires=now + 2)
    pass_time(KEPT_AFTER_EXPIRY + 1, clock, steady)
    use(store)
    assert (is_revoked(store, old), is_revoked(store, young)) == (False, True)


def test_pruning_catches_up_after_the_machine_was_off(
    file: Path, clock: SettableClock, steady: SettableClock
) -> None:
    jti = new_id()
    SqliteStore(file, clock=clock, monotonic=steady).revoke(
        jti, subject=None, expires=int(clock()) + HOUR
    )
    pass_time(10 * DAY, clock)
    steady.now = 0.0
    store = SqliteStore(file, clock=clock, monotonic=steady)
    assert prune(store) == 0
    # The clock is followed at twice the steady clock's pace.
    for _ in range(DAY // 1800):
        pass_time(HOUR, clock, steady)
        use(store, 1)
    assert not is_revoked(store, jti)


@pytest.mark.parametrize("count", [10_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_many_revoked_ids_are_pruned_with_progress(
    store: SqliteStore, file: Path, clock: SettableClock, steady: SettableClock, count: int
) -> None:
    store.check()
    now = int(clock())
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        rows = ((new_id(), now + number % 2 * YEAR) for number in range(count))
        connection.executemany("INSERT INTO revoked VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    pass_time(KEPT_AFTER_EXPIRY + 1, clock, steady)
    steps: list[tuple[int, int]] = []
    assert store.prune(lambda done, of: steps.append((done, of))) == count // 2
    assert steps == [(done, 256) for done in range(1, 257)]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM revoked").fetchone() == (count // 2,)
