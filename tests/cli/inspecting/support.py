"""`flask tokenguard inspect`: what the tests share."""

import json
import secrets
from base64 import urlsafe_b64encode
from typing import Any

from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import NoAppException, ScriptInfo

from flask_tokenguard.cli.commands import tokenguard


def run(app: Flask, *arguments: str, **options: Any) -> Result:
    """Inspect beside an app."""
    return app.test_cli_runner().invoke(tokenguard, ["inspect", *arguments], **options)


def run_alone(*arguments: str, **options: Any) -> Result:
    """Inspect where there is no app."""

    def no_app() -> Flask:
        raise NoAppException("Could not locate a Flask application.")

    info = ScriptInfo(create_app=no_app)
    return CliRunner().invoke(tokenguard, ["inspect", *arguments], obj=info, **options)


def issued(app: Flask, *options: str) -> str:
    """Let an app issue a token."""
    result = app.test_cli_runner().invoke(tokenguard, ["issue", "ada", *options])
    return result.stdout.strip()


def encoded(value: object) -> str:
    """Write text, or JSON, in base64url."""
    text = value if isinstance(value, str) else json.dumps(value)
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def forged(claims: object, **header: Any) -> str:
    """Write a token that nobody signed."""
    return f"{encoded({'alg': 'HS256', **header})}.{encoded(claims)}.{encoded('not a signature')}"


def checks(result: Result) -> dict[str, str]:
    """Read the verdicts."""
    found: dict[str, str] = json.loads(result.stdout)["checks"]
    return found


def fault_of(result: Result) -> str:
    """Read why a text is no token that can be read."""
    assert result.exit_code == 1
    return checks(result)["form"].removeprefix("refused: ")


def new_encryption() -> dict[str, str]:
    """Make a setting for encrypted tokens, with a key of its own."""
    key = urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    return {"key": json.dumps({"kty": "oct", "k": key}), "alg": "A256KW"}
