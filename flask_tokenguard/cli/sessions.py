"""Sessions and revocation for an operator: list, log out, revoke; a line each for a stolen account.

Exit code 1 means that there was nothing to end: no such session, or a token that nobody accepts.
"""

import json
import sys
from typing import NoReturn

import click

from ..config.settings import REFRESH_TYPE
from ..errors import InvalidToken
from ..quoting import quote
from ..sessions.listed import Session
from ..web.parts import Parts
from ..web.sessions import end, end_all, list_sessions, revoke_text
from ..web.sessions import revoke as revoke_named
from .output import Command, as_json_option, count, fail, instant, parts_of, print_rows

_STDIN = "-"
_IN_MEMORY = (
    "memory:// is the memory of one process: a server that runs does not see what is done here"
)
_issuer_option = click.option("--issuer", help="Whose subject or token it is; default our own.")


def _parts_of(context: click.Context) -> Parts:
    """Get the app's parts; warn where the store is not the one that its server has."""
    parts = parts_of(context)
    if (parts.settings.storage_uri or "").startswith("memory:"):
        click.echo(_IN_MEMORY, err=True)
    return parts


@click.command(cls=Command)
@click.argument("subject")
@as_json_option
@click.pass_context
def sessions(context: click.Context, subject: str, as_json: bool) -> None:
    """List the sessions of SUBJECT, the newest first."""
    found = list_sessions(_parts_of(context), subject)
    print_rows([_row(session, as_json=as_json) for session in found], as_json=as_json)
    if not found:
        click.echo(f"{quote(subject)} has no session", err=True)


def _row(session: Session, *, as_json: bool) -> dict[str, str]:
    instants = {
        name: instant(int(getattr(session, name).timestamp()))
        for name in ("started", "last_used", "expires_at")
    }
    # It came with a request.
    origin = session.origin if as_json else quote(session.origin)
    return {"sid": session.sid, **instants, "origin": origin}


@click.command(cls=Command)
@click.argument("subject", required=False)
@click.option("--sid", help="End this session alone, as `sessions` lists it.")
@_issuer_option
@as_json_option
@click.pass_context
def logout(
    context: click.Context,
    /,
    subject: str | None,
    sid: str | None,
    issuer: str | None,
    as_json: bool,
) -> None:
    """End every session of SUBJECT and refuse every token that it has, or end one session."""
    if bool(subject) == bool(sid) or (sid and issuer):
        fail("Name a SUBJECT, with --issuer if it is not ours, or a session with --sid")
    parts = _parts_of(context)
    if sid:
        _end_one(context, parts, sid, as_json=as_json)
    name = str(subject)
    is_ours = issuer in (None, parts.issuer.issuer)
    ended = [each.sid for each in list_sessions(parts, name)] if is_ours else []
    end_all(parts, name, issuer=issuer)
    if as_json:
        click.echo(json.dumps({"subject": name, "issuer": issuer, "sessions": ended}))
    else:
        click.echo(
            f"{count(len(ended), 'session')} ended; no token that {quote(name)} has is accepted"
        )


def _end_one(context: click.Context, parts: Parts, sid: str, *, as_json: bool) -> NoReturn:
    has_ended = end(parts, sid, subject=None)
    if as_json:
        click.echo(json.dumps({"sid": sid, "ended": has_ended}))
    elif has_ended:
        click.echo("1 session ended")
    else:
        click.echo("There is no such session", err=True)
    context.exit(0 if has_ended else 1)


@click.command(cls=Command)
@click.argument("token", required=False)
@click.option("--jti", help="The token's name, as `issue --json` prints it.")
@_issuer_option
@as_json_option
@click.pass_context
def revoke(
    context: click.Context, /, token: str | None, jti: str | None, issuer: str | None, as_json: bool
) -> None:
    """Refuse TOKEN, or the one on standard input for -, or the one that --jti names.

    A refresh token ends its session.
    """
    if bool(token) == bool(jti) or (token and issuer):
        fail("Name a TOKEN, - for one on standard input, or --jti, with --issuer if it is not ours")
    parts = _parts_of(context)
    if not token:
        revoke_named(parts, None, jti=jti, issuer=issuer)
        revoked: dict[str, object] = {"revoked": "token", "jti": jti}
    else:
        revoked = _revoke_text(parts, _read_token(token))
    names = ", ".join(f"{name} {quote(value)}" for name, value in [*revoked.items()][1:])
    click.echo(json.dumps(revoked) if as_json else f"The {revoked['revoked']} is refused: {names}")


def _read_token(text: str) -> str:
    return (sys.stdin.buffer.read().decode(errors="replace") if text == _STDIN else text).strip()


def _revoke_text(parts: Parts, text: str) -> dict[str, object]:
    """Revoke a token, and name what is refused now."""
    try:
        token = parts.verifier.authenticate(text)
        revoke_text(parts, text)
    except InvalidToken as error:
        # It has no name to be refused by; of itself such an exception exits with 1.
        raise click.ClickException(f"Nothing is revoked: {error.description}") from None
    is_session = token.is_own and token.typ == REFRESH_TYPE
    what, names = ("session", ("sid", "sub")) if is_session else ("token", ("jti", "sub"))
    return {"revoked": what, **{name: token.claims.get(name) for name in names}}


SESSION_COMMANDS = (sessions, logout, revoke)
