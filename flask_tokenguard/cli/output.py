"""Output of commands: how all of them find the app, print and fail."""

import json
import os
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from flask import Flask
from flask.cli import ScriptInfo

from ..arguments.readers import parse_duration
from ..clock import wall_clock
from ..errors import ConfigurationError, IssueError, Unavailable
from ..web.parts import EXTENSION, Parts

Function = TypeVar("Function", bound=Callable[..., Any])
_COLOURS = {"ok": "green", "refused": "red", "warning": "red", "advice": "yellow"}
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def name_option(flag: str, names: Iterable[str], **options: Any) -> Callable[[Function], Function]:
    """Make an option that takes one of these names in any case, and lists them as they are.

    `click.Choice` lists them in lower case where it takes any.
    """
    by_lower = {name.lower(): name for name in names}

    def find(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
        if text is None:
            return None
        if text.lower() not in by_lower:
            raise click.BadParameter(f"{text!r} is not one of {', '.join(by_lower.values())}")
        return by_lower[text.lower()]

    return click.option(flag, metavar=f"[{'|'.join(by_lower.values())}]", callback=find, **options)


class _AbsolutePath(click.Path):
    """A path that is relative to the working directory, made absolute."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the absolute path."""
        return Path(os.fsdecode(super().convert(value, param, ctx))).absolute()


ABSOLUTE = _AbsolutePath()


def duration(text: str) -> timedelta:
    """Read a number of seconds, or a text such as `15m` or `90d`; the type of an option."""
    try:
        return parse_duration(f"{text}s" if text[-1:].isdecimal() else text)
    except ValueError:
        raise click.BadParameter(
            "write a whole number of seconds, or one with s, m, h or d: 15m, 90d"
        ) from None


class Command(click.Command):
    """A command that fails in a line, without a traceback, where a store or a setting does.

    It does not repeat surplus arguments: one could be a token or a password. What the app's own
    code raises has its traceback, and exit code 2: 1 means that the answer is no.
    """

    allow_extra_args = True

    def invoke(self, ctx: click.Context) -> Any:
        """Run, unless arguments are left over."""
        if ctx.args:
            raise click.UsageError("There are too many arguments", ctx)
        try:
            return super().invoke(ctx)
        except Unavailable as error:
            fail(error.description)
        except (ConfigurationError, IssueError) as error:
            fail(str(error))
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:  # noqa: BLE001 - whatever the app does when it is loaded, or asked
            click.echo(traceback.format_exc(), err=True, nl=False)
            ctx.exit(_Failure.exit_code)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


class _Failure(click.ClickException):
    """Shown on standard error, with the exit code of a wrong use."""

    exit_code = 2


def fail(message: str) -> NoReturn:
    """End the command with a message on standard error and exit code 2."""
    raise _Failure(message)


def write_beside(path: Path, octets: bytes, *, mode: int = 0o666) -> Path:
    """Write a new file beside another, whose place it takes in one step by `replace`.

    Args:
        path: The other one.
        octets: What the new one holds.
        mode: Its rights, but for those that the umask takes.

    Raises:
        OSError: It cannot be written; nothing of it is left.
    """
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    try:
        # Never through a link that another user of the folder has put there.
        with open(beside, "xb", opener=partial(os.open, mode=mode)) as file:
            file.write(octets)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return beside


def app_of(context: click.Context) -> Flask:
    """Load the app, or fail with all that is wrong with it."""
    try:
        app: Flask = context.ensure_object(ScriptInfo).load_app()
    except ConfigurationError as error:
        fail("\n".join(error.faults))
    except Unavailable as error:
        # The app asks its store when it starts.
        fail(error.description)
    return app


def parts_of(context: click.Context) -> Parts:
    """Load the app and get its parts, or fail with all that is wrong with it.

    The app's context lasts as long as the command: its callbacks and its store may need it.
    """
    app = app_of(context)
    if EXTENSION not in app.extensions:
        fail(f"The app {app.name!r} has no TokenGuard")
    context.with_resource(app.app_context())
    parts: Parts = app.extensions[EXTENSION]
    return parts


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number of things; the plural has an s unless another is given."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def in_words(date: float | None) -> str:
    """Write one of a report's times for a person: how far away it is, and in UTC."""
    if date is None:
        return "out of range"
    ahead = date - wall_clock()
    noun, size = next((unit for unit in _UNITS if abs(ahead) >= 2 * unit[1]), _UNITS[-1])
    amount = count(round(abs(ahead) / size), noun)
    words = f"in {amount}" if ahead > 0 else f"{amount} ago"
    return f"{words} ({datetime.fromtimestamp(date, UTC):%Y-%m-%dT%H:%M:%SZ})"


def instant(seconds: int) -> str:
    """Write an instant in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def print_rows(rows: Sequence[dict[str, Any]], *, as_json: bool = False) -> None:
    """Print aligned columns, or JSON; values of tokens were made printable before."""
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        return
    table = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for index, line in enumerate(table):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        colour = _COLOURS.get(line[0]) or _COLOURS.get(line[-1].split(":")[0])
        plain = text.rstrip()
        styled = click.style(plain, fg=colour, bold=index == 0)
        click.echo(plain if os.environ.get("NO_COLOR") else styled)


def _cell(value: object) -> str:
    return "-" if value is None else str(value)
