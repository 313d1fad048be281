"""Commands of the move: `migrate` rewrites files; `doctor` prints a config that was read."""

import difflib
import json
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from flask import Flask

from ..output import Command, as_json_option, fail, write_beside
from .config import EXTENSION, move_config
from .report import ByHand

if TYPE_CHECKING:
    from .codemod import Rewritten


class _File(NamedTuple):
    """A file and what becomes of it."""

    path: Path
    rewritten: "Rewritten"

    @property
    def diff(self) -> str:
        """The difference, as `diff -u` writes it."""
        before, after = (
            text.splitlines(keepends=True) for text in (self.rewritten.before, self.rewritten.after)
        )
        names = (str(self.path), str(self.path))
        return "".join(difflib.unified_diff(before, after, *names))


@click.command(cls=Command)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--write", is_flag=True, help="Write the files, which are only shown otherwise.")
@as_json_option
@click.pass_context
def migrate(context: click.Context, files: tuple[Path, ...], write: bool, as_json: bool) -> None:
    """Rewrite decorators, imports and calls of flask-jwt-extended in FILES, and report the rest.

    Without --write it shows a diff. Exit code 1 means that something needs a hand. It reads the
    files alone, and no app is loaded.
    """
    rewritten = _rewrite_all(files)
    if write:
        _write_all(rewritten)
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "file": str(each.path),
                        "diff": each.diff,
                        "by_hand": [line._asdict() for line in each.rewritten.by_hand],
                    }
                    for each in rewritten
                ]
            )
        )
    else:
        for each in rewritten:
            click.echo(each.diff, nl=False)
        for each in rewritten:
            _print_by_hand(each.rewritten.by_hand, f"{each.path}:")
    context.exit(1 if any(each.rewritten.by_hand for each in rewritten) else 0)


def _rewrite_all(paths: Iterable[Path]) -> list[_File]:
    """Rewrite every file before one is written."""
    if find_spec("libcst") is None:
        fail("There is no libcst; type `pip install 'flask-tokenguard[migrate]'`")
    from .codemod import IDENTITIES, rewrite  # noqa: PLC0415 - few who start an app have libcst

    sources = {path: _read(path) for path in paths}
    has_identities = any(IDENTITIES.encode() in source for source in sources.values())
    found = []
    for path, source in sources.items():
        try:
            found.append(_File(path, rewrite(source, has_identities=has_identities)))
        except ValueError as error:
            fail(f"{path}: {error}; nothing was written")
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}")


def _write_all(files: Iterable[_File]) -> None:
    """Write what has changed, each file in one step, once all of it lies beside them."""
    changed = [each for each in files if each.rewritten.after != each.rewritten.before]
    beside: dict[Path, Path] = {}
    try:
        for each in changed:
            with _names(each.path):
                beside[each.path] = _write_like(each.path.resolve(), each.rewritten.octets)
        for path, new in beside.items():
            with _names(path):
                new.replace(path.resolve())
    finally:
        for new in beside.values():
            new.unlink(missing_ok=True)


def _write_like(path: Path, octets: bytes) -> Path:
    """Write beside a file what shall take its place, with its owner and its rights."""
    status = path.stat()
    # What may not be written would be replaced all the same.
    path.open("r+b").close()
    new = write_beside(path, octets, mode=0o600)
    with suppress(PermissionError):
        os.chown(new, status.st_uid, status.st_gid)
    new.chmod(stat.S_IMODE(status.st_mode))
    return new


@contextmanager
def _names(path: Path) -> Iterator[None]:
    """Fail with the name of a file that cannot be written."""
    try:
        yield
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")


def print_moved_config(app: Flask, *, as_json: bool) -> int:
    """Print the config of an app as ours, and what needs a hand; return the exit code."""
    if EXTENSION not in app.extensions:
        fail(f"The app {app.name!r} has no JWTManager of flask-jwt-extended")
    moved = move_config(app)
    if as_json:
        lines = [{"setting": line.setting, "source": line.source} for line in moved.lines]
        by_hand = [line._asdict() for line in moved.by_hand]
        click.echo(json.dumps({"config": lines, "by_hand": by_hand}))
    else:
        click.echo(moved.text)
        _print_by_hand(moved.by_hand, "")
    return 1 if moved.by_hand else 0


def _print_by_hand(lines: Iterable[ByHand], place: str) -> None:
    for line in lines:
        where = f"{place}{line.line}: " if place else ""
        click.echo(f"{where}{line.theirs} -> {line.ours}. {line.why}")
