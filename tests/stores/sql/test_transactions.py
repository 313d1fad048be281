"""What the store asks of a server: how often, in which isolation, and what it tries again."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores.base import KEPT_AFTER_EXPIRY
from flask_tokenguard.stores.sql import link as links
from flask_tokenguard.stores.sql.bounded_psycopg import BoundedConnection as BoundedPsycopg
from flask_tokenguard.stores.sql.bounded_pymysql import BoundedConnection as BoundedPyMySQL
from flask_tokenguard.stores.sql.dialects import POSTGRESQL
from flask_tokenguard.stores.sql.faults import describe
from flask_tokenguard.stores.sql.rows import Rows
from flask_tokenguard.stores.sql.statements import write
from flask_tokenguard.stores.sql.store import SQLStore
from flask_tokenguard.testing.stores import Family, new_id

from ..crowd import now
from ..databases import Database, MariaDB, ServerClock

HOUR = 3600
PAST = KEPT_AFTER_EXPIRY + HOUR


@pytest.fixture
def store(database: Database) -> SQLStore:
    store = SQLStore(database.uri, timeout=10, prefix=f"x{secrets.token_hex(6)}_")
    store.next_instant(new_id())
    return store


def test_a_check_waits_once(store: SQLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.standing(new_id(), None, new_id())
    waits: list[int] = []
    for driver, name in ((BoundedPsycopg, "wait"), (BoundedPyMySQL, "query")):
        right = getattr(driver, name)

        def note(*args: Any, right: Any = right, **options: Any) -> Any:
            waits.append(1)
            return right(*args, **options)

        monkeypatch.setattr(driver, name, note)
    store.standing(new_id(), new_id(), new_id())
    assert len(waits) == 1


def test_a_check_is_one_statement(mariadb: Database) -> None:
    store = SQLStore(mariadb.uri, timeout=10)
    store.standing(new_id(), None, new_id())

    def count() -> int:
        rows = mariadb.run("SHOW GLOBAL STATUS WHERE variable_name IN ('Questions', 'Com_show')")
        return sum(int(value) for _, value in rows)

    before = count()
    between = count() - before
    before = count()
    for _ in range(10):
        store.standing(new_id(), None, new_id())
    assert count() - before == 10 + between


def test_the_isolation_is_not_the_servers(store: SQLStore) -> None:
    other = new_id()

    def look_twice(rows: Rows) -> list[Any]:
        def look() -> Any:
            return rows.find("standing", jti=other, session=other, subject=other)[2]

        before = look()
        store.revoke(other, subject=None, expires=now() + HOUR)
        return [bool(before), bool(look())]

    # As the servers have it here, a transaction sees the same twice.
    assert store._links.get().write(look_twice) == [False, True]


def test_what_deadlocks_is_tried_again(store: SQLStore) -> None:
    ids = sorted([new_id(), new_id()])
    together = Barrier(2)
    tries: list[bytes] = []

    def lock_both(order: list[bytes]) -> None:
        is_first = True

        def work(rows: Rows) -> None:
            nonlocal is_first
            tries.append(order[0])
            for number, each in enumerate(order):
                rows.do("revoke", id=each, expires=now() + HOUR)
                if number == 0 and is_first:
                    is_first = False
                    together.wait(10)

        store._links.get().write(work)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(lock_both, order) for order in (ids, ids[::-1])]:
            done.result()
    # On a busy machine they may deadlock once more.
    assert len(tries) >= 3


def test_two_who_log_in_do_not_wait_for_each_other(store: SQLStore) -> None:
    is_locked, is_over = Event(), Event()

    def log_in_slowly(rows: Rows) -> None:
        rows.do("instant", subject=bytes(16))
        is_locked.set()
        assert is_over.wait(10)

    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(store._links.get().write, log_in_slowly)
        assert is_locked.wait(10)
        family = Family(store, now)
        family.start()
        assert family.present(family.first.jti).outcome == "advanced"
        is_over.set()
        slow.result()


def end_connections(database: Database) -> None:
    """End all other connections, as an administrator does."""
    if isinstance(database, MariaDB):
        for (number,) in database.run(
            "SELECT id FROM information_schema.processlist WHERE id <> connection_id()"
            " AND user = 'app'"
        ):
            # One may have ended by itself.
            with suppress(OperationalError):
                database.run(f"KILL {number}")
    else:
        database.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )


def test_a_commit_that_was_not_answered_is_not_tried_again(
    store: SQLStore, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    tries = []

    def work(rows: Rows) -> None:
        tries.append(rows.do("revoke", id=bytes(16), expires=now() + HOUR))
        end_connections(database)

    with pytest.raises(Unavailable):
        store._links.get().write(work)
    assert len(tries) == 1
    assert "the COMMIT was not answered" in caplog.text
    assert store.next_instant(new_id()) > 0


def test_a_connection_that_was_ended_is_replaced(store: SQLStore, database: Database) -> None:
    end_connections(database)
    assert not store.standing(new_id(), None, new_id()).is_revoked
    end_connections(database)
    assert store.next_instant(new_id()) > 0


def test_what_is_ended_midway_is_tried_again(store: SQLStore, database: Database) -> None:
    tries: list[int] = []

    def work(rows: Rows) -> int:
        tries.append(1)
        if len(tries) == 1:
            end_connections(database)
        return int(rows.do("revoke", id=bytes(16), expires=now() + HOUR))

    assert store._links.get().write(work) == 1
    assert len(tries) == 2


def test_a_fault_of_ours_leaves_no_transaction(store: SQLStore) -> None:
    jti = new_id()

    def work(rows: Rows) -> None:
        rows.do("revoke", id=jti, expires=now() + HOUR)
        raise KeyError("a fault")

    with pytest.raises(KeyError):
        store._links.get().write(work)
    assert not store.standing(jti, None, new_id()).is_revoked
    store.revoke(jti, subject=None, expires=now() + HOUR)
    assert store.standing(jti, None, new_id()).is_revoked


def test_a_fault_of_ours_on_a_lost_connection_is_that_fault(
    store: SQLStore, database: Database
) -> None:
    def work(_: Rows) -> None:
        end_connections(database)
        raise KeyError("a fault")

    with pytest.raises(KeyError):
        store._links.get().write(work)
    assert store.next_instant(new_id()) > 0


def test_a_commit_that_is_rolled_back_is_tried_again(postgresql: Database) -> None:
    store = SQLStore(postgresql.uri, timeout=10)
    link = store._links.get()
    table = f"x{secrets.token_hex(6)}"
    postgresql.run(f"CREATE TABLE {table} (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    unique_violation = "23505"
    link._dialect = link._dialect._replace(again=frozenset({unique_violation}))
    values = iter(["(1), (1)", "(1)"])

    def work(rows: Rows) -> int:
        statement = f"INSERT INTO {table} VALUES {next(values)}"  # noqa: S608 - our own names
        return rows.connection.exec_driver_sql(statement).rowcount

    assert link.write(work) == 1


def test_tables_that_another_makes_for_too_long_are_given_up(mariadb: Database) -> None:
    prefix = f"x{secrets.token_hex(6)}_"
    with mariadb.engine().connect() as other:
        other.exec_driver_sql(f"SELECT GET_LOCK('{prefix}tables', 1)").all()
        with pytest.raises(Unavailable):
            SQLStore(mariadb.uri, prefix=prefix, timeout=2).next_instant(new_id())
    assert SQLStore(mariadb.uri, prefix=prefix, timeout=10).next_instant(new_id()) > 0


def test_an_instant_is_never_below_the_subjects_last(database: Database) -> None:
    clock = ServerClock(database)
    store, subject = clock.open(), new_id()
    clock.set_ahead(100)
    last = store.next_instant(subject)
    clock.set_ahead(0)
    assert store.next_instant(subject) >= last
    family = Family(store, now, subject=subject)
    assert family.start() >= last
    assert family.present(family.first.jti).instant >= last


def test_an_epoch_that_was_ahead_lets_all_in_again(database: Database) -> None:
    clock = ServerClock(database, ahead=2 * HOUR)
    store = clock.open()
    store.next_instant(new_id())
    clock.set_ahead(0)
    instant = store.next_instant(new_id())
    assert store.standing(new_id(), None, new_id()).epoch < instant < (now() + HOUR) * 1000


def test_an_end_that_was_ahead_lets_a_session_go_on(database: Database) -> None:
    clock = ServerClock(database)
    store = clock.open()
    family = Family(store, now)
    clock.set_ahead(2 * HOUR)
    store.end_subject(family.subject, expires=now() + HOUR)
    family.start()
    clock.set_ahead(0)
    instant = family.present(family.first.jti).instant
    ended_at = family.standing().ended_at
    assert ended_at is not None
    assert ended_at < instant < (now() + HOUR) * 1000


def test_what_is_rolled_back_again_and_again_is_given_up(
    store: SQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = store._links.get()
    missing = link._dialect.missing
    link._dialect = link._dialect._replace(again=frozenset({missing}), missing="")
    monkeypatch.setattr(links, "_LONGEST_MOMENT", 1)

    def work(rows: Rows) -> None:
        rows.connection.exec_driver_sql("SELECT 1 FROM no_such_table")

    with pytest.raises(Unavailable):
        link.write(work)


def test_a_fault_is_logged_without_what_was_sent(
    store: SQLStore, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unavailable):
        store._links.get().write(
            lambda rows: rows.connection.exec_driver_sql("SELECT 'secret' FROM FROM")
        )
    assert "ProgrammingError" in caplog.text or "SyntaxError" in caplog.text
    assert "secret" not in caplog.text


def test_a_login_that_is_refused_is_logged_with_its_reason(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = database.uri.replace("postgres@", "nobody:secret@").replace("app@", "nobody:secret@")
    with pytest.raises(Unavailable):
        SQLStore(wrong, timeout=10).next_instant(new_id())
    assert "nobody" in caplog.text
    assert "secret" not in caplog.text


def test_an_error_without_words_has_a_name() -> None:
    assert describe(TimeoutError()) == "TimeoutError"
    assert describe(ConnectionRefusedError(111, "Connection refused")) == (
        "ConnectionRefusedError Connection refused"
    )


def fill(store: SQLStore, expires: int) -> tuple[bytes, Family]:
    """Write a row in each table that expires then; return a revoked id and the session."""
    jti = new_id()
    store.revoke(jti, subject=None, expires=expires)
    family = Family(store, lambda: expires - 900)
    family.start()
    return jti, family


def count_rows(store: SQLStore, database: Database, table: str) -> int:
    ((count,),) = database.run(f"SELECT count(*) FROM {store._prefix}{table}")  # noqa: S608 - our own names
    return int(count)


def test_what_expired_more_than_a_day_ago_is_pruned(store: SQLStore) -> None:
    old, _ = fill(store, now() - PAST)
    young, _ = fill(store, now() - PAST + 2 * HOUR)
    steps: list[tuple[int, int]] = []
    assert store.prune(lambda done, of: steps.append((done, of))) == 2
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert not store.standing(old, None, new_id()).is_revoked
    assert store.standing(young, None, new_id()).is_revoked


def test_use_alone_prunes(store: SQLStore, database: Database) -> None:
    for _ in range(20):
        fill(store, now() - PAST)
    for _ in range(64):
        store.next_instant(bytes(16))
    assert [count_rows(store, database, table) for table in ("revoked", "sessions")] == [0, 0]


def test_pruning_reads_no_table_where_little_is_left(postgresql: Database) -> None:
    prefix = f"x{secrets.token_hex(6)}_"
    store = SQLStore(postgresql.uri, prefix=prefix, timeout=10)
    store.next_instant(new_id())
    postgresql.run(
        f"INSERT INTO {prefix}revoked SELECT decode(md5(number::text), 'hex'),"  # noqa: S608 - our own names
        " CASE mod(number, 2) WHEN 0 THEN 1 ELSE 1::bigint << 40 END"
        " FROM generate_series(1, 20000) AS number"
    )
    postgresql.run("ANALYZE")
    assert store.prune(lambda *_: None) == 10_000
    dropping = write(POSTGRESQL, prefix)["drop_revoked"]
    plan = postgresql.run(f"EXPLAIN {dropping.replace(':horizon', '1').replace(':count', '64')}")
    assert not [line for (line,) in plan if "Seq Scan" in line]


def test_a_clock_that_is_ahead_prunes_nothing(database: Database) -> None:
    store = SQLStore(
        database.uri, prefix=f"x{secrets.token_hex(6)}_", clock=lambda: 0.0, timeout=10
    )
    old, _ = fill(store, now() - PAST)
    assert store.prune(lambda *_: None) == 0
    assert store.standing(old, None, new_id()).is_revoked


def test_pruning_that_fails_spoils_no_write(
    store: SQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise Unavailable

    monkeypatch.setattr(store._pruner, "_drop", fail)
    assert all(store.next_instant(new_id()) for _ in range(64))


def drop(store: SQLStore, table: str) -> None:
    store._links.get().write(
        lambda rows: rows.connection.exec_driver_sql(f"DROP TABLE {store._prefix}{table}")
    )


@pytest.mark.parametrize("table", ["sessions", "state", "revoked", "subjects"])
def test_a_table_that_is_gone_is_made_anew(store: SQLStore, table: str) -> None:
    drop(store, table)
    assert store.next_instant(new_id()) > 0
    Family(store, now).start()
    store.revoke(new_id(), subject=None, expires=now() + HOUR)


@pytest.mark.parametrize("table", ["revoked", "subjects"])
def test_a_store_that_lost_what_ends_tokens_is_a_new_one(store: SQLStore, table: str) -> None:
    before = store.next_instant(new_id())
    drop(store, table)
    assert store.standing(new_id(), None, new_id()).epoch >= before


def test_a_user_without_rights_is_answered_with_503(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    uri = database.uri_of(f"u{secrets.token_hex(6)}")
    store = SQLStore(uri, prefix="forbidden_", timeout=10)
    with pytest.raises(Unavailable):
        store.next_instant(new_id())
    assert "; the user lacks a right: grant SELECT, INSERT, UPDATE and DELETE" in caplog.text


def test_a_check_that_is_broken_off_leaves_no_answer_behind(
    store: SQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    jti = new_id()
    store.revoke(jti, subject=None, expires=now() + HOUR)
    link = store._links.get()

    def break_off(*_: Any) -> Any:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(type(link._standing), "values", break_off)
        with pytest.raises(SystemExit):
            store.standing(jti, None, new_id())
    assert link.engine.pool.checkedout() == 0  # type: ignore[attr-defined] # of a queue
    assert store.standing(jti, None, new_id()).is_revoked
