"""Whose connections the store uses, and which databases and drivers it takes."""

import builtins
import os
import secrets
import ssl
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, create_engine, make_url

from flask_tokenguard import ConfigurationError, TokenGuard, issue_token_pair
from flask_tokenguard.errors import Unavailable
from flask_tokenguard.stores import SQLStore, waiting
from flask_tokenguard.stores.sql import bounded_psycopg, bounded_pymysql, engines
from flask_tokenguard.stores.uri import open_store
from flask_tokenguard.testing.stores import new_id

from ...conftest import MakeApp
from ...support import bearer
from ..databases import Database

THREADS = 15


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """An app's engine, whose pool has few connections."""
    engine = create_engine(database.uri, pool_size=THREADS, max_overflow=0, pool_timeout=1)
    yield engine
    engine.dispose()


@pytest.fixture
def flask_sqlalchemy(database: Database) -> SQLAlchemy:
    """An app's extension, not yet of an app."""
    return SQLAlchemy(engine_options={"url": database.uri})


def test_an_app_names_the_engine_of_its_extension(
    make_app: MakeApp, flask_sqlalchemy: SQLAlchemy, database: Database
) -> None:
    db = flask_sqlalchemy
    guard = TokenGuard(store=SQLStore(lambda: db.engine, prefix=f"a{secrets.token_hex(6)}_"))
    app = make_app(guard)
    app.config["SQLALCHEMY_DATABASE_URI"] = database.uri
    db.init_app(app)
    app.add_url_rule("/login", view_func=lambda: issue_token_pair("alice"), endpoint="login")
    client = app.test_client()
    token = client.get("/login").get_json()["access_token"]
    assert client.get("/claims", headers=bearer(token)).status_code == 200
    with app.app_context():
        assert db.engine.pool.checkedin() == 0  # type: ignore[attr-defined] # of a queue
        db.engine.dispose()


def test_a_request_with_the_last_connection_waits_for_no_other(engine: Engine) -> None:
    store = SQLStore(lambda: engine, timeout=10)
    together = Barrier(THREADS)

    def serve(_: int) -> int:
        with engine.connect():
            together.wait(30)
            return store.next_instant(new_id())

    with ThreadPoolExecutor(THREADS) as threads:
        assert all(threads.map(serve, range(THREADS)))


@pytest.mark.parametrize("act", ["standing", "next_instant"])
def test_a_full_pool_is_waited_for_no_longer_than_an_operation(
    database: Database, act: str
) -> None:
    store = SQLStore(database.uri, timeout=10, pool_size=1, pool_timeout=300)
    asked = {"standing": (new_id(), None, new_id()), "next_instant": (new_id(),)}[act]
    assert getattr(store, act)(*asked)
    store._links.get()._timeout = 0.1
    with store.engine.connect():
        began = time.monotonic()
        with pytest.raises(Unavailable):
            getattr(store, act)(*asked)
        assert time.monotonic() - began < 100
    # It was no server that hung, so that no pause began.
    store._links.get()._timeout = 10
    assert getattr(store, act)(*asked)


def test_a_shared_pool_is_the_apps(engine: Engine) -> None:
    store = SQLStore(engine, share_pool=True)
    assert store.next_instant(new_id()) > 0
    assert engine.pool.checkedin() == 1  # type: ignore[attr-defined] # of a pool that is a queue
    assert store._engines == {}


def test_a_shared_pool_waits_for_whoever_has_the_last_connection(engine: Engine) -> None:
    store = SQLStore(engine, share_pool=True, timeout=1)
    held = [engine.connect() for _ in range(THREADS)]
    with pytest.raises(Unavailable):
        store.next_instant(new_id())
    for connection in held:
        connection.close()
    assert store.next_instant(new_id()) > 0


def test_doctor_names_a_shared_pool(engine: Engine) -> None:
    assert any("share_pool" in risk for risk in SQLStore(engine, share_pool=True).risks())


def test_doctor_names_a_driver_without_bounds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded = engines._bounded_connect
    monkeypatch.setattr(engines, "_bounded_connect", lambda driver: bounded(f"another {driver}"))
    store = SQLStore(database.uri)
    driver = make_url(database.uri).get_driver_name()
    assert any(f"does not hold with {driver}" in risk for risk in store.risks())


def test_a_shared_pool_keeps_its_isolation(engine: Engine) -> None:
    with engine.connect() as connection:
        before = connection.get_isolation_level()
    SQLStore(engine, share_pool=True).next_instant(new_id())
    with engine.connect() as connection:
        assert connection.get_isolation_level() == before


def test_options_are_those_of_a_pool_of_its_own(database: Database) -> None:
    store = SQLStore(make_url(database.uri), pool_size=2)
    assert store.next_instant(new_id()) > 0
    assert store.engine.pool.size() == 2  # type: ignore[attr-defined] # as above


@pytest.mark.parametrize(
    ("uri", "driver"),
    [
        ("postgresql://db/app", "postgresql+psycopg"),
        ("mysql://db/app", "mysql+pymysql"),
        ("mariadb://db/app", "mariadb+pymysql"),
    ],
)
def test_a_driver_that_is_not_named_is_chosen(tmp_path: Path, uri: str, driver: str) -> None:
    store = open_store(uri, folder=tmp_path, prefix="tokenguard:", timeout=1)
    assert repr(store) == f"<SQLStore {driver}://db/app>"


@pytest.mark.parametrize("engine", ["sqlite+pysqlite:///x.db", create_engine("sqlite://")])
def test_sqlite_has_a_store_of_its_own(engine: Any) -> None:
    with pytest.raises(ConfigurationError, match="TOKENGUARD_STORAGE_URI=sqlite:///FILE"):
        SQLStore(engine).next_instant(new_id())


@pytest.mark.parametrize("engine", ["oracle://db/app", "mssql+pyodbc://db/app"])
def test_another_database_is_refused(engine: str) -> None:
    with pytest.raises(ConfigurationError, match=r"SQLStore is for postgresql\+psycopg://"):
        SQLStore(engine)


def test_a_malformed_uri_is_not_quoted(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_app(STORAGE_URI="postgresql://app:hun/ter2@db:x/app")
    assert "TOKENGUARD_STORAGE_URI is malformed" in str(caught.value)
    assert "ter2" not in str(caught.value)


@pytest.mark.parametrize("query", ["ssl_ca=", "charset=utf8mb4&ssl_ca=&ssl_verify_identity=true"])
def test_a_parameter_without_a_value_is_refused(query: str) -> None:
    with pytest.raises(ConfigurationError, match="a parameter without a value"):
        SQLStore(f"mysql+pymysql://app:hun?ter=@db/app?{query}")


@pytest.mark.parametrize("query", ["", "?", "?ssl_ca=ca.pem"])
def test_a_password_with_a_question_mark_is_no_parameter(query: str) -> None:
    SQLStore(f"mysql+pymysql://app:hun?ter=@db/app{query}")


def test_a_parameter_of_another_kind_is_not_quoted() -> None:
    with pytest.raises(ConfigurationError, match=r"a parameter after its \?") as caught:
        SQLStore("mysql+pymysql://app:hunter2@db/app?connect_timeout=hunter3").next_instant(
            new_id()
        )
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("parameter", ["sslmode=require", "ssl=true", "charset=nope"])
def test_a_parameter_that_no_driver_takes_is_logged(
    parameter: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = SQLStore(f"mysql+pymysql://app:hunter2@127.0.0.1/app?{parameter}")
    with pytest.raises(Unavailable):
        store.standing(new_id(), None, new_id())
    assert "by pymysql, whose parameters follow the ? of the URL" in caplog.text
    assert "hunter2" not in caplog.text


def test_no_character_of_a_password_is_logged(
    mariadb: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unavailable):
        SQLStore(mariadb.uri.replace("app@", "app:caf\u20ac@"), timeout=10).next_instant(new_id())
    assert "UnicodeEncodeError" in caplog.text
    assert "20ac" not in caplog.text


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"psycopg2 is not .*write postgresql\+psycopg://"):
        SQLStore("postgresql+psycopg2://db/app").next_instant(new_id())


def test_a_driver_that_cannot_be_imported_is_named_with_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def import_driver(driver: str) -> Any:
        raise ImportError(f"no wrapper of {driver}\nand more")

    monkeypatch.setattr(engines, "_bounded_connect", import_driver)
    with pytest.raises(ConfigurationError, match=r"psycopg \(no wrapper of psycopg\): pip install"):
        SQLStore("postgresql://db/app").next_instant(new_id())


@pytest.mark.parametrize("version", ["3.1.20", "3.2.12", "3.2.4.dev1"])
def test_a_psycopg_that_waits_for_ever_is_refused(version: str) -> None:
    with pytest.raises(ImportError, match="psycopg is too old"):
        bounded_psycopg.check_version(version)


def test_a_driver_for_event_loops_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="waits for an event loop"):
        SQLStore("postgresql+psycopg_async://db/app").next_instant(new_id())


def test_without_sqlalchemy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **options: Any) -> Any:
        if name.startswith("sqlalchemy"):
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.delitem(sys.modules, "flask_tokenguard.stores.sql.link")
    monkeypatch.delattr("flask_tokenguard.stores.sql.link")
    with pytest.raises(ConfigurationError, match=r"pip install 'flask-tokenguard\[sql\]'"):
        SQLStore("postgresql://db/app")


@pytest.mark.parametrize("prefix", ["1st", "x" * 41])
def test_a_prefix_must_begin_the_name_of_a_table(make_app: MakeApp, prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="TOKENGUARD_STORAGE_PREFIX must begin"):
        make_app(TokenGuard(store=SQLStore("postgresql://db/app")), STORAGE_PREFIX=prefix)


def test_the_settings_of_an_app_hold_for_its_own_store(make_app: MakeApp) -> None:
    store = SQLStore("postgresql://db/app")
    make_app(TokenGuard(store=store), STORAGE_PREFIX="Shop:", STORAGE_TIMEOUT=7)
    assert (store._prefix, store._timeout) == ("shop_", 7.0)


def test_what_a_store_was_given_stays(make_app: MakeApp) -> None:
    store = SQLStore("postgresql://db/app", prefix="own_", timeout=2)
    make_app(TokenGuard(store=store))
    assert (store._prefix, store._timeout) == ("own_", 2)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"host": "/run/postgresql"}, {"host": "/run/postgresql"}),
        ({}, {}),
        ({"host": "db", "hostaddr": "10.0.0.1"}, {"host": "db", "hostaddr": "10.0.0.1"}),
        (
            {"host": "127.0.0.1", "port": 5433},
            {"host": "127.0.0.1", "hostaddr": "127.0.0.1", "port": "5433"},
        ),
        (
            {"host": "127.0.0.1,127.0.0.2"},
            {
                "host": "127.0.0.1,127.0.0.2",
                "hostaddr": "127.0.0.1,127.0.0.2",
                "port": "5432,5432",
            },
        ),
        (
            {"host": "127.0.0.1,127.0.0.2", "port": "1,2"},
            {"host": "127.0.0.1,127.0.0.2", "hostaddr": "127.0.0.1,127.0.0.2", "port": "1,2"},
        ),
    ],
)
def test_names_are_looked_up_before_psycopg_does(
    options: dict[str, Any], expected: dict[str, Any]
) -> None:
    waiting.begin(5)
    assert bounded_psycopg._with_addresses(options) == expected


def context_of(**options: Any) -> Any:
    connection: Any = bounded_pymysql.BoundedConnection(**options, defer_connect=True)
    return connection.ctx


def test_certificates_are_read_once_and_anew_when_they_change(
    certificate: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate.read_bytes())
    first, again = (context_of(ssl_ca=str(file)) for _ in range(2))
    os.utime(file, ns=(1, 1))
    assert first is again is not context_of(ssl_ca=str(file))
    assert first is not context_of() is context_of()


def test_a_context_of_the_apps_own_is_taken_as_it_is() -> None:
    own = ssl.create_default_context()
    assert context_of(ssl=own) is own


def test_a_server_is_reached_by_its_socket(database: Database) -> None:
    assert SQLStore(database.socket_uri, timeout=10).next_instant(new_id()) > 0


def test_a_store_is_opened_once_it_is_used(make_app: MakeApp) -> None:
    def ask() -> Engine:
        raise AssertionError("an engine was asked for")

    app: Flask = make_app(TokenGuard(store=SQLStore(ask)))
    assert app.test_client().get("/claims").status_code == 401
