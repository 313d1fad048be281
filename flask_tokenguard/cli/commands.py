"""The command line, `flask tokenguard ...`: keys, tokens, and what an app demands of requests.

Flask finds the group for every app, so that keys can be made before an app can start.
"""

import json
import sys
from typing import Any

import click

from ..issue.options import IssueOptions
from ..web.inspection import inspect_token
from ..web.issuing import issue as issue_token
from ..web.parts import Parts
from .alembic_revision import alembic_revision
from .doctor.findings import examine
from .former import import_revoked
from .keys import KEY_COMMANDS
from .migrating.commands import migrate, print_moved_config
from .output import Group, app_of, as_json_option, duration, fail, in_words, parts_of, print_rows
from .prune import prune
from .routes import routes_of
from .sessions import SESSION_COMMANDS


@click.group(cls=Group)
def tokenguard() -> None:
    """Make keys, read and revoke tokens, and see what this app demands of requests."""


for command in (*KEY_COMMANDS, prune, alembic_revision, import_revoked, *SESSION_COMMANDS, migrate):
    tokenguard.add_command(command)


@tokenguard.command()
@click.argument("subject")
@click.option("--scope", help="Space-separated.")
@click.option("--claim", "claims", multiple=True, help="NAME=VALUE, as JSON if it is JSON.")
@click.option("--audience", help="In place of the configured one.")
@click.option("--lifetime", type=duration, help="15m, 90d or seconds; default the configured one.")
@click.option("--not-before", type=duration, help="How long from now on; writes nbf.")
@as_json_option
@click.pass_context
def issue(
    context: click.Context, /, subject: str, claims: tuple[str, ...], as_json: bool, **options: Any
) -> None:
    """Issue a token for SUBJECT and print it; with --json its jti too."""
    parts = parts_of(context)
    own: IssueOptions = {"claims": dict(map(_claim, claims)), **options}  # type: ignore[typeddict-item] # of its names
    issued = issue_token(parts, subject, own)
    if not as_json:
        click.echo(issued.token)
        return
    answer = {
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": issued.claims["exp"] - issued.claims["iat"],
        "jti": issued.claims["jti"],
    }
    click.echo(json.dumps(answer))


@tokenguard.command()
@click.argument("token", required=False)
@as_json_option
@click.pass_context
def inspect(context: click.Context, token: str | None, as_json: bool) -> None:
    """Show what a TOKEN, or the one on standard input, holds, and a verdict for each check.

    Its times are in words, with --json in seconds since the epoch. The exit code is 1 if this app
    would refuse the token.
    """
    if token in (None, "-"):
        token = sys.stdin.buffer.read().decode(errors="replace")
    try:
        parts: Parts | None = parts_of(context)
    except click.ClickException as error:
        error.show()
        parts = None
    except Exception as error:  # noqa: BLE001 - an app that does not start; the token is still read
        click.echo(f"Error: The app cannot be loaded: {type(error).__name__}", err=True)
        parts = None
    report = inspect_token(str(token).strip(), parts)
    if as_json:
        click.echo(json.dumps(report._asdict()))
    else:
        for title, members in (("Header", report.header), ("Claims", report.claims)):
            click.echo(f"{title}: {json.dumps(members, indent=2)}")
        print_rows([{"time": name, "date": in_words(date)} for name, date in report.times.items()])
        print_rows([{"check": name, "verdict": verdict} for name, verdict in report.checks.items()])
    context.exit(0 if report.accepted else 1)


@tokenguard.command()
@click.option("--strict", is_flag=True, help="Exit with 1 if an endpoint is open by omission.")
@as_json_option
@click.pass_context
def routes(context: click.Context, strict: bool, as_json: bool) -> None:
    """List every endpoint and what it demands."""
    found = routes_of(parts_of(context))
    rows = [route.as_data() if as_json else route.as_row() for route in found]
    print_rows(rows, as_json=as_json)
    context.exit(1 if strict and any(route.is_open_by_omission for route in found) else 0)


@tokenguard.command()
@click.option(
    "--from-flask-jwt-extended",
    "is_former",
    is_flag=True,
    help="Print what takes the place of an app's JWT_* config, and what needs a hand.",
)
@as_json_option
@click.pass_context
def doctor(context: click.Context, is_former: bool, as_json: bool) -> None:
    """List what is risky in this app's configuration, why, and what to set.

    The keys of other issuers are fetched, for 15 seconds at most. The exit code is 1 for a warning.
    """
    if is_former:
        context.exit(print_moved_config(app_of(context), as_json=as_json))
    try:
        findings = examine(parts_of(context))
    except (ValueError, OSError) as error:
        fail(f"A key that the app has read cannot be read again: {error}")
    rows = [finding._asdict() for finding in findings]
    if not as_json:
        for row in rows:
            del row["code"]
    print_rows(rows, as_json=as_json)
    context.exit(1 if any(finding.level == "warning" for finding in findings) else 0)


def _claim(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator:
        fail("A claim is NAME=VALUE")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value
