"""Pruning: drop the keys of a ring and the entries of a store that have expired."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import click

from ..clock import wall_clock
from ..keys.ring_files import prune as prune_ring
from ..stores.base import Store
from .keys import ring_of
from .output import ABSOLUTE, Command, as_json_option, count, duration, fail, parts_of

_NOTHING_TO_PRUNE = (
    "There is nothing to prune: the app has no key ring (TOKENGUARD_KEYRING), whose keys are"
    " dropped when all their tokens have expired, and no store (TOKENGUARD_STORAGE_URI), whose"
    " entries are dropped when they have expired; name a ring with --keyring"
)


@click.command(cls=Command)
@click.option("--keyring", type=ABSOLUTE, help="Default: the app's.")
@click.option("--keep", type=duration, help="90d or seconds; default by the app's lifetimes.")
@as_json_option
@click.pass_context
def prune(
    context: click.Context, /, keyring: Path | None, keep: timedelta | None, as_json: bool
) -> None:
    """Drop what has expired: keys of the ring, and entries of the store."""
    store = None
    if keyring is None or keep is None:
        parts = parts_of(context)
        keep = parts.longest_lifetime if keep is None else keep
        store = parts.store if keyring is None else None
        if keyring is None and parts.settings.keyring is not None:
            keyring = ring_of(context)[0]
        if keyring is None and store is None:
            fail(_NOTHING_TO_PRUNE)
    keys = None if keyring is None else _prune_ring(keyring, keep or timedelta(0))
    if keys is not None and not as_json:
        click.echo(f"{count(len(keys), 'key')} dropped")
    entries = None if store is None else _prune_store(store)
    if entries is not None and not as_json:
        click.echo(f"{count(entries, 'entry', 'entries')} dropped")
    if as_json:
        click.echo(json.dumps({"keys": keys, "entries": entries}))


def _prune_ring(keyring: Path, keep: timedelta) -> list[str]:
    try:
        dropped = prune_ring(keyring, now=int(wall_clock()), keep=int(keep.total_seconds()))
    except (ValueError, OSError) as error:
        fail(f"The ring {keyring} is as it was: {error}")
    click.echo(f"The ring: {keyring}", err=True)
    return [entry.kid for entry in dropped]


def _prune_store(store: Store) -> int:
    # Nothing of it is shown where the output is not a terminal.
    with click.progressbar(length=0, label="Pruning", file=sys.stderr) as bar:

        def show(done: int, steps: int) -> None:
            bar.length = steps
            bar.update(done - bar.pos)

        return store.prune(show)
