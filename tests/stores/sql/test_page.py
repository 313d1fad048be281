"""The blocks of docs/databases.md, run on both databases."""

import re
import secrets
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from flask_tokenguard import issue_token_pair
from flask_tokenguard.stores import SQLStore, waiting
from flask_tokenguard.stores.base import KEPT_AFTER_EXPIRY
from flask_tokenguard.stores.sql.statements import TABLES
from flask_tokenguard.testing.stores import Family, new_id

from ...support import ROOT, bearer
from ..crowd import now
from ..databases import Database

PAGE = (ROOT / "docs" / "databases.md").read_text()


def block(begin: str, language: str = "python") -> str:
    """Return the one block that begins so."""
    (found,) = re.findall(rf"```{language}\n({re.escape(begin)}.*?)```", PAGE, re.DOTALL)
    return str(found)


def run(begin: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": __name__}
    exec(block(begin), names)  # noqa: S102 - the page's own code
    return names


def test_an_app_with_an_engine_logs_in_and_checks(database: Database, secret: str) -> None:
    names = run("from flask import Flask")
    app = names["create_app"](
        {
            "SQLALCHEMY_DATABASE_URI": database.uri,
            "TOKENGUARD_KEY": secret,
            "TOKENGUARD_STORAGE_TIMEOUT": 10,
        }
    )
    with app.app_context():
        pair = issue_token_pair("alice")
        names["db"].engine.dispose()
    app.add_url_rule("/", view_func=lambda: "home")
    assert app.test_client().get("/", headers=bearer(pair["access_token"])).text == "home"


def test_further_options_are_taken(postgresql: Database) -> None:
    (line,) = block("SQLStore(lambda").splitlines()
    names = {"SQLStore": SQLStore, "engine": postgresql.engine()}
    store: SQLStore = eval(line.replace("db.engine", "engine"), names)  # noqa: S307 - the page's own code
    assert [store.next_instant(new_id()) > 0 for _ in range(8)] == [True] * 8
    with store.engine.connect() as connection:
        prepared = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements")
        assert prepared.scalar() == 0


def test_the_numbers_of_the_page_are_those_of_the_code(postgresql: Database) -> None:
    pool: Any = SQLStore(postgresql.uri).engine.pool
    assert f"at most {pool.size()} in each process" in PAGE
    assert (pool._max_overflow, waiting._PAUSE, KEPT_AFTER_EXPIRY) == (0, 1.0, 86_400)
    assert "for a second after a server did not answer" in PAGE
    assert "has expired for a day is dropped" in PAGE


def test_alembic_leaves_our_tables_alone(database: Database) -> None:
    SQLStore(database.uri, timeout=10).next_instant(new_id())
    names = run("def include_name")
    with database.engine().connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": names["include_name"]}
        )
        changes = compare_metadata(context, MetaData())
    assert "tokenguard_" not in str(changes)


def test_a_restored_backup_is_made_a_new_store(database: Database) -> None:
    store = SQLStore(database.uri, prefix="tokenguard_", timeout=10)
    instant = store.next_instant(new_id())
    database.run(block("DELETE", "sql").strip().rstrip(";"))
    assert store.standing(new_id(), None, new_id()).epoch >= instant
    assert store.next_instant(new_id()) > instant


def test_the_rights_that_the_page_names_are_enough(database: Database) -> None:
    SQLStore(database.uri, prefix="granted_", timeout=10).next_instant(new_id())
    (rights,) = re.findall(r"needs ((?:[A-Z]+, )+[A-Z]+ and [A-Z]+)\n", PAGE)
    user = f"u{secrets.token_hex(6)}"
    uri = database.uri_of(user)
    for table in TABLES:
        database.grant(rights.replace(" and", ","), f"granted_{table}", user)
    store = SQLStore(uri, prefix="granted_", timeout=10)
    family = Family(store, now)
    family.start()
    assert family.present(family.first.jti).outcome == "advanced"
    store.end_subject(family.subject, expires=now() + 60)
    assert store.prune(lambda *_: None) == 0
    assert family.standing().is_revoked


def test_doctor_asks_postgresql_for_the_settings_of_the_page(postgresql: Database) -> None:
    postgresql.run("ALTER ROLE postgres SET synchronous_commit = off")
    risks = SQLStore(postgresql.uri, timeout=10).risks()
    postgresql.run("ALTER ROLE postgres RESET synchronous_commit")
    assert [risk.split(" ")[0] for risk in risks] == ["fsync", "synchronous_commit"]


def test_doctor_asks_mariadb_for_the_setting_of_the_page(mariadb: Database) -> None:
    store = SQLStore(mariadb.uri, timeout=10)
    mariadb.run("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    risks = store.risks()
    mariadb.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    assert [risk.split(" ")[0] for risk in risks] == ["innodb_flush_log_at_trx_commit"]
    assert store.risks() == []


def test_doctor_finds_a_replica(mariadb: Database) -> None:
    store = SQLStore(mariadb.uri, timeout=10)
    mariadb.run("SET GLOBAL read_only = 1")
    risks = store.risks()
    mariadb.run("SET GLOBAL read_only = 0")
    assert [risk.split(":")[0] for risk in risks] == [
        "The server is a read replica, which learns late what was revoked"
    ]
