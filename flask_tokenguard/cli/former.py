"""Former tokens: import what another program had revoked."""

import csv
import json
import re
import sys
from collections.abc import Iterable
from typing import TextIO

import click

from ..jose.compact import LAST_NUMERIC_DATE
from .output import Command, as_json_option, count, fail, parts_of

_NOT_CONFIGURED = "There are no former tokens; set TOKENGUARD_FORMER_TOKENS first"
_IN_MEMORY = (
    "The store is the memory of this process, and forgets the import when it ends; name another one"
    " in TOKENGUARD_STORAGE_URI"
)
_MARKS = 256
_SHOWN_OCTETS = re.compile(r"""b(['"]).*\1""", re.DOTALL)
Entry = tuple[str, int]


@click.command("import-revoked", cls=Command)
@click.argument("file", type=click.File(encoding="utf-8-sig", errors="surrogateescape"))
@as_json_option
@click.pass_context
def import_revoked(context: click.Context, /, file: TextIO, as_json: bool) -> None:
    """Revoke the former tokens of FILE, or of standard input (-), and let the others in.

    Each line is a token's jti, a comma and its exp. An empty file counts. It may be repeated.
    """
    parts = parts_of(context)
    if parts.settings.former_tokens is None:
        fail(_NOT_CONFIGURED)
    revocation = parts.get_revocation()
    entries = _read(file)
    now = parts.clock()
    alive = [entry for entry in entries if entry[1] > now - parts.settings.leeway.total_seconds()]
    # Nothing of it is shown where the output is not a terminal.
    with click.progressbar(length=len(alive) + _MARKS, label="Importing", file=sys.stderr) as bar:
        revocation.import_revoked(
            alive, issuer=parts.settings.issuer, on_progress=lambda: bar.update(1)
        )
    if str(parts.settings.storage_uri).startswith("memory:"):
        click.echo(_IN_MEMORY, err=True)
    expired = len(entries) - len(alive)
    click.echo(
        json.dumps({"revoked": len(alive), "expired": expired})
        if as_json
        else f"{count(len(alive), 'token')} revoked, {expired} expired before"
    )


def _read(lines: Iterable[str]) -> list[Entry]:
    """Read every line before anything is revoked; blank ones are passed over."""
    rows = csv.reader(lines, strict=True, skipinitialspace=True)
    try:
        return [_read_row(row) for row in rows if row]
    except (ValueError, csv.Error):
        fail(
            f"Line {rows.line_num} is not a jti, a comma and an exp, in whole seconds since 1970;"
            " nothing was imported"
        )


def _read_row(row: list[str]) -> Entry:
    jti, expires = (field.strip() for field in row)
    # Neither would name a token: octets in another encoding, and octets as Python shows them.
    jti.encode()
    if _SHOWN_OCTETS.fullmatch(jti):
        raise ValueError(jti)
    # Each digit counts: int() takes underscores, signs and other alphabets.
    if not jti or not expires.isascii() or not expires.isdigit():
        raise ValueError(expires)
    # A longer number is no instant, and takes long to read.
    return jti, min(int(expires[:20]), LAST_NUMERIC_DATE)
