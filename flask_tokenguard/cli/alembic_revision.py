"""Alembic revision: print a migration that makes the tables of a store in a database."""

import json

import click

from .output import Command, as_json_option, fail, parts_of

_NO_DATABASE = (
    "The app keeps its sessions in no database: set TOKENGUARD_STORAGE_URI="
    "postgresql+psycopg://USER@HOST/DATABASE, or pass TokenGuard(store=SQLStore(...))"
)


@click.command(cls=Command)
@click.option("--revision", default="tokenguard", help="Its name; default: tokenguard.")
@click.option("--down-revision", help="The name of the one before it; default: none.")
@as_json_option
@click.pass_context
def alembic_revision(
    context: click.Context, /, revision: str, down_revision: str | None, as_json: bool
) -> None:
    """Print an Alembic revision, a migration that makes the tables of the store."""
    # An app that observes its store has another object in its place.
    write = getattr(parts_of(context).store, "migration", None)
    if write is None:
        fail(_NO_DATABASE)
    text = write(revision=revision, down_revision=down_revision)
    if as_json:
        text = json.dumps({"revision": revision, "migration": text}) + "\n"
    click.echo(text, nl=False)
