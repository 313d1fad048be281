"""The migration that a command prints, run by Alembic."""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import Engine, inspect

from flask_tokenguard import TokenGuard
from flask_tokenguard.cli import tokenguard
from flask_tokenguard.stores import SQLStore
from flask_tokenguard.testing.stores import Family

from ...conftest import MakeApp
from ..crowd import now
from ..databases import Database

_ENV = """
from alembic import context
from sqlalchemy import NullPool, create_engine

engine = create_engine(context.config.get_main_option("uri"), poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
"""
Print = Callable[..., Any]


@pytest.fixture
def run(make_app: MakeApp) -> Print:
    def run(guard: TokenGuard, *args: str, **settings: Any) -> Any:
        app: Flask = make_app(guard, **settings)
        return app.test_cli_runner().invoke(tokenguard, args)

    return run


@pytest.fixture
def alembic(tmp_path: Path, database: Database) -> Iterator[Config]:
    """Alembic for a folder with one migration before ours."""
    versions = tmp_path / "versions"
    versions.mkdir()
    (tmp_path / "env.py").write_text(_ENV)
    (versions / "first.py").write_text(
        'revision = "first"\ndown_revision = None\n\n\ndef upgrade():\n    pass\n\n\n'
        "def downgrade():\n    pass\n"
    )
    config = Config()
    config.set_main_option("script_location", str(tmp_path))
    config.set_main_option("path_separator", "os")
    config.set_main_option("uri", database.uri)
    yield config
    command.downgrade(config, "base")


def shape(engine: Engine, prefix: str) -> dict[str, Any]:
    """Describe the tables whose names begin with a prefix, without it."""
    found = inspect(engine)
    return {
        table.removeprefix(prefix): (
            [
                (column["name"], str(column["type"]), column["nullable"])
                for column in found.get_columns(table)
            ],
            found.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (str(index["name"]).removeprefix(prefix), index["column_names"])
                for index in found.get_indexes(table)
            ),
        )
        for table in found.get_table_names()
        if table.startswith(prefix)
    }


def test_alembic_makes_the_tables_that_the_store_would_make(
    run: Print, alembic: Config, database: Database, tmp_path: Path
) -> None:
    printed = run(
        TokenGuard(),
        *("alembic-revision", "--revision", "tokens", "--down-revision", "first"),
        STORAGE_URI=database.uri,
        STORAGE_PREFIX="migrated_",
    )
    assert printed.exit_code == 0, printed.output
    (tmp_path / "versions" / "tokens.py").write_text(printed.output)
    command.upgrade(alembic, "head")
    SQLStore(database.uri, prefix="by_itself_", timeout=10).next_instant(bytes(16))
    engine = database.engine()
    migrated = shape(engine, "migrated_")
    assert set(migrated) == {"state", "revoked", "subjects", "sessions"}
    assert migrated == shape(engine, "by_itself_")
    family = Family(SQLStore(database.uri, prefix="migrated_", timeout=10), now)
    family.start()
    assert family.present(family.first.jti).outcome == "advanced"
    command.downgrade(alembic, "first")
    assert shape(engine, "migrated_") == {}


def test_a_migration_is_json_for_programs(run: Print, database: Database) -> None:
    plain, data = (
        run(TokenGuard(), "alembic-revision", *options, STORAGE_URI=database.uri).output
        for options in ([], ["--json"])
    )
    assert json.loads(data) == {"revision": "tokenguard", "migration": plain}


@pytest.mark.parametrize("name", ['a"b', "it's", '"\nraise SystemExit  #', "{0}", "\\", "\x1b[31m"])
def test_a_migration_only_quotes_its_own_name(run: Print, name: str) -> None:
    uri = "postgresql+psycopg://db.example/app"
    options = ("--revision", name, "--down-revision", f"{name}1")
    printed = run(TokenGuard(), "alembic-revision", *options, STORAGE_URI=uri).output
    names = [ast.literal_eval(line.partition(" = ")[2]) for line in printed.splitlines()[4:6]]
    assert names == [name, f"{name}1"]


def test_an_app_without_a_database_has_no_migration(run: Print) -> None:
    printed = run(TokenGuard(), "alembic-revision", STORAGE_URI="memory://")
    assert printed.exit_code == 2
    assert "keeps its sessions in no database" in printed.output


def test_commands_ask_an_engine_in_the_apps_context(run: Print, database: Database) -> None:
    def find() -> Engine:
        from flask import current_app  # noqa: PLC0415 - as an app's extension looks for it

        assert current_app.name
        return database.engine()

    guard = TokenGuard(store=SQLStore(find))
    assert run(guard, "prune").output.endswith("0 entries dropped\n")
